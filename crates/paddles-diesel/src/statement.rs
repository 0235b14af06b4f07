//! Statements that diesel's query language does not write, in SQL that both databases read.
//!
//! diesel prepares no update and no `sql_query` ahead; a [`Statement`] is prepared once per connection, since it says of
//! itself that its text is one of few.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamp as SqlTimestamp, Untyped};
use diesel::{OptionalExtension, QueryResult, RunQueryDsl};
use paddles_domain::{Timestamp, Value};

use crate::cells::{ByPlace, FromCells};
use crate::connection::{AnyConnection, Backend};

/// SQL with a `?` for each value.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    sql: Cow<'static, str>,
    binds: Vec<Bind>,
    keep: Keep,
    /// What others in the same round trip call the number of the row that it adds.
    called: Option<&'static str>,
}

/// Whether a connection keeps a statement prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Keep {
    Always,
    /// If its text is one of the first [`MOST_VARIED_TEXTS`] of their kind.
    Common,
    Never,
}

/// How many texts that depend on which keys a report has are kept prepared: reporters of one version send the same keys, and
/// each such text costs a connection some ten kilobytes.
const MOST_VARIED_TEXTS: usize = 64;

/// For how many things a statement is prepared: tests lock few machines at once.
const MOST_PREPARED: usize = 8;

static VARIED_TEXTS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// A value for a statement.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Text(Option<String>),
    Integer(Option<i32>),
    BigInt(i64),
    Boolean(Option<bool>),
    Time(Option<chrono::NaiveDateTime>),
}

impl Statement {
    /// A statement whose text is one of few, so that each connection keeps it prepared.
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), binds: Vec::new(), keep: Keep::Always, called: None }
    }

    /// A statement whose text depends on which keys a report has: kept prepared if that is common.
    pub(crate) fn varied(sql: String) -> Self {
        Self { keep: Keep::Common, ..Self::new(sql) }
    }

    /// A statement whose text depends on the request: kept prepared, such texts would pile up without end.
    pub(crate) fn unprepared(sql: String) -> Self {
        Self { keep: Keep::Never, ..Self::new(sql) }
    }

    /// A statement whose text depends on how many things it is about: kept prepared for the few that clients mostly name.
    pub(crate) fn for_some(count: usize, sql: String) -> Self {
        if count <= MOST_PREPARED { Self::new(sql) } else { Self::unprepared(sql) }
    }

    /// A statement that adds a row, whose number others in the same round trip find in `name`, on Postgres.
    pub(crate) fn called(self, name: &'static str) -> Self {
        Self { called: Some(name), ..self }
    }

    /// Gives the next `?` its value.
    pub(crate) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self
    }

    /// More text at its end.
    pub(crate) fn and(mut self, sql: &str) -> Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Gives the next `?`s their values.
    pub(crate) fn binds(mut self, values: impl IntoIterator<Item = Bind>) -> Self {
        self.binds.extend(values);
        self
    }

    /// Runs it; says how many rows it touched.
    pub(crate) fn run(self, connection: &mut AnyConnection) -> QueryResult<usize> {
        self.execute(connection)
    }

    /// Its rows.
    pub(crate) fn rows<T: FromCells>(self, connection: &mut AnyConnection) -> QueryResult<Vec<T>> {
        let rows: Vec<ByPlace<T>> = self.load(connection)?;
        Ok(rows.into_iter().map(|ByPlace(row)| row).collect())
    }

    /// Its one row, if there is one.
    pub(crate) fn row<T: FromCells>(self, connection: &mut AnyConnection) -> QueryResult<Option<T>> {
        let row: Option<ByPlace<T>> = self.get_result(connection).optional()?;
        Ok(row.map(|ByPlace(row)| row))
    }

    fn is_prepared(&self) -> bool {
        match self.keep {
            Keep::Always => true,
            Keep::Never => false,
            Keep::Common => {
                let mut kept = VARIED_TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
                let is_known = kept.contains(&*self.sql);
                is_known || kept.len() < MOST_VARIED_TEXTS && kept.insert(self.sql.clone().into_owned())
            }
        }
    }
}

/// Runs statements that change different rows, in one round trip to a database that is far away: there all of them see what
/// was before the first.
pub(crate) fn run_together(connection: &mut AnyConnection, mut statements: Vec<Statement>) -> QueryResult<()> {
    match connection {
        AnyConnection::Postgres(_) => match statements.pop() {
            None => Ok(()),
            Some(last) => joined(statements, last).run(connection).map(drop),
        },
        AnyConnection::Sqlite(_) => statements.into_iter().try_for_each(|part| part.run(connection).map(drop)),
    }
}

/// One statement of `parts` and `last`.
fn joined(parts: Vec<Statement>, last: Statement) -> Statement {
    if parts.is_empty() {
        return last;
    }
    let mut sql = String::from("WITH ");
    let mut whole = Statement { sql: "".into(), binds: Vec::new(), keep: last.keep, called: None };
    for (number, part) in parts.into_iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        let _ = match part.called {
            Some(name) => write!(sql, "{comma}{name} AS ({} RETURNING id)", part.sql),
            None => write!(sql, "{comma}part_{number} AS ({})", part.sql),
        };
        whole.binds.extend(part.binds);
        whole.keep = whole.keep.max(part.keep);
    }
    whole.sql = (sql + " " + &last.sql).into();
    whole.binds(last.binds)
}

/// One statement, for Postgres, that inserts the row of each of `inserts` if `guard` touches a row, and nothing otherwise; `last`
/// takes what one of them is called.
pub(crate) fn guarded(guard: Statement, inserts: Vec<Statement>, last: Statement) -> Option<Statement> {
    let guard = Statement { sql: format!("{} RETURNING 1", guard.sql).into(), ..guard };
    let only_then = inserts.into_iter().map(|insert| {
        let (into, values) = insert.sql.split_once(" VALUES (")?;
        let (values, rest) = values.split_once(')')?;
        Some(Statement { sql: format!("{into} SELECT {values} FROM part_0{rest}").into(), ..insert })
    });
    let mut parts = vec![guard];
    parts.extend(only_then.collect::<Option<Vec<_>>>()?);
    Some(joined(parts, last))
}

/// `count` question marks for a list of values.
pub(crate) fn question_marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl RunQueryDsl<AnyConnection> for Statement {}

impl QueryFragment<Backend> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_prepared() {
            out.unsafe_to_cache_prepared();
        }
        let mut texts = self.sql.split('?');
        out.push_sql(texts.next().unwrap_or_default());
        for (bind, text) in self.binds.iter().zip(texts) {
            match bind {
                Bind::Text(value) => out.push_bind_param::<Nullable<Text>, _>(value)?,
                Bind::Integer(value) => out.push_bind_param::<Nullable<Integer>, _>(value)?,
                Bind::BigInt(value) => out.push_bind_param::<BigInt, _>(value)?,
                Bind::Boolean(value) => out.push_bind_param::<Nullable<Bool>, _>(value)?,
                Bind::Time(value) => out.push_bind_param::<Nullable<SqlTimestamp>, _>(value)?,
            }
            out.push_sql(text);
        }
        Ok(())
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Bind {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Bind {
    fn from(number: i32) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i32>> for Bind {
    fn from(number: Option<i32>) -> Self {
        Self::Integer(number)
    }
}

impl From<i64> for Bind {
    fn from(number: i64) -> Self {
        Self::BigInt(number)
    }
}

impl From<Timestamp> for Bind {
    fn from(time: Timestamp) -> Self {
        Self::Time(Some(time.to_utc()))
    }
}

impl From<Option<Timestamp>> for Bind {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Time(time.map(Timestamp::to_utc))
    }
}

impl From<Value> for Bind {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(Some(text)),
            Value::Integer(number) => Self::Integer(Some(number)),
            Value::Boolean(truth) => Self::Boolean(Some(truth)),
            Value::Document(document) => Self::Text(Some(document.as_json().to_owned())),
            Value::Time(time) => time.into(),
        }
    }
}
