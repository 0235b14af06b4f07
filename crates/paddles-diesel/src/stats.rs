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
use crate::statement::{Bind, Statement};

/// Jobs that run on several types of machines have this one.
const SEVERAL_TYPES: &str = "multi";

/// No day comes after it. Of a range that is open to one side a plan made once expects a third of the table, and reads it whole.
const LAST_DAY: &str = "9999-12-31";

const STATES: usize = JobStatus::ALL.len();

/// The counts of whole days, added up.
static OF_DAYS: LazyLock<String> = LazyLock::new(|| {
    columns(|status| {
        format!("CAST(coalesce(sum(node_days.jobs_{status}), 0) AS bigint) AS {status}", status = status.as_str())
    })
});

/// The same, counted from jobs, each count behind `sign`. What is in no known state is unknown.
fn of_jobs(sign: &str) -> String {
    let known = JobStatus::ALL.into_iter().filter(|status| *status != JobStatus::Unknown);
    let known: Vec<String> = known.map(|status| format!("'{}'", status.as_str())).collect();
    let unknown = format!("jobs.status IS NULL OR jobs.status NOT IN ({})", known.join(", "));
    columns(|status| {
        let word = status.as_str();
        let is_in = if status == JobStatus::Unknown { unknown.clone() } else { format!("jobs.status = '{word}'") };
        format!("{sign}count(*) FILTER (WHERE {is_in}) AS {word}")
    })
}

fn columns(column: impl Fn(JobStatus) -> String) -> String {
    JobStatus::ALL.map(column).join(", ")
}

impl StatsRepository for DieselRepository {
    fn job_stats(
        &self,
        since: Timestamp,
        machine_type: Option<&str>,
    ) -> Result<Vec<(NodeName, RunResults)>, RepositoryError> {
        // Whole days are counted already. Of the first day the jobs are counted that are fewer: those posted late enough, which
        // come to the other days, or those posted too early, which are taken off the whole day.
        let first_day = Day::of(since);
        let (from, takes_off) = (first_day.start(), first_day.is_first_half(since));
        let mut days = Where::all(&[]);
        let mut jobs = Where::all(&[]);
        let day = Bind::from(first_day.to_string().as_str());
        if takes_off {
            days.and("node_days.day >= ? AND node_days.day <= ?", [day, LAST_DAY.into()]);
            jobs.and("jobs.posted >= ? AND jobs.posted < ?", [from.into(), since.into()]);
        } else {
            days.and("node_days.day > ? AND node_days.day <= ?", [day, LAST_DAY.into()]);
            jobs.and("jobs.posted >= ? AND jobs.posted < ?", [since.into(), first_day.end().into()]);
        }
        let mut of_type = Where::all(&[]);
        if let Some(name) = machine_type {
            let binds = || [name, SEVERAL_TYPES].map(Into::into);
            days.and("node_days.machine_type IN (?, ?)", binds());
            jobs.and("jobs.machine_type IN (?, ?)", binds());
            of_type.and("nodes.machine_type = ?", [name.into()]);
        }
        let counted = |counts: &str| {
            let named = "JOIN nodes ON nodes.id = counted.node_id";
            format!("SELECT nodes.name, counted.* FROM ({counts}) AS counted {named}{}", of_type.sql)
        };
        let sign = if takes_off { "-" } else { "" };
        let sql = format!(
            "{} UNION ALL {}",
            counted(&format!(
                "SELECT node_days.node_id, {} FROM node_days{} GROUP BY node_days.node_id",
                *OF_DAYS, days.sql
            )),
            counted(&format!(
                "SELECT job_nodes.node_id, {} FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id{} \
                 GROUP BY job_nodes.node_id",
                of_jobs(sign),
                jobs.sql
            )),
        );
        let binds = [&days, &of_type, &jobs, &of_type].into_iter().flat_map(|clause| clause.binds.iter().cloned());
        let binds: Vec<Bind> = binds.collect();
        // One statement, so that both parts see the same moment.
        let rows: Vec<CountsRow> =
            self.database.read(|connection| Statement::new(sql.clone()).binds(binds.clone()).rows(connection))?;
        let mut sums: BTreeMap<String, [i64; STATES]> = BTreeMap::new();
        for row in rows {
            let sum = sums.entry(row.name).or_default();
            sum.iter_mut().zip(row.counts).for_each(|(sum, count)| *sum += count);
        }
        let mut nodes: BTreeMap<String, RunResults> =
            sums.into_iter().map(|(name, counts)| (name, results(&counts))).collect();
        nodes.retain(|_, results| results.total() > 0);
        Ok(nodes.into_iter().map(|(name, results)| (NodeName::from_stored(name), results)).collect())
    }

    fn node_job_stats(&self, node: &NodeName) -> Result<Option<RunResults>, RepositoryError> {
        let sql = format!(
            "SELECT nodes.name, nodes.id, {} FROM nodes JOIN node_days ON node_days.node_id = nodes.id WHERE nodes.name = ? \
             GROUP BY nodes.name, nodes.id",
            *OF_DAYS
        );
        self.database.read(|connection| {
            let known = Statement::new(format!("{SELECT} WHERE nodes.name = ?")).bind(node.as_str());
            let known: Option<NodeRow> = known.row(connection)?;
            let counts = Statement::new(sql.clone()).bind(node.as_str());
            let counts: Option<CountsRow> = counts.row(connection)?;
            let results = counts.map(|row| results(&row.counts));
            Ok(known.map(|_| results.unwrap_or_default()))
        })
    }
}

/// How many jobs of a node are in each state, in the order of [`JobStatus::ALL`].
struct CountsRow {
    name: String,
    counts: [i64; STATES],
}

impl FromCells for CountsRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let name = there(cells.text()?)?;
        cells.id()?;
        let mut counts = [0; STATES];
        for count in &mut counts {
            *count = cells.count_of_rows()?;
        }
        Ok(Self { name, counts })
    }
}

fn results(counts: &[i64; STATES]) -> RunResults {
    RunResults::from_counts(|status| u32::try_from(counts[status as usize]).unwrap_or(0))
}
