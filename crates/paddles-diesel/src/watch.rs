//! What the service is watched by.

use diesel::row::Row;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, deserialize};
use paddles_domain::JobStatus;
use paddles_repository::{
    DatabaseLoad, LabCounts, MOST_QUEUES, NodeCount, QueueCount, Readiness, RepositoryError, WatchRepository,
};

use crate::cells::{Cells, FromCells, there};
use crate::connection::Backend;
use crate::statement::Statement;
use crate::{DieselRepository, migrations};

const NODES: &str = "SELECT coalesce(machine_type, '') AS machine_type, up, locked, count(*) AS nodes FROM nodes \
    GROUP BY 1, 2, 3";

const QUEUES: &str = "SELECT coalesce(jobs.queue, '') AS queue, count(*) AS jobs, min(jobs.posted) AS oldest FROM jobs \
    WHERE jobs.status = 'queued' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?";

impl WatchRepository for DieselRepository {
    /// Migrations that this version does not know are of a later one, which this one can work with.
    fn readiness(&self) -> Result<Readiness, RepositoryError> {
        let missing = self.database.read(migrations::missing)?;
        Ok(if missing.is_empty() { Readiness::Ready } else { Readiness::Behind(missing) })
    }

    fn lab_counts(&self) -> Result<LabCounts, RepositoryError> {
        let sums = JobStatus::ALL.map(|status| {
            let word = status.as_str();
            format!("CAST(coalesce(sum(jobs_{word}), 0) AS bigint) AS {word}")
        });
        let jobs = format!("SELECT {} FROM runs", sums.join(", "));
        self.database.read(|connection| {
            let jobs: JobsRow = Statement::new(jobs.clone()).get_result(connection)?;
            let nodes: Vec<NodesRow> = Statement::new(NODES).load(connection)?;
            let queues = Statement::new(QUEUES).bind(i64::from(MOST_QUEUES)).rows(connection)?;
            Ok(LabCounts {
                jobs: JobStatus::ALL.into_iter().map(|status| (status, jobs.count(status))).collect(),
                nodes: nodes.into_iter().map(NodesRow::into_count).collect(),
                queues: queues.into_iter().map(|QueueRow(count)| count).collect(),
            })
        })
    }

    fn database_load(&self) -> DatabaseLoad {
        self.database.load()
    }
}

#[derive(QueryableByName)]
struct JobsRow {
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

impl JobsRow {
    fn count(&self, status: JobStatus) -> u64 {
        number(match status {
            JobStatus::Queued => self.queued,
            JobStatus::Waiting => self.waiting,
            JobStatus::Running => self.running,
            JobStatus::Pass => self.pass,
            JobStatus::Fail => self.fail,
            JobStatus::Dead => self.dead,
            JobStatus::Unknown => self.unknown,
        })
    }
}

#[derive(QueryableByName)]
struct NodesRow {
    #[diesel(sql_type = Text)]
    machine_type: String,
    #[diesel(sql_type = Nullable<Bool>)]
    up: Option<bool>,
    #[diesel(sql_type = Bool)]
    locked: bool,
    #[diesel(sql_type = BigInt)]
    nodes: i64,
}

impl NodesRow {
    fn into_count(self) -> NodeCount {
        NodeCount { machine_type: self.machine_type, up: self.up, locked: self.locked, nodes: number(self.nodes) }
    }
}

struct QueueRow(QueueCount);

impl FromCells for QueueRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let (queue, jobs) = (there(cells.text()?)?, number(cells.count_of_rows()?));
        Ok(Self(QueueCount { queue, jobs, oldest: cells.time()? }))
    }
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
