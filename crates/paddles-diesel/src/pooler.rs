//! A pooler between the service and Postgres.

use std::fmt;
use std::str::FromStr;

use diesel::sql_types::BigInt;
use diesel::{ConnectionError, QueryResult, QueryableByName, RunQueryDsl};

use crate::connection::{AnyConnection, Connector};
use crate::statement::Statement;

/// How a connection of ours reaches Postgres.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pooler {
    /// It is a session: straight to the server, or through a pooler in session mode.
    #[default]
    None,
    /// It is lent a session for each transaction, as pgBouncer does in transaction mode: nothing may be kept in one.
    Transaction,
}

impl fmt::Display for Pooler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Transaction => "transaction",
        })
    }
}

impl FromStr for Pooler {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::None, Self::Transaction].into_iter().find(|pooler| pooler.to_string() == word).ok_or(())
    }
}

/// A busy pooler may give the same session to two connections only sometimes.
const LOOKS: usize = 5;

/// Whether two connections that are open at once were seen in one session: then a pooler in transaction mode is between.
pub(crate) fn shares_sessions(connector: &Connector) -> Result<bool, ConnectionError> {
    let (mut one, mut other) = (connector.open()?, connector.open()?);
    for _ in 0..LOOKS {
        // Whoever does not answer is told so later, with what was asked of it.
        if let (Ok(Some(one)), Ok(Some(other))) = (session(&mut one), session(&mut other))
            && one == other
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number of the session that a connection has at this moment; an SQLite file has none.
fn session(connection: &mut AnyConnection) -> QueryResult<Option<i64>> {
    if matches!(connection, AnyConnection::Sqlite(_)) {
        return Ok(None);
    }
    let asked = Statement::unprepared("SELECT CAST(pg_backend_pid() AS bigint) AS number".to_owned());
    let Session { number } = asked.get_result(connection)?;
    Ok(Some(number))
}

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = BigInt)]
    number: i64,
}
