//! Indexes: built one at a time, while everybody reads and writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};

use super::AdoptError;
use super::catalog::{Index, quoted};
use super::progress::Progress;
use super::session::{Session, refused, rows};
use crate::DatabaseUrl;
use crate::connection::{AnyConnection, Connector};

/// How often the database is asked how far an index is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Gives an index that is right the name that it has here.
pub(super) fn rename(
    session: &mut Session,
    progress: &mut dyn Progress,
    table: &str,
    (from, to): (&str, &str),
) -> Result<(), AdoptError> {
    let sql = format!("ALTER INDEX {} RENAME TO {}", quoted(from), quoted(to));
    session.alter(progress, &[table], "SHARE UPDATE EXCLUSIVE", &format!("rename the index {from}"), &sql)
}

/// Drops what a build that broke off has left.
pub(super) fn drop_broken(session: &mut Session, name: &str) -> Result<(), AdoptError> {
    session
        .run(&format!("drop the invalid index {name}"), &format!("DROP INDEX CONCURRENTLY IF EXISTS {}", quoted(name)))
}

/// Builds an index while everybody reads and writes. `false`: some rows have the same key, and nothing was built.
pub(super) fn build(
    session: &mut Session,
    progress: &mut dyn Progress,
    url: &DatabaseUrl,
    table: &str,
    index: &Index,
) -> Result<bool, AdoptError> {
    let sql = index.create(table, true);
    match watched(session, progress, url, &sql) {
        Ok(()) => Ok(true),
        Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) => {
            drop_broken(session, &index.name)?;
            Ok(false)
        }
        Err(error) => {
            drop_broken(session, &index.name).ok();
            Err(refused(&format!("build the index {}", index.name))(error))
        }
    }
}

/// Builds the indexes again that a change of columns has put aside, unless the same index is there.
pub(super) fn restore(
    session: &mut Session,
    progress: &mut dyn Progress,
    url: &DatabaseUrl,
    kept: &KeptIndex,
) -> Result<(), AdoptError> {
    let KeptIndex { name, definition, .. } = kept;
    let concurrently = definition.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
    // What an earlier attempt left is invalid; a valid one is done.
    let is_there = session.rows::<ValidRow>(
        "look for an index",
        &format!(
            "SELECT CAST(count(*) FILTER (WHERE indisvalid) AS bigint) AS valid, count(*) AS there FROM pg_index \
         WHERE indexrelid = to_regclass('{}')",
            quoted(name)
        ),
    )?;
    let is_valid = is_there.iter().any(|row| row.valid > 0);
    if is_there.iter().any(|row| row.valid == 0 && row.there > 0) {
        drop_broken(session, name)?;
    }
    if !is_valid {
        watched(session, progress, url, &concurrently).map_err(refused(&format!("build the index {name} again")))?;
    }
    session.run("note an index", &format!("DELETE FROM adoption_indexes WHERE name = '{}'", name.replace('\'', "''")))
}

/// An index that was put aside.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct KeptIndex {
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) definition: String,
}

/// The indexes that are put aside now.
pub(super) fn kept(session: &mut Session) -> Result<Vec<KeptIndex>, AdoptError> {
    if !session.has_table("adoption_indexes")? {
        return Ok(Vec::new());
    }
    session.rows("read which indexes are put aside", "SELECT name, definition FROM adoption_indexes ORDER BY name")
}

/// Runs a statement that builds an index, and tells meanwhile how far it is, as another connection sees it.
fn watched(
    session: &mut Session,
    progress: &mut dyn Progress,
    url: &DatabaseUrl,
    sql: &str,
) -> diesel::QueryResult<()> {
    let process = rows::<CountRow>(&mut session.connection, "SELECT CAST(pg_backend_pid() AS bigint) AS value")?;
    let process = process.first().map_or(0, |row| row.value);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_done = &is_done;
        scope.spawn(move || tell(url, process, is_done, progress));
        let built = session.connection.batch_execute(sql);
        is_done.store(true, Ordering::Relaxed);
        built
    })
}

/// Without this connection the bar stands still, and the index is built all the same.
fn tell(url: &DatabaseUrl, process: i64, is_done: &AtomicBool, progress: &mut dyn Progress) {
    let Ok(AnyConnection::Postgres(mut other)) = Connector::new(url.clone()).open() else { return };
    let sql = format!(
        "SELECT phase AS what, CASE WHEN phase LIKE 'building index%' THEN tuples_done ELSE 0 END AS tuples, \
         CAST(current_locker_pid AS bigint) AS locker FROM pg_stat_progress_create_index WHERE pid = {process}"
    );
    while !is_done.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        for row in rows::<BuildRow>(&mut other, &sql).unwrap_or_default() {
            if row.tuples > 0 {
                progress.reach(row.tuples.unsigned_abs());
            }
            if row.what.starts_with("waiting") && row.locker > 0 {
                progress.wait(&format!("{}: process {}", row.what, row.locker));
            }
        }
    }
}

#[derive(QueryableByName)]
struct BuildRow {
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = BigInt)]
    tuples: i64,
    #[diesel(sql_type = BigInt)]
    locker: i64,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct ValidRow {
    #[diesel(sql_type = BigInt)]
    valid: i64,
    #[diesel(sql_type = BigInt)]
    there: i64,
}
