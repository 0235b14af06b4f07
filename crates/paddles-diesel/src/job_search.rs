//! Jobs by what stands in them.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_repository::{HistoryPage, Place};

use crate::cells::{Cells, FromCells};
use crate::connection::{AnyConnection, Backend};
use crate::descriptions::{containing, contains};
use crate::history::History;
use crate::run_filter::Where;
use crate::statement::Statement;

/// The order in which jobs are found.
pub(crate) const BY_POSTING: History =
    History { select: "SELECT jobs.id, jobs.posted FROM jobs", table: "jobs", time: "jobs.posted", id: "jobs.id" };

/// How many of the latest jobs are looked through before descriptions are asked. What people look for is mostly recent and
/// frequent: then this is enough, whatever the size of history.
const LATEST: u32 = 5_000;

/// The jobs for which `clause` holds and whose description contains `part`.
pub(crate) fn described(
    connection: &mut AnyConnection,
    part: &str,
    clause: &Where,
    page: HistoryPage,
) -> QueryResult<Vec<Place>> {
    let found = among_latest(connection, part, clause, page).rows(connection)?;
    if found.len() as u64 >= page.limit().unsigned_abs() {
        return Ok(found);
    }
    let (descriptions, binds) = containing(connection, part);
    let mut among_all = clause.clone();
    among_all.and(&format!("jobs.description IN ({descriptions})"), binds);
    BY_POSTING.page(connection, &among_all, page)
}

/// Those among the latest jobs, or the latest behind the page's place.
fn among_latest(connection: &AnyConnection, part: &str, clause: &Where, page: HistoryPage) -> Statement {
    let mut behind = Where::all(&[]);
    if let Some(place) = page.place() {
        let (sql, binds) = BY_POSTING.nearest(connection, place);
        behind.and(&sql, binds);
    }
    let mut clause = clause.clone();
    clause.and("jobs.description LIKE ? ESCAPE '!'", [contains(part).as_str().into()]);
    let sql = format!(
        "SELECT jobs.id, jobs.posted FROM (SELECT * FROM jobs{} ORDER BY posted DESC, id DESC LIMIT {LATEST}) AS jobs{} \
         ORDER BY jobs.posted DESC, jobs.id DESC LIMIT ? OFFSET ?",
        behind.sql, clause.sql
    );
    let latest = Statement::unprepared(sql).binds(behind.binds).binds(clause.binds);
    latest.bind(page.limit()).bind(page.offset())
}

impl FromCells for Place {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { id: cells.id()?, time: cells.time()? })
    }
}
