//! Jobs by what stands in them.

use diesel::{QueryResult, RunQueryDsl};
use paddles_repository::Page;

use crate::connection::AnyConnection;
use crate::descriptions::{containing, contains};
use crate::node_jobs::JobNumber;
use crate::run_filter::Where;
use crate::statement::Statement;

/// How many of the latest jobs are looked through before descriptions are asked. What people look for is mostly recent and
/// frequent: then this is enough, whatever the size of history.
const LATEST: u32 = 5_000;

/// The jobs for which `clause` holds, newest first.
pub(crate) fn newest(jobs: &str, clause: Where, page: Page) -> Statement {
    let sql = format!(
        "SELECT jobs.id AS job FROM {jobs}{} ORDER BY jobs.posted DESC, jobs.id DESC LIMIT ? OFFSET ?",
        clause.sql
    );
    Statement::unprepared(sql).binds(clause.binds).bind(page.limit()).bind(page.offset())
}

/// Those of them whose description contains `part`.
pub(crate) fn described(
    connection: &mut AnyConnection,
    part: &str,
    clause: Where,
    page: Page,
) -> QueryResult<Vec<JobNumber>> {
    let latest = format!("(SELECT * FROM jobs ORDER BY posted DESC, id DESC LIMIT {LATEST}) AS jobs");
    let mut among_latest = clause.clone();
    among_latest.and("jobs.description LIKE ? ESCAPE '!'", [contains(part).as_str().into()]);
    let found: Vec<JobNumber> = newest(&latest, among_latest, page).load(connection)?;
    if i64::try_from(found.len()).is_ok_and(|count| count == page.limit()) {
        return Ok(found);
    }
    let (descriptions, binds) = containing(connection, part);
    let mut among_all = clause;
    among_all.and(&format!("jobs.description IN ({descriptions})"), binds);
    newest("jobs", among_all, page).load(connection)
}
