//! What a file of SQLite says of its own tables, and what the migrations would have made.

use diesel::sql_types::Text;
use diesel::{Connection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::MigrationHarness;

use super::AdoptError;
use super::session::refused;
use crate::migrations::SQLITE;

/// A table, an index or a trigger.
#[derive(Debug, QueryableByName)]
pub(super) struct Part {
    /// Which of the three.
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    /// Its table, or that of the index or trigger.
    #[diesel(sql_type = Text)]
    of_table: String,
    /// The statement that made it.
    #[diesel(sql_type = Text)]
    sql: String,
    /// The names of a table's columns, a line each.
    #[diesel(sql_type = Text)]
    columns: String,
}

/// Something that is missing, and the statements that make it, with what belongs to it, in their order.
pub(crate) struct Missing {
    pub(crate) what: String,
    pub(super) sql: Vec<String>,
}

impl Missing {
    pub(super) fn is_table(&self) -> bool {
        self.what.starts_with("table ")
    }
}

/// How a file differs from what the migrations make.
#[derive(Default)]
pub(super) struct FileDifferences {
    pub(super) missing: Vec<Missing>,
    /// Columns that are missing, in sentences.
    pub(super) lacks: Vec<String>,
    /// What is made in another way than it should be, in sentences.
    pub(super) other: Vec<String>,
}

/// Compares. Tables come first, then indexes, then triggers.
pub(super) fn differences(connection: &mut SqliteConnection) -> Result<FileDifferences, AdoptError> {
    let read = refused("read how tables look");
    let (declared, live) = (declared()?, parts(connection).map_err(read)?);
    let is_there = |kind: &str, name: &str| live.iter().find(|known| known.kind == kind && known.name == name);
    let mut found = FileDifferences::default();
    for part in &declared {
        let known = is_there(&part.kind, &part.name);
        match known {
            None if part.kind == "table" => {
                let with_it = declared.iter().filter(|one| one.of_table == part.name);
                let sql = with_it.filter(|one| is_there(&one.kind, &one.name).is_none()).map(|one| one.sql.clone());
                found.missing.push(Missing { what: part.to_string(), sql: sql.collect() });
            }
            None if is_there("table", &part.of_table).is_some() => {
                found.missing.push(Missing { what: part.to_string(), sql: vec![part.sql.clone()] });
            }
            Some(known) if one_line(&known.sql) != one_line(&part.sql) => {
                let lacks = part.columns.lines().filter(|name| known.columns.lines().all(|known| known != *name));
                let lacks: Vec<String> = lacks.map(|name| format!("column {}.{name} is missing", part.name)).collect();
                if lacks.is_empty() {
                    found.other.push(format!("{part} is {}, not {}", one_line(&known.sql), one_line(&part.sql)));
                }
                found.lacks.extend(lacks);
            }
            // What belongs to a table that is missing is made with it.
            None | Some(_) => {}
        }
    }
    Ok(found)
}

/// What the migrations make, asked of an empty database in memory.
fn declared() -> Result<Vec<Part>, AdoptError> {
    let doing = "find out how tables should look";
    let connect = |source| AdoptError::Connect { url: ":memory:".to_owned(), source };
    let mut connection = SqliteConnection::establish(":memory:").map_err(connect)?;
    connection
        .run_pending_migrations(SQLITE)
        .map_err(|error| refused(doing)(diesel::result::Error::QueryBuilderError(error)))?;
    parts(&mut connection).map_err(refused(doing))
}

/// The tables in which the search index keeps its own come and go with it.
fn parts(connection: &mut SqliteConnection) -> QueryResult<Vec<Part>> {
    sql_query(
        "SELECT type AS kind, name, tbl_name AS of_table, sql, \
         coalesce(CASE WHEN type = 'table' THEN (SELECT group_concat(c.name, char(10)) FROM pragma_table_info(m.name) AS c) END, '') \
         AS columns FROM sqlite_master AS m WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
         AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') \
         ORDER BY type = 'table' DESC, type = 'index' DESC, m.rowid",
    )
    .load(connection)
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
