//! Rows that say they are the same job of the same run, made one.
//!
//! The first row stays, with its number and the time at which it was posted. Its other values become those of the row that was
//! updated last, and where that one says nothing, of the one before. All rows are kept as they were in `merged_jobs`.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Text};
use diesel::{PgConnection, QueryResult, QueryableByName};

use super::AdoptError;
use super::catalog::{literal, quoted};
use super::progress::Progress;
use super::session::{Session, numbers};
use super::watch::list;

/// Columns with JSON documents, in which the text `null` says nothing either.
const DOCUMENTS: [&str; 5] = ["kernel", "overrides", "roles", "targets", "tasks"];

/// Columns that all rows of a job share, or that stay.
const KEPT: [&str; 4] = ["id", "run_id", "job_id", "posted"];

/// What several rows claim to be.
#[derive(Debug, Clone, QueryableByName)]
struct Group {
    #[diesel(sql_type = Integer)]
    run_id: i32,
    #[diesel(sql_type = Text)]
    job_id: String,
}

/// Makes every job one row; says how many rows are gone.
pub(super) fn merge_all(session: &mut Session, progress: &mut dyn Progress) -> Result<u64, AdoptError> {
    let columns = session.texts(
        "list the columns of jobs",
        "SELECT attname::text AS value FROM pg_attribute WHERE attrelid = 'jobs'::regclass AND attnum > 0 AND NOT attisdropped \
         ORDER BY attnum",
    )?;
    let groups: Vec<Group> = session.rows(
        "look for duplicate jobs",
        "SELECT run_id, CAST(job_id AS text) AS job_id FROM jobs WHERE run_id IS NOT NULL AND job_id IS NOT NULL \
         GROUP BY run_id, job_id HAVING count(*) > 1 ORDER BY run_id, job_id",
    )?;
    let mut gone = 0;
    for (number, group) in groups.iter().enumerate() {
        let merged = loop {
            if let Some(merged) = session.change(|connection| merge(connection, group, &columns))? {
                break merged;
            }
            progress.wait(&format!("for job {} of run {}, which somebody holds", group.job_id, group.run_id));
            std::thread::sleep(std::time::Duration::from_millis(300));
        };
        gone += merged;
        progress.reach(number as u64 + 1);
    }
    Ok(gone)
}

fn merge(connection: &mut PgConnection, group: &Group, columns: &[String]) -> QueryResult<u64> {
    let Group { run_id, job_id } = group;
    // The run first, as everybody does.
    numbers(
        connection,
        &format!("SELECT CAST(id AS bigint) AS value FROM runs WHERE id = {run_id} FOR NO KEY UPDATE"),
    )?;
    let rows = numbers(
        connection,
        &format!(
            "SELECT CAST(id AS bigint) AS value FROM jobs WHERE run_id = {run_id} AND job_id = {} ORDER BY id FOR UPDATE",
            literal(job_id)
        ),
    )?;
    let Some((kept, others)) = rows.split_first().filter(|(_, others)| !others.is_empty()) else { return Ok(0) };
    let (all, others_list) = (list(&rows), list(others));
    let values: Vec<String> = columns
        .iter()
        .filter(|column| !KEPT.contains(&column.as_str()))
        .map(|column| format!("{name} = latest.{name}", name = quoted(column)))
        .collect();
    let latest: Vec<String> =
        columns.iter().filter(|column| !KEPT.contains(&column.as_str())).map(|column| latest(column)).collect();
    connection.batch_execute(&format!(
        "INSERT INTO merged_jobs (kept, id, run_id, job_id, nodes, row) SELECT {kept}, id, run_id, job_id, \
         array(SELECT node_id FROM job_nodes WHERE job_nodes.job_id = jobs.id ORDER BY node_id), to_jsonb(jobs) \
         FROM jobs WHERE id IN ({all}) ORDER BY id; \
         UPDATE jobs SET posted = latest.posted, {values} FROM \
         (SELECT min(posted) AS posted, {latest} FROM jobs WHERE id IN ({all})) AS latest WHERE jobs.id = {kept}; \
         INSERT INTO job_nodes (node_id, job_id) SELECT DISTINCT node_id, {kept} FROM job_nodes AS gone \
         WHERE job_id IN ({others_list}) AND NOT EXISTS \
         (SELECT FROM job_nodes AS there WHERE there.job_id = {kept} AND there.node_id = gone.node_id); \
         DELETE FROM job_nodes WHERE job_id IN ({others_list}); DELETE FROM jobs WHERE id IN ({others_list})",
        values = values.join(", "),
        latest = latest.join(", "),
    ))?;
    Ok(others.len() as u64)
}

/// The value of the row that was updated last, of those that have one.
fn latest(column: &str) -> String {
    let name = quoted(column);
    let of = |condition: &str| {
        format!("(array_agg({name} ORDER BY updated DESC NULLS LAST, id DESC) FILTER (WHERE {condition}))[1]")
    };
    let is_told = of(&format!("{name} IS NOT NULL"));
    if DOCUMENTS.contains(&column) {
        format!("coalesce({}, {is_told}) AS {name}", of(&format!("{name} <> 'null'")))
    } else {
        format!("{is_told} AS {name}")
    }
}
