//! Columns: added, widened and given defaults, none of which reads or rewrites a table.

use super::AdoptError;
use super::catalog::{Catalog, Column, Index, literal, quoted};
use super::difference::{Difference, What};
use super::progress::Progress;
use super::session::Session;

/// What changes a table at once: nothing where its columns are right.
pub(super) fn alter(
    session: &mut Session,
    progress: &mut dyn Progress,
    table: &str,
    differences: &[Difference],
    live: &Catalog,
) -> Result<(), AdoptError> {
    let differences: Vec<&What> = differences.iter().filter(|one| one.table == table).map(|one| &one.what).collect();
    fill_nulls(session, table, &differences)?;
    let actions: Vec<String> = differences.iter().filter_map(|what| action(what)).collect();
    if actions.is_empty() {
        return Ok(());
    }
    let mut sql = String::new();
    for index in rebuilt(table, &differences, live) {
        let definition = index.create(table, false);
        let keep = format!(
            "INSERT INTO adoption_indexes (name, definition) VALUES ({}, {}); DROP INDEX {};",
            literal(&index.name),
            literal(&definition),
            quoted(&index.name)
        );
        sql += &keep;
    }
    let sql = format!("{sql}ALTER TABLE {} {}", quoted(table), actions.join(", "));
    session.alter(progress, &[table], "ACCESS EXCLUSIVE", &format!("change columns of {table}"), &sql)?;
    // The database has forgotten what it knew of the columns' values.
    session.run("look at values", &format!("ANALYZE {}", quoted(table)))
}

/// The indexes that the change would build anew while everybody waits: they are put aside, and built again without.
pub(super) fn rebuilt(table: &str, differences: &[&What], live: &Catalog) -> Vec<Index> {
    let of_type: Vec<&Column> = differences.iter().filter_map(|what| changed_type(what)).collect();
    let Some(table) = live.tables.get(table) else { return Vec::new() };
    let is_rebuilt = |index: &&Index| {
        of_type.iter().any(|column| {
            let is_compatible = index.is_valid && !index.is_special && column.is_bytewise;
            index.depends_on(&column.name) && !is_compatible
        })
    };
    table.indexes.iter().filter(|index| index.constraint.is_none()).filter(is_rebuilt).cloned().collect()
}

/// The column whose type or order changes.
fn changed_type(what: &What) -> Option<&Column> {
    match what {
        What::Narrow(column) | What::SortsOtherwise(column) if column.view.is_none() => Some(column),
        _ => None,
    }
}

fn action(what: &What) -> Option<String> {
    Some(match what {
        What::NoColumn(column) => format!("ADD COLUMN {}", definition(column)),
        What::SortsOtherwise(column) if column.view.is_none() => {
            format!("ALTER COLUMN {} TYPE text COLLATE \"C\"", quoted(&column.name))
        }
        // Said together with its order, if that changes.
        What::Narrow(column) if column.view.is_none() => {
            let collation = column.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
            format!("ALTER COLUMN {} TYPE text{collation}", quoted(&column.name))
        }
        What::MayBeNull(column) => format!("ALTER COLUMN {} SET NOT NULL", quoted(&column.name)),
        What::MustNotBeNull(column) => format!("ALTER COLUMN {} DROP NOT NULL", quoted(&column.name)),
        What::NoDefault(column) if !column.is_serial() => format!(
            "ALTER COLUMN {} SET DEFAULT {}",
            quoted(&column.name),
            column.default_value.as_deref().unwrap_or("NULL")
        ),
        What::NoOption(option) => format!("SET ({option})"),
        _ => return None,
    })
}

/// A column as `CREATE TABLE` takes it.
pub(super) fn definition(column: &Column) -> String {
    let type_name = match (column.is_serial(), column.type_name.as_str()) {
        (true, "bigint") => "bigserial",
        (true, _) => "serial",
        (false, name) => name,
    };
    let collation = column.collation.as_ref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
    let default = column.default_value.as_ref().filter(|_| !column.is_serial());
    let default = default.map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
    let not_null = if column.not_null { " NOT NULL" } else { "" };
    format!("{} {type_name}{collation}{default}{not_null}", quoted(&column.name))
}

/// Gives rows the default that may not be null. Only small tables have such columns.
fn fill_nulls(session: &mut Session, table: &str, differences: &[&What]) -> Result<(), AdoptError> {
    for what in differences {
        if let What::MayBeNull(Column { name, default_value: Some(value), .. }) = what {
            let name = quoted(name);
            let sql = format!("UPDATE {} SET {name} = {value} WHERE {name} IS NULL", quoted(table));
            session.run("fill in what is null", &sql)?;
        }
    }
    Ok(())
}
