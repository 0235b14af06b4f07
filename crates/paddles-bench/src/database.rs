//! The benchmark's own connection to the database, past the service.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use paddles_diesel::DatabaseUrl;

use crate::error::BenchError;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(crate) enum Database {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Database {
    pub(crate) fn connect(url: &DatabaseUrl) -> Result<Self, BenchError> {
        Ok(match url {
            DatabaseUrl::Postgres(url) => Self::Postgres(PgConnection::establish(url)?),
            DatabaseUrl::Sqlite(file) => {
                let mut connection = SqliteConnection::establish(&file.to_string_lossy())?;
                connection.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA journal_mode = wal")?;
                Self::Sqlite(connection)
            }
        })
    }

    /// Runs statements that answer nothing.
    pub(crate) fn run(&mut self, statements: &str) -> Result<(), BenchError> {
        Ok(self.batch_execute(statements)?)
    }

    /// The column `value` of a query.
    pub(crate) fn texts(&mut self, query: &str) -> Result<Vec<String>, BenchError> {
        let rows: Vec<TextRow> = sql_query(query).load(self)?;
        Ok(rows.into_iter().map(|row| row.value).collect())
    }
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}
