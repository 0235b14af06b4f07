//! What adopting a database takes: steps in their order, each with what it goes through and how long it may take.

use std::fmt;
use std::time::Duration;

use super::catalog::{Constraint, Index, Table, Trigger};
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
    LostDeletions,
    Trigger {
        table: String,
        trigger: Trigger,
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
            Self::LostDeletions => f.write_str("list deletions that are lost by what they kept"),
            Self::Trigger { table, trigger } => write!(f, "make the trigger {} on {table}", trigger.name),
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
    let needs_count = look.is_foreign
        || look.is_under_way
        || look.drift.is_none_or(|drift| !drift.is_none())
        || look.wrong_statuses > 0;
    let needs_work = look.differences.iter().any(|difference| is_mended(look, difference));
    let is_left_over =
        !look.put_aside.is_empty() || !look.sequences.is_empty() || look.noted > 0 || look.lost_deletions > 0;
    let mut plan = Plan { look, steps: Vec::new() };
    if needs_count || needs_work || is_left_over {
        plan.add(Step::Prepare, None, INSTANT);
        plan.names();
        let put_aside = look.put_aside.len() + plan.columns();
        plan.tables();
        plan.indexes();
        plan.restore(put_aside);
        plan.constraints();
        plan.counts(needs_count);
        plan.add(Step::Analyze, None, INSTANT * 2 + times(plan.jobs(), PER_ANALYZED));
        plan.add(Step::Record, None, INSTANT);
    }
    if !plan.steps.is_empty() || look.pending_migrations > 0 {
        plan.add(Step::Migrate, None, INSTANT * 5);
    }
    plan.steps
}

/// What takes no time to speak of.
const INSTANT: Duration = Duration::from_millis(100);

// On a machine of two cores with all in its memory; a slower disk shows in how long reading all jobs took.
const PER_DUPLICATE: Duration = Duration::from_millis(3);
const PER_INDEXED: Duration = Duration::from_micros(2);
const PER_COUNTED: Duration = Duration::from_micros(25);
const PER_LINK: Duration = Duration::from_micros(8);
const PER_ANALYZED: Duration = Duration::from_micros(1);

fn times(rows: i64, each: Duration) -> Duration {
    each * u32::try_from(rows).unwrap_or(u32::MAX)
}

/// A plan in the making.
struct Plan<'l> {
    look: &'l Look,
    steps: Vec<Planned>,
}

impl<'l> Plan<'l> {
    fn add(&mut self, step: Step, rows: Option<i64>, estimate: Duration) {
        let rows = rows.map(i64::unsigned_abs);
        self.steps.push(Planned { step, rows, estimate: estimate.max(INSTANT) });
    }

    fn each(&self) -> impl Iterator<Item = (&'l str, &'l What)> + use<'l> {
        self.look.differences.iter().map(|difference| (difference.table.as_str(), &difference.what))
    }

    fn rows(&self, table: &str) -> i64 {
        self.look.tables.iter().find(|size| size.name == table).map_or(0, |size| size.rows)
    }

    fn jobs(&self) -> i64 {
        self.rows("jobs")
    }

    /// How long it takes to read a table.
    fn scan(&self, table: &str) -> Duration {
        if matches!(table, "jobs" | "job_nodes") { self.look.scan } else { Duration::ZERO }
    }

    /// Broken indexes go, good ones get their names.
    fn names(&mut self) {
        for (_, what) in self.each() {
            if let What::Broken(index) = what {
                self.add(Step::DropBroken { name: index.name.clone() }, None, INSTANT);
            }
        }
        for (table, what) in self.each() {
            match what {
                What::OtherName { should, is } => {
                    self.make_room(&should.name);
                    self.rename(table, &is.name, &should.name);
                }
                What::NoIndex(index) => self.make_room(&index.name),
                _ => {}
            }
        }
    }

    /// Moves an index away that has the name of one of ours and indexes something else. It stays: the older service may need
    /// it.
    fn make_room(&mut self, name: &str) {
        for (table, known) in &self.look.live.tables {
            if known.indexes.iter().any(|index| index.name == name && index.is_valid) {
                self.rename(table, name, &format!("{name}_before"));
            }
        }
    }

    fn rename(&mut self, table: &str, from: &str, to: &str) {
        let step = Step::Rename { table: table.to_owned(), from: from.to_owned(), to: to.to_owned() };
        self.add(step, None, INSTANT);
    }

    /// Says how many indexes the changes put aside.
    fn columns(&mut self) -> usize {
        let mut put_aside = 0;
        for table in self.look.live.tables.keys() {
            let of_table: Vec<&What> = self.each().filter(|(name, _)| name == table).map(|(_, what)| what).collect();
            let changes = of_table.iter().filter(|what| changes_columns(what)).count();
            if changes > 0 {
                put_aside += columns::rebuilt(table, &of_table, &self.look.live).len();
                self.add(Step::Columns { table: table.clone(), changes }, None, INSTANT * 5);
            }
        }
        put_aside
    }

    /// Those come first to which others refer.
    fn tables(&mut self) {
        let mut missing: Vec<(&str, &Table)> = self
            .each()
            .filter_map(|(table, what)| match what {
                What::NoTable(should) => Some((table, should)),
                _ => None,
            })
            .collect();
        let is_lost = self.look.lost_deletions > 0 || missing.iter().any(|(table, _)| *table == "deletions");
        while !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|(table, _)| *table).collect();
            let refers = |(table, should): &(&str, &Table)| {
                let mut others = names.iter().filter(|name| *name != table);
                others.any(|name| should.refers_to(name))
            };
            let (mut later, mut now): (Vec<_>, Vec<_>) = missing.into_iter().partition(refers);
            if now.is_empty() {
                std::mem::swap(&mut later, &mut now);
            }
            for (table, _) in now {
                self.add(Step::Table { name: table.to_owned() }, None, INSTANT);
            }
            missing = later;
        }
        if is_lost {
            self.add(Step::LostDeletions, None, INSTANT);
        }
        for (table, what) in self.each() {
            if let What::NoTrigger(trigger) | What::OtherTrigger(trigger) = what {
                let step = Step::Trigger { table: table.to_owned(), trigger: trigger.clone() };
                self.add(step, None, INSTANT);
            }
        }
        // Whoever writes meanwhile, an older service or this one, is watched.
        if !self.look.watch_is_on {
            self.add(Step::Watch, None, INSTANT);
        }
    }

    /// Those that are unique come first: nobody can add a duplicate behind them.
    fn indexes(&mut self) {
        let mut missing: Vec<(&str, &Index)> = self
            .each()
            .filter_map(|(table, what)| match what {
                What::NoIndex(index) => Some((table, index)),
                _ => None,
            })
            .collect();
        missing.sort_by_key(|(_, index)| !index.is_unique);
        if missing.iter().any(|(table, index)| *table == "jobs" && index.is_unique) {
            let (jobs, rows) = (self.look.jobs.duplicated, self.look.jobs.superfluous);
            self.add(Step::Merge { jobs, rows }, Some(jobs), self.look.scan + times(jobs, PER_DUPLICATE));
        }
        for (table, index) in missing {
            let rows = self.rows(table);
            let estimate = self.scan(table) * 2 + times(rows, PER_INDEXED);
            self.add(Step::Index { table: table.to_owned(), index: index.clone() }, Some(rows), estimate);
        }
    }

    fn restore(&mut self, indexes: usize) {
        if indexes > 0 {
            let each = self.look.scan * 2 + times(self.jobs(), PER_INDEXED);
            self.add(Step::Restore { indexes }, None, each * u32::try_from(indexes).unwrap_or(u32::MAX));
        }
    }

    fn constraints(&mut self) {
        let look = self.look;
        for difference in look.differences.iter().filter(|difference| is_mended(look, difference)) {
            let table = difference.table.clone();
            let scan = self.scan(&table);
            match &difference.what {
                What::NoConstraint(constraint) => {
                    self.add(Step::Constraint { table, constraint: constraint.clone() }, None, scan);
                }
                What::Unchecked(constraint) => {
                    self.add(Step::Check { table, name: constraint.name.clone() }, None, scan);
                }
                _ => {}
            }
        }
        for (name, mend) in &look.sequences {
            self.add(Step::Sequence { name: name.clone(), mend: mend.clone() }, None, INSTANT);
        }
    }

    fn counts(&mut self, needs_count: bool) {
        if needs_count {
            let (runs, days) = (self.rows("runs"), self.look.jobs.days + 1);
            self.add(Step::CountRuns, Some(runs), times(self.jobs(), PER_COUNTED));
            self.add(Step::CountDays, Some(days), times(self.rows("job_nodes"), PER_LINK));
        }
        self.add(Step::CatchUp, Some(self.look.noted), INSTANT * 5);
    }
}

/// Whether a step mends it.
pub(crate) fn is_mended(look: &Look, difference: &Difference) -> bool {
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
