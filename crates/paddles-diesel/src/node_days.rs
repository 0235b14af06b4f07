//! How many jobs ran on a node, by the day on which they were posted: what statistics of nodes read instead of jobs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::JobStatus;
use paddles_repository::RecordId;

use crate::cells::{Cells, FromCells, there};
use crate::connection::{AnyConnection, Backend};
use crate::statement::{Bind, Statement, question_marks};

/// What a job counts as on each of its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The day on which it was posted, in UTC; empty if nobody knows.
    pub(crate) day: String,
    /// The type of machines that it asked for; empty if it asked for none.
    pub(crate) machine_type: String,
    pub(crate) status: JobStatus,
}

/// How many jobs more there are of each kind on each node: by node, day and machine type, in the order of [`JobStatus::ALL`].
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<(i32, String, String), [i64; STATUSES]>);

const STATUSES: usize = JobStatus::ALL.len();

static UPSERT: LazyLock<(String, String)> = LazyLock::new(|| {
    let columns = JobStatus::ALL.map(|status| format!("jobs_{}", status.as_str()));
    let added = columns.clone().map(|column| format!("{column} = node_days.{column} + excluded.{column}"));
    let insert = format!("INSERT INTO node_days (node_id, day, machine_type, {}) VALUES ", columns.join(", "));
    let update = format!(" ON CONFLICT (day, node_id, machine_type) DO UPDATE SET {}", added.join(", "));
    (insert, update)
});

impl Counts {
    pub(crate) fn add(&mut self, nodes: &[i32], job: &Counted, jobs: i64) {
        for node in nodes {
            let key = (*node, job.day.clone(), job.machine_type.clone());
            self.0.entry(key).or_default()[job.status as usize] += jobs;
        }
    }

    /// As many jobs more as both count.
    pub(crate) fn merge(&mut self, other: Self) {
        for (key, jobs) in other.0 {
            let known = self.0.entry(key).or_default();
            known.iter_mut().zip(jobs).for_each(|(known, more)| *known += more);
        }
    }

    /// As many jobs fewer.
    pub(crate) fn negated(mut self) -> Self {
        self.0.values_mut().flatten().for_each(|jobs| *jobs = -*jobs);
        self
    }

    /// What writes the counts that change. Rows are taken in one order by everyone, so that nobody waits in a circle.
    pub(crate) fn write(self) -> Vec<Statement> {
        let (insert, update) = &*UPSERT;
        let mut changed = self.0.into_iter().filter(|(_, jobs)| jobs.iter().any(|jobs| *jobs != 0)).peekable();
        let mut statements = Vec::new();
        while changed.peek().is_some() {
            let rows: Vec<_> = changed.by_ref().take(ROWS_AT_ONCE).collect();
            let row = format!("({})", question_marks(3 + STATUSES));
            let sql = format!("{insert}{}{update}", vec![row; rows.len()].join(", "));
            let binds = rows.into_iter().flat_map(|((node, day, machine_type), jobs)| {
                let key = [node.into(), Some(day).into(), Some(machine_type).into()];
                key.into_iter().chain(jobs.map(|jobs| Bind::from(i32::try_from(jobs).unwrap_or(i32::MAX))))
            });
            statements.push(Statement::varied(sql).binds(binds));
        }
        statements
    }
}

/// A statement holds so many rows at the most: SQLite takes 32,766 values.
const ROWS_AT_ONCE: usize = 1000;

/// What the jobs of `run` count as on their nodes.
pub(crate) fn of_run(connection: &mut AnyConnection, run: RecordId) -> QueryResult<Counts> {
    let sql = "SELECT node_id, coalesce(substr(CAST(CASE WHEN jobs.posted < '0001-01-01' THEN '0001-01-01' \
        WHEN jobs.posted > '9999-12-31' THEN '9999-12-31' ELSE jobs.posted END AS text), 1, 10), '') AS day, \
        coalesce(jobs.machine_type, '') AS machine_type, coalesce(jobs.status, '') AS status, count(*) AS jobs \
        FROM job_nodes JOIN jobs ON jobs.id = job_nodes.job_id WHERE jobs.run_id = ? GROUP BY 1, 2, 3, 4";
    let mut counts = Counts::default();
    for CountRow { node, counted, jobs } in Statement::new(sql).bind(run.0).rows(connection)? {
        counts.add(&[node], &counted, jobs);
    }
    Ok(counts)
}

/// Jobs of one kind on a node.
struct CountRow {
    node: i32,
    counted: Counted,
    jobs: i64,
}

impl FromCells for CountRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let RecordId(node) = cells.id()?;
        let (day, machine_type) = (there(cells.text()?)?, there(cells.text()?)?);
        let status = cells.text()?.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown);
        Ok(Self { node, counted: Counted { day, machine_type, status }, jobs: cells.count_of_rows()? })
    }
}
