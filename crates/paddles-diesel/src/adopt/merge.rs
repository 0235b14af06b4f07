//! Rows that say they are the same job of the same run, looked for and made one.
//!
//! The first row stays, with its number and the time at which it was posted. Its other values become those of the row that was
//! updated last, and where that one says nothing, of the one before. All rows are kept as they were in `merged_jobs`.

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName};

use super::AdoptError;
use super::catalog::{literal, quoted};
use super::counting::day_of;
use super::progress::Progress;
use super::session::{Session, TextRow, numbers, rows};
use super::watch::list;

/// Columns with JSON documents, in which the text `null` says nothing either.
const DOCUMENTS: [&str; 5] = ["kernel", "overrides", "roles", "targets", "tasks"];

/// Columns that all rows of a job share, or that stay.
const KEPT: [&str; 4] = ["id", "run_id", "job_id", "posted"];

/// How often rows are asked for that somebody holds: about ten minutes.
const ATTEMPTS: u32 = 2_000;

/// A job that several rows claim to be.
#[derive(Debug, Clone, QueryableByName)]
pub struct DuplicateJob {
    /// The number of its run.
    #[diesel(sql_type = Integer)]
    pub run_id: i32,
    /// The name of its run; `None` if the run is not there.
    #[diesel(sql_type = Nullable<Text>)]
    pub run: Option<String>,
    /// Its id.
    #[diesel(sql_type = Text)]
    pub job_id: String,
    /// How many rows.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

/// The table that keeps all rows as they were.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS merged_jobs \
    (merged timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'), kept integer NOT NULL, id integer NOT NULL, \
    run_id integer, job_id text, nodes integer[] NOT NULL, row jsonb NOT NULL)";

/// A column of a table that the lab made for itself, and whose values are numbers of jobs.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Reference {
    /// The table, as statements name it.
    #[diesel(sql_type = Text)]
    pub(super) table: String,
    /// The column, as statements name it.
    #[diesel(sql_type = Text)]
    column: String,
}

/// The columns of a lab's own tables that refer to jobs: what refers to a row that goes has to refer to the one that stays, or it
/// would go too, or keep it.
pub(super) fn references(session: &mut Session) -> Result<Vec<Reference>, AdoptError> {
    session.rows(
        "look for tables that refer to jobs",
        "SELECT CAST(CAST(link.conrelid AS regclass) AS text) AS \"table\", quote_ident(own.attname) AS \"column\" \
         FROM pg_constraint AS link \
         JOIN pg_attribute AS own ON own.attrelid = link.conrelid AND own.attnum = link.conkey[1] \
         JOIN pg_attribute AS theirs ON theirs.attrelid = link.confrelid AND theirs.attnum = link.confkey[1] \
         WHERE link.contype = 'f' AND link.confrelid = 'jobs'::regclass AND cardinality(link.conkey) = 1 \
         AND theirs.attname = 'id' AND link.conparentid = 0 AND link.conrelid <> 'job_nodes'::regclass ORDER BY 1, 2",
    )
}

/// The jobs that have several rows.
pub(super) fn find(session: &mut Session) -> Result<Vec<DuplicateJob>, AdoptError> {
    session.rows(
        "look for duplicate jobs",
        "SELECT twice.*, CAST(runs.name AS text) AS run FROM \
         (SELECT run_id, CAST(job_id AS text) AS job_id, count(*) AS rows FROM jobs \
         WHERE run_id IS NOT NULL AND job_id IS NOT NULL GROUP BY run_id, job_id HAVING count(*) > 1) AS twice \
         LEFT JOIN runs ON runs.id = twice.run_id ORDER BY twice.run_id, twice.job_id",
    )
}

/// Makes every job one row, and names those that were several. `follow` does in the same transaction what follows from that: it
/// is told of the job and of the rows as they were.
pub(super) fn merge_all(
    session: &mut Session,
    progress: &mut dyn Progress,
    follow: impl Fn(&mut PgConnection, &DuplicateJob, &[String]) -> QueryResult<()>,
) -> Result<Vec<DuplicateJob>, AdoptError> {
    let columns = session.texts(
        "list the columns of jobs",
        "SELECT attname::text AS value FROM pg_attribute WHERE attrelid = 'jobs'::regclass AND attnum > 0 AND NOT attisdropped \
         ORDER BY attnum",
    )?;
    let references = references(session)?;
    let mut merged = Vec::new();
    for (number, job) in find(session)?.into_iter().enumerate() {
        let mut attempts = 0;
        let rows = loop {
            let rows = session.change(|connection| {
                let (rows, days) = merge(connection, &job, &columns, &references)?;
                if rows > 1 {
                    follow(connection, &job, &days)?;
                }
                Ok(rows)
            })?;
            if let Some(rows) = rows {
                break rows;
            }
            let which = format!("job {} of run {}", job.job_id, job.run_id);
            attempts += 1;
            if attempts == ATTEMPTS {
                let holders = format!("whoever holds {which} ({})", session.refusal());
                return Err(AdoptError::Locked { table: "jobs".to_owned(), holders });
            }
            progress.wait(&format!("for {which}, which somebody holds ({})", session.refusal()));
            std::thread::sleep(std::time::Duration::from_millis(300));
        };
        if rows > 1 {
            merged.push(DuplicateJob { rows, ..job });
        }
        progress.reach(number as u64 + 1);
    }
    Ok(merged)
}

/// Says how many rows there were, and on which days they were posted.
fn merge(
    connection: &mut PgConnection,
    job: &DuplicateJob,
    columns: &[String],
    references: &[Reference],
) -> QueryResult<(i64, Vec<String>)> {
    let DuplicateJob { run_id, job_id, .. } = job;
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
    let Some((kept, others)) = rows.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Ok((rows.len().try_into().unwrap_or(1), Vec::new()));
    };
    let (all, others_list) = (list(&rows), list(others));
    let days = format!("SELECT DISTINCT {} AS value FROM jobs WHERE id IN ({all}) ORDER BY 1", day_of("posted"));
    let days = self::rows::<TextRow>(connection, &days)?.into_iter().filter_map(|row| row.value).collect();
    let values: Vec<String> = columns
        .iter()
        .filter(|column| !KEPT.contains(&column.as_str()))
        .map(|column| format!("{name} = latest.{name}", name = quoted(column)))
        .collect();
    let latest: Vec<String> =
        columns.iter().filter(|column| !KEPT.contains(&column.as_str())).map(|column| latest(column)).collect();
    for Reference { table, column } in references {
        connection.batch_execute(&format!("UPDATE {table} SET {column} = {kept} WHERE {column} IN ({others_list})"))?;
    }
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
    Ok((rows.len().try_into().unwrap_or(i64::MAX), days))
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
