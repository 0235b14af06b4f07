//! The same for a file of SQLite: its pages, its tables, its counts.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::MigrationHarness;

use super::Finding;
use crate::DatabaseUrl;
use crate::adopt::AdoptError;
use crate::adopt::drift::sqlite_drift;
use crate::adopt::session::refused;
use crate::connection::{AnyConnection, Connector};
use crate::migrations::{SQLITE, missing};

pub(super) fn examine(url: &DatabaseUrl, file: &Path, counts: bool) -> Result<Vec<Finding>, AdoptError> {
    // To open a file that is not there would make one.
    if !file.exists() {
        return Err(AdoptError::NoLab { missing: format!("runs, since {} is not there", file.display()) });
    }
    let connect = |source| AdoptError::Connect { url: url.to_string(), source };
    let mut connection = Connector::new(url.clone()).open().map_err(connect)?;
    let pending = missing(&mut connection).map_err(refused("read which migrations have run"))?;
    let AnyConnection::Sqlite(mut connection) = connection else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    if !pending.is_empty() {
        findings.push(Finding::problem("migrations", format!("have not run: {}", pending.join(", "))));
        return Ok(findings);
    }
    for what in texts(&mut connection, "SELECT quick_check AS value FROM pragma_quick_check")? {
        if what != "ok" {
            findings.push(Finding::problem("tables", format!("the file is damaged: {what}")));
        }
    }
    let loose = number(&mut connection, "SELECT count(*) AS value FROM pragma_foreign_key_check")?;
    if loose > 0 {
        findings.push(Finding::problem("rows", format!("{loose} rows refer to what is not there")));
    }
    let (declared, live) = (declared()?, schema(&mut connection)?);
    for (name, sql) in &declared {
        match live.get(name) {
            None => findings.push(Finding::problem("tables", format!("{name} is missing"))),
            Some(known) if known != sql => {
                findings.push(Finding::problem("tables", format!("{name} is {known}, not {sql}")));
            }
            Some(_) => {}
        }
    }
    if counts {
        for (what, query) in sqlite_drift() {
            let count = number(&mut connection, &query)?;
            if count > 0 {
                findings.push(Finding::problem("counts", format!("{count} {what}")));
            }
        }
    }
    Ok(findings)
}

/// What the migrations make, asked of an empty database in memory.
fn declared() -> Result<BTreeMap<String, String>, AdoptError> {
    let connect = |source| AdoptError::Connect { url: ":memory:".to_owned(), source };
    let mut connection = SqliteConnection::establish(":memory:").map_err(connect)?;
    connection
        .run_pending_migrations(SQLITE)
        .map_err(|error| refused("find out how tables should look")(diesel::result::Error::QueryBuilderError(error)))?;
    schema(&mut connection)
}

/// Tables, indexes and triggers, and how each was made.
fn schema(connection: &mut SqliteConnection) -> Result<BTreeMap<String, String>, AdoptError> {
    connection.batch_execute("SELECT 1").map_err(refused("read how tables look"))?;
    let rows: Vec<SchemaRow> = sql_query(
        "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )
    .load(connection)
    .map_err(refused("read how tables look"))?;
    let one_line = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(rows.into_iter().map(|row| (row.name, one_line(&row.sql))).collect())
}

fn texts(connection: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, AdoptError> {
    let rows: Vec<TextRow> = sql_query(sql).load(connection).map_err(refused("check the file"))?;
    Ok(rows.into_iter().filter_map(|row| row.value).collect())
}

fn number(connection: &mut SqliteConnection, sql: &str) -> Result<i64, AdoptError> {
    let row: NumberRow = sql_query(sql).get_result(connection).map_err(refused("compare counts"))?;
    Ok(row.value)
}

#[derive(QueryableByName)]
struct SchemaRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}
