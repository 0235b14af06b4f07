//! Questions that count jobs.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use paddles_domain::{Day, JobStatus, NodeName, RunResults, Timestamp};
use paddles_repository::{RepositoryError, StatsRepository};

use crate::DieselRepository;
use crate::node_row::{NodeRow, SELECT};
use crate::run_filter::Where;
use crate::statement::Statement;

/// Jobs that run on several types of machines have this one.
const SEVERAL_TYPES: &str = "multi";

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
            "SELECT nodes.name, node_days.status, CAST(sum(node_days.jobs) AS bigint) AS jobs FROM node_days \
             JOIN nodes ON nodes.id = node_days.node_id{} GROUP BY nodes.name, node_days.status \
             HAVING sum(node_days.jobs) > 0 \
             UNION ALL \
             SELECT nodes.name, jobs.status, count(*) AS jobs FROM jobs \
             JOIN job_nodes ON job_nodes.job_id = jobs.id JOIN nodes ON nodes.id = job_nodes.node_id{} \
             GROUP BY nodes.name, jobs.status",
            days.sql, jobs.sql
        );
        let rows: Vec<CountRow> = self.database.read(|connection| {
            let counts = Statement::new(sql.clone()).binds(days.binds.clone()).binds(jobs.binds.clone());
            counts.load(connection)
        })?;
        let mut counts: BTreeMap<String, Vec<CountRow>> = BTreeMap::new();
        for row in rows {
            counts.entry(row.name.clone()).or_default().push(row);
        }
        Ok(counts.into_iter().map(|(name, rows)| (NodeName::from_stored(name), results(&rows))).collect())
    }

    fn node_job_stats(&self, node: &NodeName) -> Result<Option<RunResults>, RepositoryError> {
        let sql = "SELECT nodes.name, node_days.status, CAST(sum(node_days.jobs) AS bigint) AS jobs FROM nodes \
            JOIN node_days ON node_days.node_id = nodes.id WHERE nodes.name = ? GROUP BY nodes.name, node_days.status";
        self.database.read(|connection| {
            let known = Statement::new(format!("{SELECT} WHERE nodes.name = ?")).bind(node.as_str());
            let known: Option<NodeRow> = known.get_result(connection).optional()?;
            let rows: Vec<CountRow> = Statement::new(sql).bind(node.as_str()).load(connection)?;
            Ok(known.map(|_| results(&rows)))
        })
    }
}

fn results(rows: &[CountRow]) -> RunResults {
    RunResults::from_counts(|status| {
        let is_in = |row: &&CountRow| {
            row.status.as_deref().and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown) == status
        };
        rows.iter().filter(is_in).map(|row| u32::try_from(row.jobs).unwrap_or(0)).sum()
    })
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
}
