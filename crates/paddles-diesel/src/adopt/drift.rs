//! What is counted beside jobs, compared with the jobs.

use paddles_domain::JobStatus;

use super::AdoptError;
use super::counting::{aggregates, day_of};
use super::lost_deletions::{ARE_LOST, LOST};
use super::session::Session;

/// How many rows do not say what a recount would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) runs: i64,
    pub(crate) sha1s: i64,
    pub(crate) flavors: i64,
    pub(crate) node_days: i64,
    pub(crate) descriptions: i64,
}

impl Drift {
    pub(crate) fn is_none(self) -> bool {
        self.figures().iter().all(|(count, _)| *count == 0)
    }

    /// Each figure, and what it counts.
    pub(crate) fn figures(self) -> [(i64, &'static str); 5] {
        [
            (self.runs, RUNS_DIFFER),
            (self.sha1s, SHA1S_DIFFER),
            (self.flavors, FLAVORS_DIFFER),
            (self.node_days, NODE_DAYS_DIFFER),
            (self.descriptions, DESCRIPTIONS_MISSING),
        ]
    }
}

const RUNS_DIFFER: &str = "runs' counts differ from a recount";
const SHA1S_DIFFER: &str = "counts of runs' commits differ from a recount";
const FLAVORS_DIFFER: &str = "counts of runs' flavors differ from a recount";
const NODE_DAYS_DIFFER: &str = "counts of nodes' days differ from a recount";
const DESCRIPTIONS_MISSING: &str = "descriptions are missing from searches";
const TRIGRAMS_MISSING: &str = "descriptions are missing from searches for a part of one";

/// What SQLite is asked, and what each answer counts.
pub(crate) fn sqlite_drift() -> [(&'static str, String); 7] {
    // Columns there compare byte by byte anyway, and a subquery cannot look at the row beside it.
    let plain = |sql: String| sql.replace(" COLLATE \"C\"", "");
    let first = "LEFT JOIN jobs AS job ON job.id = (SELECT id FROM jobs WHERE jobs.run_id = runs.id AND \
        jobs.job_id IS NOT NULL ORDER BY jobs.job_id LIMIT 1)";
    [
        (RUNS_DIFFER, runs(first)),
        (SHA1S_DIFFER, plain(parts("run_sha1s", "sha1"))),
        (FLAVORS_DIFFER, plain(parts("run_flavors", "flavor"))),
        (NODE_DAYS_DIFFER, plain(node_days("substr(jobs.posted, 1, 10)"))),
        (DESCRIPTIONS_MISSING, format!("{DESCRIPTIONS}stored.description = counted.description)")),
        (TRIGRAMS_MISSING, TRIGRAMS.to_owned()),
        (ARE_LOST, LOST.to_owned()),
    ]
}

/// Compares, in one moment of the database.
pub(crate) fn drift(session: &mut Session) -> Result<Drift, AdoptError> {
    session.run("begin to compare", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let drift = compare(session);
    session.run("end to compare", "ROLLBACK")?;
    drift
}

fn compare(session: &mut Session) -> Result<Drift, AdoptError> {
    Ok(Drift {
        runs: session.number("compare the counts of runs", &runs(FIRST_JOB))?,
        sha1s: session.number("compare the commits of runs", &parts("run_sha1s", "sha1"))?,
        flavors: session.number("compare the flavors of runs", &parts("run_flavors", "flavor"))?,
        node_days: session.number("compare the days of nodes", &node_days(&day_of("jobs.posted")))?,
        descriptions: session.number(
            "compare descriptions",
            // As it is indexed.
            &format!(
                "{DESCRIPTIONS}md5(stored.description) = md5(counted.description) \
                 AND stored.description = counted.description)"
            ),
        )?,
    })
}

const FIRST_JOB: &str = "LEFT JOIN LATERAL (SELECT job_id, sha1, flavor, priority FROM jobs \
    WHERE jobs.run_id = runs.id AND jobs.job_id IS NOT NULL ORDER BY jobs.job_id LIMIT 1) AS job ON true";

fn runs(first_job: &str) -> String {
    let differs = |column: String, value: String| format!("runs.{column} IS DISTINCT FROM {value}");
    let counts = JobStatus::ALL.map(|status| {
        let word = status.as_str();
        differs(format!("jobs_{word}"), format!("coalesce(counted.{word}, 0)"))
    });
    let first = [("id", "job_id"), ("sha1", "sha1"), ("flavor", "flavor"), ("priority", "priority")]
        .map(|(column, part)| differs(format!("first_job_{column}"), format!("job.{part}")));
    format!(
        "SELECT count(*) AS value FROM runs LEFT JOIN (SELECT run_id, {} FROM jobs GROUP BY run_id) AS counted \
         ON counted.run_id = runs.id {first_job} WHERE {} OR {}",
        aggregates("true"),
        counts.join(" OR "),
        first.join(" OR ")
    )
}

fn parts(table: &str, column: &str) -> String {
    format!(
        "SELECT count(*) AS value FROM (SELECT run_id, {column} COLLATE \"C\" AS {column}, count(*) AS jobs FROM jobs \
         WHERE {column} IS NOT NULL AND EXISTS (SELECT 1 FROM runs WHERE runs.id = jobs.run_id) GROUP BY 1, 2) AS counted \
         FULL JOIN {table} AS stored ON stored.run_id = counted.run_id AND stored.{column} = counted.{column} \
         WHERE stored.jobs IS DISTINCT FROM counted.jobs"
    )
}

/// Rows that count nothing are as good as none.
fn node_days(day: &str) -> String {
    let differs = JobStatus::ALL.map(|status| {
        let word = status.as_str();
        format!("coalesce(stored.jobs_{word}, 0) <> coalesce(counted.{word}, 0)")
    });
    format!(
        "SELECT count(*) AS value FROM (SELECT coalesce({day}, '') COLLATE \"C\" AS day, \
         job_nodes.node_id, coalesce(jobs.machine_type, '') COLLATE \"C\" AS machine_type, {} FROM jobs \
         JOIN job_nodes ON job_nodes.job_id = jobs.id JOIN nodes ON nodes.id = job_nodes.node_id GROUP BY 1, 2, 3) AS counted \
         FULL JOIN node_days AS stored ON stored.day = counted.day AND stored.node_id = counted.node_id \
         AND stored.machine_type = counted.machine_type WHERE {}",
        aggregates("true"),
        differs.join(" OR ")
    )
}

/// Those that are missing: descriptions that no job has any more may stay.
const DESCRIPTIONS: &str = "SELECT count(*) AS value FROM \
    (SELECT DISTINCT description FROM jobs WHERE description IS NOT NULL) AS counted \
    WHERE NOT EXISTS (SELECT 1 FROM job_descriptions AS stored WHERE ";

/// The index of trigrams keeps a row for each text that it has read.
const TRIGRAMS: &str = "SELECT count(*) AS value FROM job_descriptions \
    WHERE id NOT IN (SELECT id FROM job_description_trigrams_docsize)";
