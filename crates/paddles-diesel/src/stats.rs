//! Questions that count jobs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Day, JobStatus, NodeName, RunResults, Timestamp};
use paddles_repository::{RepositoryError, StatsRepository};

use crate::DieselRepository;
use crate::cells::{Cells, FromCells, there};
use crate::connection::Backend;
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
            counts.rows(connection)
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
            let known: Option<NodeRow> = known.row(connection)?;
            let counts = Statement::new(sql.clone()).bind(node.as_str());
            let counts: Option<CountsRow> = counts.row(connection)?;
            let results = counts.map(|row| RunResults::from_counts(|status| row.count(status)));
            Ok(known.map(|_| results.unwrap_or_default()))
        })
    }
}

/// How many jobs of a node are in each state, in the order of [`JobStatus::ALL`].
struct CountsRow {
    name: String,
    counts: [i64; JobStatus::ALL.len()],
}

impl FromCells for CountsRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let name = there(cells.text()?)?;
        let mut counts = [0; JobStatus::ALL.len()];
        for count in &mut counts {
            *count = cells.count_of_rows()?;
        }
        Ok(Self { name, counts })
    }
}

impl CountsRow {
    fn count(&self, status: JobStatus) -> u32 {
        u32::try_from(self.counts[status as usize]).unwrap_or(0)
    }
}
