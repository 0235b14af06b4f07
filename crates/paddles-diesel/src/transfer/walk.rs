//! Runs and jobs in the order of their rows.

use std::collections::HashMap;

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Job, NodeName, Run};
use paddles_repository::{PlacedJob, RecordId, RunCondition, Stored};

use crate::cells::{Cells, FromCells, there};
use crate::connection::{AnyConnection, Backend};
use crate::job_row::select_everything;
use crate::run_filter::Where;
use crate::run_row;
use crate::statement::{Bind, Statement, question_marks};

pub(super) fn runs(
    connection: &mut AnyConnection,
    conditions: &[RunCondition],
    after: Option<RecordId>,
    limit: u32,
) -> QueryResult<Vec<Stored<Run>>> {
    let clause = behind("runs.id > ?", conditions, after);
    let sql = format!("{}{} ORDER BY runs.id LIMIT ?", run_row::SELECT, clause.sql);
    Statement::unprepared(sql).binds(clause.binds).bind(i64::from(limit)).rows(connection)
}

pub(super) fn jobs(
    connection: &mut AnyConnection,
    conditions: &[RunCondition],
    after: Option<RecordId>,
    limit: u32,
) -> QueryResult<Vec<Stored<PlacedJob>>> {
    let clause = behind("jobs.id > ?", conditions, after);
    let sql = format!("{}{} ORDER BY jobs.id LIMIT ?", select_everything(), clause.sql);
    let jobs: Vec<Stored<Job>> =
        Statement::unprepared(sql).binds(clause.binds).bind(i64::from(limit)).rows(connection)?;
    let numbers: Vec<RecordId> = jobs.iter().map(|job| job.id).collect();
    let mut nodes: HashMap<RecordId, Vec<NodeName>> = HashMap::new();
    for link in links(connection, &numbers, "")? {
        nodes.entry(link.job).or_default().push(NodeName::from_stored(link.name));
    }
    let placed = |job: Stored<_>| {
        let nodes = nodes.remove(&job.id).unwrap_or_default();
        Stored { id: job.id, record: PlacedJob { job: job.record, nodes } }
    };
    Ok(jobs.into_iter().map(placed).collect())
}

fn behind(place: &str, conditions: &[RunCondition], after: Option<RecordId>) -> Where {
    let mut clause = Where::all(conditions);
    clause.and(place, [after.map_or(i32::MIN, |row| row.0).into()]);
    clause
}

/// Which of these jobs ran on which nodes, by the names of nodes; `lock` says what becomes of the nodes' rows.
pub(super) fn links(connection: &mut AnyConnection, jobs: &[RecordId], lock: &str) -> QueryResult<Vec<Link>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT job_nodes.job_id, nodes.id, nodes.name FROM job_nodes \
         JOIN nodes ON nodes.id = job_nodes.node_id WHERE job_nodes.job_id IN ({}) ORDER BY nodes.name{lock}",
        question_marks(jobs.len())
    );
    let mut links: Vec<Link> =
        Statement::unprepared(sql).binds(jobs.iter().map(|job| Bind::from(job.0))).rows(connection)?;
    // By bytes, whatever the database's collation.
    links.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(links)
}

/// A job and a node on which it ran.
pub(super) struct Link {
    pub(super) job: RecordId,
    pub(super) node: RecordId,
    pub(super) name: String,
}

impl FromCells for Link {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { job: cells.id()?, node: cells.id()?, name: there(cells.text()?)? })
    }
}
