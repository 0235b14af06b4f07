//! Where live tables differ from declared ones.

use std::fmt;

use super::catalog::{Catalog, Column, Constraint, Index, Table, Trigger};

/// One difference, in one table.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(crate) table: String,
    pub(crate) what: What,
}

/// What differs.
#[derive(Debug, Clone)]
pub(crate) enum What {
    NoTable(Table),
    NoColumn(Column),
    /// Text with a width that should have none.
    Narrow(Column),
    /// A type that this service does not read.
    OtherType {
        column: Column,
        should: String,
    },
    /// Sorts by a language, and should sort byte by byte.
    SortsOtherwise(Column),
    /// May be null, and must not.
    MayBeNull(Column),
    /// Must not be null, and may.
    MustNotBeNull(Column),
    NoDefault(Column),
    /// A column of somebody else that refuses rows which do not name it.
    InTheWay(Column),
    NoIndex(Index),
    /// There is the same index under another name.
    OtherName {
        should: Index,
        is: Index,
    },
    /// What a build that broke off left behind of an index of ours.
    Broken(Index),
    /// The same of an index that this service does not know.
    BrokenForeign(Index),
    NoConstraint(Constraint),
    /// It holds for new rows, but nobody has looked at the old ones.
    Unchecked(Constraint),
    /// A foreign key that does something else on deletion.
    OtherKey {
        should: Constraint,
        is: Constraint,
    },
    NoOption(String),
    NoTrigger(Trigger),
    /// It is switched off, or does something else.
    OtherTrigger(Trigger),
    /// An index that this service does not know.
    ForeignIndex(Index),
}

impl Difference {
    /// Whether adopting cannot mend it.
    pub(crate) fn is_hopeless(&self) -> bool {
        matches!(&self.what, What::OtherType { .. } | What::InTheWay(_))
            || matches!(&self.what, What::SortsOtherwise(column) if column.view.is_some())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        match &self.what {
            What::NoTable(_) => write!(f, "table {table} is missing"),
            What::NoColumn(column) => write!(f, "column {table}.{} is missing", column.name),
            What::Narrow(Column { name, type_name, view: None, .. }) => {
                write!(f, "column {table}.{name} is {type_name}, and longer text is refused")
            }
            What::Narrow(Column { name, type_name, view: Some(view), .. }) => write!(
                f,
                "column {table}.{name} is {type_name}, and stays so, since the view {view} shows it: longer text is refused"
            ),
            What::OtherType { column, should } => {
                write!(f, "column {table}.{} is {}, but this service reads {should}", column.name, column.type_name)
            }
            What::SortsOtherwise(column) => match &column.view {
                None => write!(f, "column {table}.{} sorts by a language, and must sort byte by byte", column.name),
                Some(view) => write!(
                    f,
                    "column {table}.{} sorts by a language, and cannot change while the view {view} shows it",
                    column.name
                ),
            },
            What::MayBeNull(column) => write!(f, "column {table}.{} may be null", column.name),
            What::MustNotBeNull(column) => write!(f, "column {table}.{} must not be null", column.name),
            What::NoDefault(column) => write!(
                f,
                "column {table}.{} has no default {}",
                column.name,
                column.default_value.as_deref().unwrap_or("null")
            ),
            What::InTheWay(column) => {
                write!(f, "column {table}.{} is unknown here and takes no null: new rows would be refused", column.name)
            }
            What::NoIndex(index) => write!(f, "index {} on {table} is missing: {}", index.name, index.what),
            What::OtherName { should, is } => {
                write!(f, "index {} on {table} is the same as {}, under another name", is.name, should.name)
            }
            What::Broken(index) => write!(f, "index {} on {table} is invalid: its build broke off", index.name),
            What::BrokenForeign(index) => write!(
                f,
                "index {} on {table} is invalid, made by hand and of no use to this service: {}",
                index.name, index.what
            ),
            What::NoConstraint(constraint) => write!(f, "constraint on {table} is missing: {}", constraint.definition),
            What::Unchecked(constraint) => write!(
                f,
                "constraint {} on {table} holds for new rows only: {}",
                constraint.name, constraint.definition
            ),
            What::OtherKey { should, is } => {
                write!(f, "constraint {} on {table} is {}, not {}", is.name, is.definition, should.definition)
            }
            What::NoOption(option) => write!(f, "table {table} has no {option}"),
            What::NoTrigger(trigger) => write!(f, "trigger {} on {table} is missing", trigger.name),
            What::OtherTrigger(trigger) => {
                write!(f, "trigger {} on {table} is off, or does something else than it should", trigger.name)
            }
            What::ForeignIndex(index) => write!(
                f,
                "index {} on {table} ({} MB, read {} times) is of no use to this service: {}",
                index.name,
                index.bytes / 1_000_000,
                index.scans,
                index.what
            ),
        }
    }
}

/// Every difference, in the order of the declared tables.
pub(crate) fn differences(declared: &Catalog, live: &Catalog) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, should) in &declared.tables {
        let what = match live.tables.get(name) {
            None => vec![What::NoTable(should.clone())],
            Some(is) => of_table(should, is),
        };
        found.extend(what.into_iter().map(|what| Difference { table: name.clone(), what }));
    }
    found
}

fn of_table(should: &Table, is: &Table) -> Vec<What> {
    let mut found: Vec<What> = should.columns.iter().flat_map(|column| of_column(column, is)).collect();
    let unknown = is.columns.iter().filter(|column| should.column(&column.name).is_none());
    let in_the_way = unknown.filter(|column| column.not_null && column.default_value.is_none());
    found.extend(in_the_way.map(|column| What::InTheWay(column.clone())));
    if let Some(option) = should.options.as_ref().filter(|option| is.options.as_ref() != Some(option)) {
        found.push(What::NoOption(option.clone()));
    }
    of_indexes(should, is, &mut found);
    for constraint in &should.constraints {
        let same = is.constraints.iter().find(|known| known.definition == constraint.definition);
        let alike = is.constraints.iter().find(|known| known.kind == "f" && known.essence() == constraint.essence());
        match (same, alike) {
            (Some(known), _) if !known.is_valid => found.push(What::Unchecked(known.clone())),
            (Some(_), _) => {}
            (None, Some(known)) => found.push(What::OtherKey { should: constraint.clone(), is: known.clone() }),
            (None, None) => found.push(What::NoConstraint(constraint.clone())),
        }
    }
    for trigger in &should.triggers {
        match is.triggers.iter().find(|known| known.name == trigger.name) {
            None => found.push(What::NoTrigger(trigger.clone())),
            Some(known) if known != trigger => found.push(What::OtherTrigger(trigger.clone())),
            Some(_) => {}
        }
    }
    found
}

fn of_column(should: &Column, table: &Table) -> Vec<What> {
    let Some(is) = table.column(&should.name) else { return vec![What::NoColumn(should.clone())] };
    let mut found = Vec::new();
    // Where the database sorts byte by byte all columns do, and none needs to say so.
    let sorts_otherwise = should.collation.as_deref() == Some("\"C\"") && !is.is_bytewise;
    match (should.type_name.as_str(), is.type_name.as_str()) {
        ("text", varying) if varying == "text" || varying.starts_with("character varying") => {
            if sorts_otherwise {
                found.push(What::SortsOtherwise(is.clone()));
            } else if varying.contains('(') {
                found.push(What::Narrow(is.clone()));
            }
        }
        (should, is_now) if should == is_now => {}
        (should, _) => found.push(What::OtherType { column: is.clone(), should: should.to_owned() }),
    }
    if should.not_null && !is.not_null {
        found.push(What::MayBeNull(should.clone()));
    }
    if !should.not_null && is.not_null {
        found.push(What::MustNotBeNull(is.clone()));
    }
    if should.default_value.is_some() && is.default_value.is_none() {
        found.push(What::NoDefault(should.clone()));
    }
    found
}

fn of_indexes(should: &Table, is: &Table, found: &mut Vec<What>) {
    let there = &is.indexes;
    let mut taken: Vec<&str> = Vec::new();
    // Those of constraints come with them.
    for index in should.indexes.iter().filter(|index| index.constraint.is_none()) {
        let same = || there.iter().filter(|known| known.essence() == index.essence());
        for broken in same().filter(|known| !known.is_valid) {
            taken.push(&broken.name);
            found.push(What::Broken(broken.clone()));
        }
        let named = same().find(|known| known.is_valid && known.name == index.name);
        let other = same().find(|known| known.is_valid && !taken.contains(&known.name.as_str()));
        match (named, other) {
            (Some(known), _) => taken.push(&known.name),
            (None, Some(known)) => {
                taken.push(&known.name);
                found.push(What::OtherName { should: index.clone(), is: known.clone() });
            }
            // Also where one is broken: that one goes.
            (None, None) => found.push(What::NoIndex(index.clone())),
        }
    }
    let unknown = there.iter().filter(|index| index.constraint.is_none() && !taken.contains(&index.name.as_str()));
    for index in unknown {
        found.push(if index.is_valid { What::ForeignIndex(index.clone()) } else { What::BrokenForeign(index.clone()) });
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::samples::{column, index};
    use super::*;

    /// What is told of a table `jobs` with these columns and indexes.
    fn check(should: (Vec<Column>, Vec<Index>), is: (Vec<Column>, Vec<Index>), told: &[&str]) {
        let catalog = |(columns, indexes)| {
            let table = Table { columns, indexes, ..Table::default() };
            Catalog { tables: [("jobs".to_owned(), table)].into() }
        };
        let found = differences(&catalog(should), &catalog(is));
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), told);
    }

    #[test]
    fn columns_may_be_wider_but_not_otherwise() {
        let text = || vec![column("a", "text")];
        let check = |is: Column, told: &[&str]| check((text(), vec![]), (vec![is], vec![]), told);
        check(column("a", "text"), &[]);
        check(column("a", "character varying"), &[]);
        check(
            column("a", "character varying(9)"),
            &["column jobs.a is character varying(9), and longer text is refused"],
        );
        check(column("a", "jsonb"), &["column jobs.a is jsonb, but this service reads text"]);
        check(column("b", "text"), &["column jobs.a is missing"]);
    }

    #[test]
    fn only_what_must_sort_byte_by_byte_is_told_to() {
        let of_c = Column { collation: Some("\"C\"".to_owned()), ..column("a", "text") };
        let of_a_language = Column { is_bytewise: false, ..column("a", "text") };
        let told = "column jobs.a sorts by a language, and must sort byte by byte";
        check((vec![of_c.clone()], vec![]), (vec![of_a_language.clone()], vec![]), &[told]);
        check((vec![of_c], vec![]), (vec![column("a", "text")], vec![]), &[]);
        check((vec![column("a", "text")], vec![]), (vec![of_a_language], vec![]), &[]);
    }

    #[test]
    fn an_index_is_what_it_indexes() {
        let wanted = || vec![index("ix", "btree (posted, id)")];
        let check = |is: Vec<Index>, told: &[&str]| check((vec![], wanted()), (vec![], is), told);
        check(wanted(), &[]);
        check(
            vec![index("by_hand", "btree (posted, id)")],
            &["index by_hand on jobs is the same as ix, under another name"],
        );
        let broken = Index { is_valid: false, ..index("ix", "btree (posted, id)") };
        let (is_missing, is_broken) =
            ("index ix on jobs is missing: btree (posted, id)", "index ix on jobs is invalid: its build broke off");
        check(vec![broken.clone()], &[is_broken, is_missing]);
        check(
            vec![broken, index("by_hand", "btree (posted, id)")],
            &[is_broken, "index by_hand on jobs is the same as ix, under another name"],
        );
        let other = "index ix on jobs (0 MB, read 0 times) is of no use to this service: btree (posted)";
        check(vec![index("ix", "btree (posted)")], &[is_missing, other]);
    }

    #[test]
    fn the_kind_of_text_makes_no_other_index() {
        let should = index("ix", "btree (queue) WHERE status = 'queued'::text");
        let is = index("ix", "btree (queue) WHERE status::text = 'queued'::text");
        check((vec![], vec![should]), (vec![], vec![is]), &[]);
    }
}
