//! Conditions on runs as SQL: the only place that turns one into the other.

use paddles_repository::{RunCondition, RunIndex};

use crate::statement::{Bind, question_marks};

/// A `WHERE` clause and its values.
#[derive(Debug, Clone)]
pub(crate) struct Where {
    pub(crate) sql: String,
    pub(crate) binds: Vec<Bind>,
}

impl Where {
    /// The clause that all `conditions` make, empty if there are none.
    pub(crate) fn all(conditions: &[RunCondition]) -> Self {
        let mut clause = Self { sql: String::new(), binds: Vec::new() };
        let narrow = conditions.iter().filter(|condition| is_narrow(condition)).count();
        for condition in conditions {
            match condition {
                // A statement is planned once for all values. Most runs have one of two statuses: next to two conditions that few
                // runs fulfil, Postgres would read the index of all runs of a status for nothing, and an expression has none.
                RunCondition::Status(words) if narrow >= 2 => {
                    clause.and("runs.status || '' = ?", [words.as_str().into()]);
                }
                _ => clause.add(condition),
            }
        }
        clause
    }

    /// Adds one more condition, in SQL.
    pub(crate) fn and(&mut self, sql: &str, binds: impl IntoIterator<Item = Bind>) {
        self.sql += if self.sql.is_empty() { " WHERE " } else { " AND " };
        self.sql += sql;
        self.binds.extend(binds);
    }

    fn add(&mut self, condition: &RunCondition) {
        match condition {
            RunCondition::Branch(branch) => self.and("runs.branch = ?", [branch.as_str().into()]),
            RunCondition::MachineType(name) => self.and("runs.machine_type = ?", [name.as_str().into()]),
            RunCondition::Status(words) => self.and("runs.status = ?", [words.as_str().into()]),
            RunCondition::Suite(suite) => self.and("runs.suite = ?", [suite.as_str().into()]),
            RunCondition::User(user) => self.and("runs.\"user\" = ?", [user.as_str().into()]),
            RunCondition::Flavor(flavor) => {
                self.and("runs.id IN (SELECT run_id FROM run_flavors WHERE flavor = ?)", [flavor.as_str().into()]);
            }
            RunCondition::Sha1Prefix(prefix) => self.and(
                // Prefixes are a range of an index that sorts byte by byte.
                "runs.id IN (SELECT run_id FROM run_sha1s WHERE sha1 >= ? AND sha1 < ?)",
                [prefix.as_str().into(), format!("{prefix}{}", char::MAX).as_str().into()],
            ),
            RunCondition::Scheduled(from, until) => {
                self.and("runs.scheduled >= ? AND runs.scheduled < ?", [(*from).into(), (*until).into()]);
            }
            RunCondition::ScheduledAfter(moment) => self.and("runs.scheduled > ?", [(*moment).into()]),
            // Postgres takes no empty list.
            RunCondition::Named(names) if names.is_empty() => self.and("1 = 0", []),
            RunCondition::Named(names) => {
                let names = names.iter().map(|name| name.as_str().into());
                self.and(&format!("runs.name IN ({})", question_marks(names.len())), names);
            }
        }
    }
}

/// Whether few of all runs fulfil a condition.
fn is_narrow(condition: &RunCondition) -> bool {
    matches!(
        condition,
        RunCondition::Branch(_) | RunCondition::Suite(_) | RunCondition::User(_) | RunCondition::Sha1Prefix(_)
    )
}

/// The `SELECT` of an index's distinct values, without a `WHERE` clause, and the expression that is its value.
pub(crate) fn select_distinct(index: RunIndex) -> (&'static str, &'static str) {
    match index {
        RunIndex::Branch => ("SELECT DISTINCT runs.branch AS value FROM runs", "runs.branch"),
        RunIndex::MachineType => ("SELECT DISTINCT runs.machine_type AS value FROM runs", "runs.machine_type"),
        RunIndex::Status => ("SELECT DISTINCT runs.status AS value FROM runs", "runs.status"),
        RunIndex::Suite => ("SELECT DISTINCT runs.suite AS value FROM runs", "runs.suite"),
        RunIndex::User => ("SELECT DISTINCT runs.\"user\" AS value FROM runs", "runs.\"user\""),
        // Both databases write a time as text with its day first.
        RunIndex::Date => (
            "SELECT DISTINCT substr(CAST(runs.scheduled AS text), 1, 10) AS value FROM runs",
            "substr(CAST(runs.scheduled AS text), 1, 10)",
        ),
        RunIndex::Sha1 => (
            "SELECT DISTINCT run_sha1s.sha1 AS value FROM run_sha1s JOIN runs ON runs.id = run_sha1s.run_id",
            "run_sha1s.sha1",
        ),
        RunIndex::Flavor => (
            "SELECT DISTINCT run_flavors.flavor AS value FROM run_flavors JOIN runs ON runs.id = run_flavors.run_id",
            "run_flavors.flavor",
        ),
    }
}
