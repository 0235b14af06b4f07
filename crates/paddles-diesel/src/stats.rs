//! Questions that count jobs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use diesel::sql_types::{BigInt, Text};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use paddles_domain::{Day, JobStatus, NodeName, RunResults, Timestamp};
use paddles_repository::{RepositoryError, StatsRepository};

use crate::DieselRepository;
use crate::node_row::{NodeRow, SELECT};
use crate::run_filter::Where;
use crate::statement::Statement;

/// Jobs that run on several types of machines have this one.
const SEVERAL_TYPES: &str = "multi";

/// The counts of whole days, added up.
static OF_DAYS: LazyLock<String> = LazyLock::new(|| {
    columns(|status| {
        format!("CAST(coalesce(sum(node_days.jobs_{status}), 0) AS bigint) AS {status}", status = status.as_str())
    })
});

/// The same, counted from jobs. What is in no known state is unknown.
static OF_JOBS: LazyLock<String> = LazyLock::new(|| {
    let known = JobStatus::ALL.into_iter().filter(|status| *status != JobStatus::Unknown);
    let known: Vec<String> = known.map(|status| format!("'{}'", status.as_str())).collect();
    let unknown = format!("jobs.status IS NULL OR jobs.status NOT IN ({})", known.join(", "));
    columns(|status| {
        let word = status.as_str();
        let is_in = if status == JobStatus::Unknown { unknown.clone() } else { format!("jobs.status = '{word}'") };
        format!("count(*) FILTER (WHERE {is_in}) AS {word}")
    })
});

fn columns(column: impl Fn(JobStatus) -> String) -> String {
    JobStatus::ALL.map(column).join(", ")
}

impl StatsRepository for DieselRepository {
    fn job_stats(
        &self,
        since: Timestamp,
        machine_type: Option<&str>,
    ) -> Result<Vec<(NodeName, RunResults)>, RepositoryError> {
        // Whole days are counted already; of the first day only the jobs posted late enough are.
        let first_day = Day::of(since);
        let mut days = Where::all(&[]);
        days.and("node_days.day > ?", [first_day.to_string().as_str().into()]);
        let mut jobs = Where::all(&[]);
        jobs.and("jobs.posted >= ? AND jobs.posted < ?", [since.into(), first_day.end().into()]);
        if let Some(name) = machine_type {
            let binds = || [name, name, SEVERAL_TYPES].map(Into::into);
            days.and("nodes.machine_type = ? AND node_days.machine_type IN (?, ?)", binds());
            jobs.and("nodes.machine_type = ? AND jobs.machine_type IN (?, ?)", binds());
        }
        let sql = format!(
            "SELECT nodes.name, {} FROM node_days JOIN nodes ON nodes.id = node_days.node_id{} GROUP BY nodes.name \
             UNION ALL \
             SELECT nodes.name, {} FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id \
             JOIN nodes ON nodes.id = job_nodes.node_id{} GROUP BY nodes.name",
            *OF_DAYS, days.sql, *OF_JOBS, jobs.sql
        );
        let rows: Vec<CountsRow> = self.database.read(|connection| {
            let counts = Statement::new(sql.clone()).binds(days.binds.clone()).binds(jobs.binds.clone());
            counts.load(connection)
        })?;
        let mut nodes: BTreeMap<String, RunResults> = BTreeMap::new();
        for row in rows {
            let known = nodes.entry(row.name.clone()).or_default();
            let before = *known;
            *known = RunResults::from_counts(|status| before.count(status) + row.count(status));
        }
        nodes.retain(|_, results| results.total() > 0);
        Ok(nodes.into_iter().map(|(name, results)| (NodeName::from_stored(name), results)).collect())
    }

    fn node_job_stats(&self, node: &NodeName) -> Result<Option<RunResults>, RepositoryError> {
        let sql = format!(
            "SELECT nodes.name, {} FROM nodes JOIN node_days ON node_days.node_id = nodes.id WHERE nodes.name = ? \
             GROUP BY nodes.name",
            *OF_DAYS
        );
        self.database.read(|connection| {
            let known = Statement::new(format!("{SELECT} WHERE nodes.name = ?")).bind(node.as_str());
            let known: Option<NodeRow> = known.get_result(connection).optional()?;
            let counts = Statement::new(sql.clone()).bind(node.as_str());
            let counts: Option<CountsRow> = counts.get_result(connection).optional()?;
            let results = counts.map(|row| RunResults::from_counts(|status| row.count(status)));
            Ok(known.map(|_| results.unwrap_or_default()))
        })
    }
}

/// How many jobs of a node are in each state.
#[derive(QueryableByName)]
struct CountsRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    queued: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    running: i64,
    #[diesel(sql_type = BigInt)]
    pass: i64,
    #[diesel(sql_type = BigInt)]
    fail: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = BigInt)]
    unknown: i64,
}

impl CountsRow {
    fn count(&self, status: JobStatus) -> u32 {
        let count = match status {
            JobStatus::Queued => self.queued,
            JobStatus::Waiting => self.waiting,
            JobStatus::Running => self.running,
            JobStatus::Pass => self.pass,
            JobStatus::Fail => self.fail,
            JobStatus::Dead => self.dead,
            JobStatus::Unknown => self.unknown,
        };
        u32::try_from(count).unwrap_or(0)
    }
}
