//! Lists that go back in time, newest first, read by number or from a place on.
//!
//! A page behind a place is a range of an index, so the last page of a long list costs what the first one does.

use chrono::NaiveDateTime;
use diesel::QueryResult;
use paddles_domain::Timestamp;
use paddles_repository::{HistoryPage, Place, RecordId};

use crate::cells::FromCells;
use crate::connection::AnyConnection;
use crate::run_filter::Where;
use crate::statement::{Bind, Statement};

/// A list, ordered by `time` and then `id`.
pub(crate) struct History {
    pub(crate) select: &'static str,
    pub(crate) table: &'static str,
    pub(crate) time: &'static str,
    pub(crate) id: &'static str,
}

impl History {
    /// The rows of `page`, among those for which `clause` holds.
    pub(crate) fn page<R: FromCells>(
        &self,
        connection: &mut AnyConnection,
        clause: &Where,
        page: HistoryPage,
    ) -> QueryResult<Vec<R>> {
        let Self { select, time, id, .. } = self;
        let mut rows = Vec::new();
        for clause in self.stretches(connection, clause, page.place()) {
            let sql = format!("{select}{} ORDER BY {time} DESC, {id} DESC LIMIT ? OFFSET ?", clause.sql);
            let missing = page.limit().saturating_sub_unsigned(rows.len() as u64);
            let statement = Statement::varied(sql).binds(clause.binds).bind(missing).bind(page.offset());
            rows.extend(statement.rows(connection)?);
            if rows.len() as u64 >= page.limit().unsigned_abs() {
                break;
            }
        }
        Ok(rows)
    }

    /// What is behind `place`, in order. Rows without a time come first on Postgres and last on SQLite; a condition that
    /// said so with an `OR` would be looked up in no index.
    fn stretches(&self, connection: &AnyConnection, clause: &Where, place: Option<Place>) -> Vec<Where> {
        let with = |(sql, binds): (String, Vec<Bind>)| {
            let mut clause = clause.clone();
            clause.and(&sql, binds);
            clause
        };
        let Some(place) = place else { return vec![clause.clone()] };
        let nearest = with(self.nearest(connection, place));
        let time = self.time;
        match (place.time, connection) {
            (Some(_), AnyConnection::Sqlite(_)) => vec![nearest, with((format!("{time} IS NULL"), vec![]))],
            (None, AnyConnection::Postgres(_)) => vec![nearest, with((format!("{time} IS NOT NULL"), vec![]))],
            _ => vec![nearest],
        }
    }

    /// What is behind `place` among the rows that have a time, or among those that have none.
    pub(crate) fn nearest(&self, connection: &AnyConnection, place: Place) -> (String, Vec<Bind>) {
        let Self { table, time, id, .. } = self;
        let Place { time: moment, id: RecordId(number) } = place;
        let Some(moment) = moment else { return (format!("{time} IS NULL AND {id} < ?"), vec![number.into()]) };
        match (beyond(moment), connection) {
            (Some((is_beyond, end)), AnyConnection::Postgres(_)) => {
                let stored = format!("SELECT {time} FROM {table} WHERE {id} = ? AND {time} {is_beyond} ?");
                let sql = format!("({time}, {id}) < (coalesce(({stored}), '{end}'), ?)");
                (sql, vec![number.into(), moment.into(), number.into()])
            }
            _ => (format!("({time}, {id}) < (?, ?)"), vec![moment.into(), number.into()]),
        }
    }
}

/// How Postgres finds times that are shown as this one and lie beyond it, and the last of them. Where one of those is shown, its row
/// alone tells where it stands; one that is gone stood at the end, since hardly any other such time is ever stored.
fn beyond(moment: Timestamp) -> Option<(&'static str, &'static str)> {
    let ends = [(NaiveDateTime::MIN, "<=", "-infinity"), (NaiveDateTime::MAX, ">=", "infinity")];
    let (_, is_beyond, end) = ends.into_iter().find(|(end, ..)| Timestamp::from_utc(*end) == moment)?;
    Some((is_beyond, end))
}
