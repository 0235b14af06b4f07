//! The same for a file of SQLite: its pages, its tables, its counts.

use std::path::Path;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use super::{Finding, not_compared};
use crate::DatabaseUrl;
use crate::adopt::AdoptError;
use crate::adopt::file::{look, open};
use crate::adopt::file_schema::Missing;
use crate::adopt::session::refused;
use crate::connection::AnyConnection;
use crate::migrations::missing;

pub(super) fn examine(url: &DatabaseUrl, file: &Path, counts: bool) -> Result<Vec<Finding>, AdoptError> {
    let mut connection = open(url, file)?;
    let pending = missing(&mut connection).map_err(refused("read which migrations have run"))?;
    let AnyConnection::Sqlite(mut connection) = connection else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    if !pending.is_empty() {
        let what = format!("have not run: {}: `paddles migrate` runs them", pending.join(", "));
        findings.push(Finding::problem("migrations", what));
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
    let found = look(&mut connection, counts)?;
    let made = |part: &Missing| format!("{} is missing: `paddles adopt` makes it", part.what);
    findings.extend(found.missing.iter().map(|part| Finding::problem("tables", made(part))));
    findings.extend(found.lacks.iter().chain(&found.other).map(|what| Finding::problem("tables", what.clone())));
    if counts && found.drift.is_none() {
        findings.push(not_compared());
    }
    let mended = |what: String| Finding::problem("counts", format!("{what}: `paddles adopt` mends it"));
    findings.extend(found.figures().into_iter().map(mended));
    Ok(findings)
}

fn texts(connection: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, AdoptError> {
    let rows: Vec<TextRow> = sql_query(sql).load(connection).map_err(refused("check the file"))?;
    Ok(rows.into_iter().filter_map(|row| row.value).collect())
}

fn number(connection: &mut SqliteConnection, sql: &str) -> Result<i64, AdoptError> {
    let row: NumberRow = sql_query(sql).get_result(connection).map_err(refused("check the file"))?;
    Ok(row.value)
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
