//! Jobs by what stands in them.

use chrono::NaiveDateTime;
use diesel::sql_types::{Integer, Nullable, Timestamp as SqlTimestamp};
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
use paddles_domain::Timestamp;
use paddles_repository::{HistoryPage, Place, RecordId};

use crate::connection::AnyConnection;
use crate::descriptions::{containing, contains};
use crate::history::History;
use crate::run_filter::Where;
use crate::statement::Statement;

/// The order in which jobs are found.
pub(crate) const BY_POSTING: History =
    History { select: "SELECT jobs.id, jobs.posted FROM jobs", time: "jobs.posted", id: "jobs.id" };

/// How many of the latest jobs are looked through before descriptions are asked. What people look for is mostly recent and
/// frequent: then this is enough, whatever the size of history.
const LATEST: u32 = 5_000;

/// The jobs for which `clause` holds and whose description contains `part`.
pub(crate) fn described(
    connection: &mut AnyConnection,
    part: &str,
    clause: &Where,
    page: HistoryPage,
) -> QueryResult<Vec<PlaceRow>> {
    let found = load_places(among_latest(part, clause, page), connection)?;
    if found.len() as u64 >= page.limit().unsigned_abs() {
        return Ok(found);
    }
    let (descriptions, binds) = containing(connection, part);
    let mut among_all = clause.clone();
    among_all.and(&format!("jobs.description IN ({descriptions})"), binds);
    BY_POSTING.page(connection, &among_all, page, load_places)
}

/// Those among the latest jobs, or the latest behind the page's place.
fn among_latest(part: &str, clause: &Where, page: HistoryPage) -> Statement {
    let mut behind = Where::all(&[]);
    if let Some(Place { time, id: RecordId(number) }) = page.place() {
        behind.and("(posted, id) < (?, ?)", [time.into(), number.into()]);
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

pub(crate) fn load_places(jobs: Statement, connection: &mut AnyConnection) -> QueryResult<Vec<PlaceRow>> {
    jobs.load(connection)
}

/// Where a job stands in history.
#[derive(QueryableByName)]
pub(crate) struct PlaceRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    posted: Option<NaiveDateTime>,
}

impl PlaceRow {
    pub(crate) fn into_place(self) -> Place {
        Place { time: self.posted.map(Timestamp::from_utc), id: RecordId(self.id) }
    }
}
