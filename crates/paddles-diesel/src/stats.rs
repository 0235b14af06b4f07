//! Questions that count jobs.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{OptionalExtension, QueryableByName, RunQueryDsl};
use paddles_domain::{JobStatus, NodeName, RunResults, Timestamp};
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
        let mut clause = Where::all(&[]);
        clause.and("jobs.posted >= ?", [since.into()]);
        if let Some(name) = machine_type {
            let binds = [name, name, SEVERAL_TYPES].map(Into::into);
            clause.and("nodes.machine_type = ? AND jobs.machine_type IN (?, ?)", binds);
        }
        let sql = format!(
            "SELECT nodes.name, jobs.status, count(*) AS jobs FROM jobs \
             JOIN job_nodes ON job_nodes.job_id = jobs.id JOIN nodes ON nodes.id = job_nodes.node_id{} \
             GROUP BY nodes.name, jobs.status",
            clause.sql
        );
        let rows: Vec<CountRow> = self
            .database
            .read(|connection| Statement::new(sql.as_str()).binds(clause.binds.clone()).load(connection))?;
        let mut counts: BTreeMap<String, Vec<CountRow>> = BTreeMap::new();
        for row in rows {
            counts.entry(row.name.clone()).or_default().push(row);
        }
        Ok(counts.into_iter().map(|(name, rows)| (NodeName::from_stored(name), results(&rows))).collect())
    }

    fn node_job_stats(&self, node: &NodeName) -> Result<Option<RunResults>, RepositoryError> {
        let sql = "SELECT nodes.name, jobs.status, count(*) AS jobs FROM nodes \
            JOIN job_nodes ON job_nodes.node_id = nodes.id JOIN jobs ON jobs.id = job_nodes.job_id \
            WHERE nodes.name = ? GROUP BY nodes.name, jobs.status";
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
        rows.iter().filter(is_in).map(|row| u32::try_from(row.jobs).unwrap_or(u32::MAX)).sum()
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
