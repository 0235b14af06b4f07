//! One row's INSERT on SQLite, prepared once for its table.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp, Untyped};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl, SqliteConnection};

use super::Table;
use crate::dataset::Cell;

pub(super) struct Insert<'a> {
    pub(super) table: Table,
    pub(super) cells: &'a [Cell],
}

impl QueryId for Insert<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Insert<'_> {
    type SqlType = Untyped;
}

impl RunQueryDsl<SqliteConnection> for Insert<'_> {}

impl QueryFragment<Sqlite> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table.name);
        out.push_sql(" (");
        out.push_sql(&self.table.columns.join(", "));
        out.push_sql(") VALUES (");
        for (place, cell) in self.cells.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            match cell {
                Cell::Null => out.push_bind_param::<Nullable<Text>, _>(&None::<String>)?,
                Cell::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Cell::Integer(number) => out.push_bind_param::<BigInt, _>(number)?,
                Cell::Boolean(truth) => out.push_bind_param::<Bool, _>(truth)?,
                Cell::Time(time) => out.push_bind_param::<Timestamp, _>(time)?,
            }
        }
        out.push_sql(")");
        Ok(())
    }
}
