//! What adopting a database takes: steps in their order, each with what it goes through and how long it may take.

use std::fmt;
use std::time::Duration;

use super::catalog::{Catalog, Constraint, Index};
use super::columns;
use super::difference::{Difference, What};
use super::look::Look;

/// One step. Each finds out by itself what is left to do, so that it can be taken again after a kill at any point.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The adoption's own tables.
    Prepare,
    DropBroken {
        name: String,
    },
    Rename {
        table: String,
        from: String,
        to: String,
    },
    Columns {
        table: String,
        changes: usize,
    },
    Table {
        name: String,
    },
    Watch,
    Merge {
        jobs: i64,
        rows: i64,
    },
    Index {
        table: String,
        index: Index,
    },
    Restore {
        indexes: usize,
    },
    Constraint {
        table: String,
        constraint: Constraint,
    },
    Check {
        table: String,
        name: String,
    },
    Sequence {
        name: String,
        mend: String,
    },
    CountRuns,
    CountDays,
    CatchUp,
    Analyze,
    Record,
    Migrate,
}

/// A step, the rows that it goes through, and how long that may take.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) rows: Option<u64>,
    pub(super) estimate: Duration,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare => f.write_str("make the tables in which the adoption keeps its place"),
            Self::DropBroken { name } => write!(f, "drop the invalid index {name}"),
            Self::Rename { from, to, .. } => write!(f, "rename the index {from} to {to}"),
            Self::Columns { table, changes } => write!(f, "change {table}: {changes} columns or settings"),
            Self::Table { name } => write!(f, "make the table {name}"),
            Self::Watch => f.write_str("note what others write from now on"),
            Self::Merge { jobs, rows } => {
                write!(f, "merge duplicates: {jobs} jobs, {rows} rows move to merged_jobs")
            }
            Self::Index { table, index } => write!(f, "build {} on {table}", index.name),
            Self::Restore { indexes } => write!(f, "build {indexes} indexes again that the change put aside"),
            Self::Constraint { table, constraint } => write!(f, "add to {table}: {}", constraint.definition),
            Self::Check { table, name } => write!(f, "check old rows of {table} against {name}"),
            Self::Sequence { name, .. } => write!(f, "move the sequence {name} behind the rows"),
            Self::CountRuns => f.write_str("count the jobs of runs"),
            Self::CountDays => f.write_str("count the jobs of nodes by day"),
            Self::CatchUp => f.write_str("count again what others wrote meanwhile"),
            Self::Analyze => f.write_str("tell the planner about the tables"),
            Self::Record => f.write_str("list the migrations as run"),
            Self::Migrate => f.write_str("run later migrations"),
        }
    }
}

/// Everything that is to be done: nothing where all is well.
pub(super) fn plan(look: &Look) -> Vec<Planned> {
    let sizes = Sizes::of(look);
    let mut steps: Vec<Planned> = Vec::new();
    let mut add = |step: Step, rows: Option<i64>, seconds: f64| {
        let rows = rows.map(i64::unsigned_abs);
        steps.push(Planned { step, rows, estimate: Duration::from_secs_f64(seconds.max(0.1)) });
    };
    let differences = &look.differences;
    let needs_count = look.is_foreign
        || look.is_under_way
        || look.drift.is_none_or(|drift| !drift.is_none())
        || look.wrong_statuses > 0;
    let needs_watch = look.is_foreign || look.has_alembic;
    let works = differences.iter().any(|difference| is_mended(look, difference));
    if !(needs_count || works || !look.put_aside.is_empty() || !look.sequences.is_empty() || look.noted > 0) {
        return steps;
    }

    add(Step::Prepare, None, 0.1);
    for (_, what) in each(differences) {
        if let What::Broken(index) = what {
            add(Step::DropBroken { name: index.name.clone() }, None, 0.1);
        }
    }
    for (table, what) in each(differences) {
        match what {
            What::OtherName { should, is } => {
                make_room(&look.live, &should.name, &mut add);
                add(rename(table, &is.name, &should.name), None, 0.1);
            }
            What::NoIndex(index) => make_room(&look.live, &index.name, &mut add),
            _ => {}
        }
    }
    let mut put_aside = look.put_aside.len();
    for table in look.live.tables.keys() {
        let of_table: Vec<&What> = each(differences).filter(|(name, _)| name == table).map(|(_, what)| what).collect();
        let changes = of_table.iter().filter(|what| changes_columns(what)).count();
        if changes > 0 {
            put_aside += columns::rebuilt(table, &of_table, &look.live).len();
            add(Step::Columns { table: table.clone(), changes }, None, 1.0);
        }
    }
    for (table, what) in each(differences) {
        if let What::NoTable = what {
            add(Step::Table { name: table.to_owned() }, None, 0.1);
        }
    }
    if needs_watch && !look.watch_is_on {
        add(Step::Watch, None, 0.3);
    }
    // Those of jobs that are unique come first: nobody can add a duplicate behind them.
    let mut missing: Vec<(&str, &Index)> = each(differences)
        .filter_map(|(table, what)| match what {
            What::NoIndex(index) | What::Broken(index) => Some((table, index)),
            _ => None,
        })
        .collect();
    missing.sort_by_key(|(_, index)| !index.is_unique);
    missing.dedup_by(|one, other| one.1.essence() == other.1.essence() && one.0 == other.0);
    if missing.iter().any(|(table, index)| *table == "jobs" && index.is_unique) {
        let Look { jobs, .. } = look;
        let seconds = sizes.scan + jobs.duplicated as f64 * PER_DUPLICATE;
        add(Step::Merge { jobs: jobs.duplicated, rows: jobs.superfluous }, Some(jobs.duplicated), seconds);
    }
    for (table, index) in missing {
        let rows = sizes.rows(table);
        let scan = if table == "jobs" { 2.0 * sizes.scan } else { 0.1 };
        add(
            Step::Index { table: table.to_owned(), index: index.clone() },
            Some(rows),
            scan + rows as f64 * PER_INDEXED,
        );
    }
    if put_aside > 0 {
        let each = 2.0 * sizes.scan + sizes.jobs() as f64 * PER_INDEXED;
        add(Step::Restore { indexes: put_aside }, None, put_aside as f64 * each);
    }
    for difference in differences.iter().filter(|difference| is_mended(look, difference)) {
        let (table, what) = (difference.table.as_str(), &difference.what);
        let scan = if matches!(table, "jobs" | "job_nodes") { sizes.scan } else { 0.1 };
        match what {
            What::NoConstraint(constraint) => {
                add(Step::Constraint { table: table.to_owned(), constraint: constraint.clone() }, None, scan);
            }
            What::Unchecked(constraint) => {
                add(Step::Check { table: table.to_owned(), name: constraint.name.clone() }, None, scan);
            }
            _ => {}
        }
    }
    for (name, mend) in &look.sequences {
        add(Step::Sequence { name: name.clone(), mend: mend.clone() }, None, 0.1);
    }
    if needs_count {
        let (runs, jobs) = (sizes.rows("runs"), sizes.jobs() as f64);
        add(Step::CountRuns, Some(runs), jobs * PER_COUNTED);
        let days = look.jobs.days + 1;
        add(Step::CountDays, Some(days), sizes.rows("job_nodes") as f64 * PER_LINK);
    }
    if needs_watch {
        add(Step::CatchUp, Some(look.noted), 1.0);
    }
    add(Step::Analyze, None, 0.2 + sizes.jobs() as f64 * PER_ANALYZED);
    add(Step::Record, None, 0.1);
    add(Step::Migrate, None, 0.5);
    steps
}

/// Seconds on a machine of two cores with all in its memory; a slower disk shows in how long reading all jobs took.
const PER_DUPLICATE: f64 = 0.003;
const PER_INDEXED: f64 = 0.000_002;
const PER_COUNTED: f64 = 0.000_025;
const PER_LINK: f64 = 0.000_008;
const PER_ANALYZED: f64 = 0.000_001;

/// How much there is to go through.
struct Sizes<'l> {
    look: &'l Look,
    /// Seconds to read all jobs.
    scan: f64,
}

impl<'l> Sizes<'l> {
    fn of(look: &'l Look) -> Self {
        Self { look, scan: look.scan.as_secs_f64() }
    }

    fn rows(&self, table: &str) -> i64 {
        self.look.tables.iter().find(|size| size.name == table).map_or(0, |size| size.rows)
    }

    fn jobs(&self) -> i64 {
        self.rows("jobs")
    }
}

fn each(differences: &[Difference]) -> impl Iterator<Item = (&str, &What)> {
    differences.iter().map(|difference| (difference.table.as_str(), &difference.what))
}

/// Whether a step mends it.
fn is_mended(look: &Look, difference: &Difference) -> bool {
    match &difference.what {
        // Rows that refer to nothing stay, and so does what they keep from being checked.
        What::Unchecked(_) => match difference.table.as_str() {
            "jobs" => look.jobs.of_absent_run == 0,
            "job_nodes" => look.loose_links == 0,
            _ => true,
        },
        What::Narrow(column) => column.view.is_none(),
        What::ForeignIndex(_)
        | What::BrokenForeign(_)
        | What::OtherKey { .. }
        | What::OtherType { .. }
        | What::InTheWay(_) => false,
        _ => true,
    }
}

fn changes_columns(what: &What) -> bool {
    match what {
        What::Narrow(column) | What::SortsOtherwise(column) => column.view.is_none(),
        What::NoColumn(_) | What::MayBeNull(_) | What::MustNotBeNull(_) | What::NoDefault(_) | What::NoOption(_) => {
            true
        }
        _ => false,
    }
}

/// Moves an index away that has the name of one of ours and indexes something else. It stays: the older service may need it.
fn make_room(live: &Catalog, name: &str, add: &mut impl FnMut(Step, Option<i64>, f64)) {
    for (table, known) in &live.tables {
        let is_taken = known.indexes.iter().any(|index| index.name == name && index.is_valid);
        if is_taken {
            add(rename(table, name, &format!("{name}_before")), None, 0.1);
        }
    }
}

fn rename(table: &str, from: &str, to: &str) -> Step {
    Step::Rename { table: table.to_owned(), from: from.to_owned(), to: to.to_owned() }
}
