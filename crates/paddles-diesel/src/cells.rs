//! The cells of a row from left to right. Reading by place costs a fraction of what looking each column up by its name does,
//! and pages of runs have thousands of cells.

use chrono::NaiveDateTime;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::result::UnexpectedNullError;
use diesel::row::{Field, NamedRow, Row};
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamp as SqlTimestamp};
use paddles_domain::Timestamp;
use paddles_repository::RecordId;

use crate::connection::Backend;

/// More microseconds than any time has that can be read, and than the digits of a text in a file would be.
const FAR_AWAY: i64 = 8_000_000_000_000_000_000;
const FAR_PAST: i64 = -FAR_AWAY;

/// What is read of a row, in the order of its `SELECT`.
pub(crate) trait FromCells: Sized + 'static {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self>;
}

/// The cells of a row that are still to be read.
pub(crate) struct Cells<'r, R> {
    row: &'r R,
    next: usize,
}

impl<'a, R: Row<'a, Backend>> Cells<'_, R> {
    /// How many cells the row has.
    pub(crate) fn count(&self) -> usize {
        self.row.field_count()
    }

    /// Whether the next cell is of this column.
    pub(crate) fn next_is(&self, column: &str) -> bool {
        Row::get(self.row, self.next).is_some_and(|field| field.field_name() == Some(column))
    }

    pub(crate) fn text(&mut self) -> deserialize::Result<Option<String>> {
        self.take::<String, Text>()
    }

    pub(crate) fn integer(&mut self) -> deserialize::Result<Option<i32>> {
        self.take::<i32, Integer>()
    }

    pub(crate) fn boolean(&mut self) -> deserialize::Result<Option<bool>> {
        self.take::<bool, Bool>()
    }

    pub(crate) fn time(&mut self) -> deserialize::Result<Option<Timestamp>> {
        let place = self.next;
        match self.take::<NaiveDateTime, SqlTimestamp>() {
            Ok(time) => Ok(time.map(Timestamp::from_utc)),
            Err(source) => self.far_away(place).map(Some).ok_or(source),
        }
    }

    /// The first or last moment, for a time of Postgres that is beyond what can be read: `infinity`, and years far off. It sends
    /// a time as a number of microseconds.
    fn far_away(&self, place: usize) -> Option<Timestamp> {
        let field = Row::get(self.row, place)?;
        let micros: i64 = FromSql::<BigInt, Backend>::from_sql(field.value()?).ok()?;
        let far = match micros {
            FAR_AWAY.. => NaiveDateTime::MAX,
            ..=FAR_PAST => NaiveDateTime::MIN,
            _ => return None,
        };
        Some(Timestamp::from_utc(far))
    }

    /// A number of 64 bits.
    pub(crate) fn count_of_rows(&mut self) -> deserialize::Result<i64> {
        there(self.take::<i64, BigInt>()?)
    }

    /// The number of a row.
    pub(crate) fn id(&mut self) -> deserialize::Result<RecordId> {
        Ok(RecordId(there(self.integer()?)?))
    }

    fn take<T: FromSql<S, Backend>, S>(&mut self) -> deserialize::Result<Option<T>> {
        let field = Row::get(self.row, self.next).ok_or("the row is too short")?;
        self.next += 1;
        field.value().map(T::from_sql).transpose()
    }
}

/// The value of a cell that is never null.
pub(crate) fn there<T>(value: Option<T>) -> deserialize::Result<T> {
    value.ok_or_else(|| UnexpectedNullError.into())
}

/// A row that is read by place.
pub(crate) struct ByPlace<T>(pub(crate) T);

impl<T: FromCells> QueryableByName<Backend> for ByPlace<T> {
    fn build<'a>(row: &impl NamedRow<'a, Backend>) -> deserialize::Result<Self> {
        T::from_cells(&mut Cells { row, next: 0 }).map(Self)
    }
}

impl FromCells for RecordId {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        cells.id()
    }
}

impl FromCells for Option<RecordId> {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(cells.integer()?.map(RecordId))
    }
}

impl FromCells for Option<String> {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        cells.text()
    }
}

impl FromCells for i64 {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        cells.count_of_rows()
    }
}
