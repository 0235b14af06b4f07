//! The commits and flavors of a run's jobs, counted: what filters and lists of them read instead of jobs.

use std::collections::BTreeMap;

use paddles_domain::JobFacts;
use paddles_repository::RecordId;

use crate::statement::{Bind, Statement};

/// What counts a job of `run` that was added, changed or removed: nothing unless its sha1 or flavor changed.
pub(crate) fn count_job(run: RecordId, before: Option<&JobFacts>, after: Option<&JobFacts>) -> Vec<Statement> {
    let mut statements = recount(run, &SHA1S, before.and_then(sha1), after.and_then(sha1));
    statements.extend(recount(run, &FLAVORS, before.and_then(flavor), after.and_then(flavor)));
    statements
}

/// What counts jobs of `run` that were added together: a statement for each part.
pub(crate) fn count_new_jobs<'a>(run: RecordId, added: impl Iterator<Item = &'a JobFacts> + Clone) -> Vec<Statement> {
    let parts = [
        (SHA1_ROWS, count_values(added.clone().filter_map(sha1)), " ON CONFLICT (run_id, sha1)", "run_sha1s"),
        (FLAVOR_ROWS, count_values(added.filter_map(flavor)), " ON CONFLICT (run_id, flavor)", "run_flavors"),
    ];
    let counted = parts.into_iter().filter(|(_, counts, ..)| !counts.is_empty());
    let statements = counted.map(|(insert, counts, conflict, table)| {
        let rows = vec!["(?, ?, ?)"; counts.len()].join(", ");
        let sql = format!("{insert}{rows}{conflict} DO UPDATE SET jobs = {table}.jobs + excluded.jobs");
        let binds = counts.into_iter().flat_map(|(value, jobs)| [run.0.into(), Bind::from(value), jobs.into()]);
        Statement::unprepared(sql).binds(binds)
    });
    statements.collect()
}

const SHA1_ROWS: &str = "INSERT INTO run_sha1s (run_id, sha1, jobs) VALUES ";
const FLAVOR_ROWS: &str = "INSERT INTO run_flavors (run_id, flavor, jobs) VALUES ";

fn count_values<'a>(values: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, i32> {
    values.fold(BTreeMap::new(), |mut counts, value| {
        *counts.entry(value).or_default() += 1;
        counts
    })
}

/// The statements of one counted part. To forget the last job and to remove one of several are never about the same row, in
/// this order.
struct Part {
    forget: &'static str,
    remove: &'static str,
    add: &'static str,
}

const SHA1S: Part = Part {
    forget: "DELETE FROM run_sha1s WHERE run_id = ? AND sha1 = ? AND jobs <= 1",
    remove: "UPDATE run_sha1s SET jobs = jobs - 1 WHERE run_id = ? AND sha1 = ? AND jobs > 1",
    add: "INSERT INTO run_sha1s (run_id, sha1, jobs) VALUES (?, ?, 1) \
        ON CONFLICT (run_id, sha1) DO UPDATE SET jobs = run_sha1s.jobs + 1",
};

const FLAVORS: Part = Part {
    forget: "DELETE FROM run_flavors WHERE run_id = ? AND flavor = ? AND jobs <= 1",
    remove: "UPDATE run_flavors SET jobs = jobs - 1 WHERE run_id = ? AND flavor = ? AND jobs > 1",
    add: "INSERT INTO run_flavors (run_id, flavor, jobs) VALUES (?, ?, 1) \
        ON CONFLICT (run_id, flavor) DO UPDATE SET jobs = run_flavors.jobs + 1",
};

fn sha1(facts: &JobFacts) -> Option<&str> {
    facts.sha1.as_deref()
}

fn flavor(facts: &JobFacts) -> Option<&str> {
    facts.flavor.as_deref()
}

fn recount(run: RecordId, part: &Part, before: Option<&str>, after: Option<&str>) -> Vec<Statement> {
    if before == after {
        return Vec::new();
    }
    let statement = |sql: &'static str, value: &str| Statement::new(sql).bind(run.0).bind(value);
    let gone = before.into_iter().flat_map(|value| [statement(part.forget, value), statement(part.remove, value)]);
    gone.chain(after.into_iter().map(|value| statement(part.add, value))).collect()
}

/// How many jobs more there are of each commit and flavor, by run: for many jobs at once.
#[derive(Debug, Default)]
pub(crate) struct PartCounts {
    sha1s: BTreeMap<(i32, String), i64>,
    flavors: BTreeMap<(i32, String), i64>,
}

impl PartCounts {
    pub(crate) fn add(&mut self, run: RecordId, job: &JobFacts, jobs: i64) {
        for (counts, value) in [(&mut self.sha1s, sha1(job)), (&mut self.flavors, flavor(job))] {
            if let Some(value) = value {
                *counts.entry((run.0, value.to_owned())).or_default() += jobs;
            }
        }
    }

    /// What writes the counts that change, one after the other.
    pub(crate) fn write(self) -> impl Iterator<Item = Statement> {
        let sha1s = self.sha1s.into_iter().map(|counted| (ADD_SHA1S, counted));
        let flavors = self.flavors.into_iter().map(|counted| (ADD_FLAVORS, counted));
        let changed = sha1s.chain(flavors).filter(|(_, (_, jobs))| *jobs != 0);
        changed.flat_map(|([add, forget], ((run, value), jobs))| {
            let jobs = i32::try_from(jobs).unwrap_or(i32::MAX);
            let add = Statement::new(add).bind(run).bind(value.as_str()).bind(jobs);
            let forget = (jobs < 0).then(|| Statement::new(forget).bind(run).bind(value.as_str()));
            std::iter::once(add).chain(forget)
        })
    }
}

const ADD_SHA1S: [&str; 2] = [
    "INSERT INTO run_sha1s (run_id, sha1, jobs) VALUES (?, ?, ?) \
        ON CONFLICT (run_id, sha1) DO UPDATE SET jobs = run_sha1s.jobs + excluded.jobs",
    "DELETE FROM run_sha1s WHERE run_id = ? AND sha1 = ? AND jobs <= 0",
];

const ADD_FLAVORS: [&str; 2] = [
    "INSERT INTO run_flavors (run_id, flavor, jobs) VALUES (?, ?, ?) \
        ON CONFLICT (run_id, flavor) DO UPDATE SET jobs = run_flavors.jobs + excluded.jobs",
    "DELETE FROM run_flavors WHERE run_id = ? AND flavor = ? AND jobs <= 0",
];
