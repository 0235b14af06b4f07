//! COPY into Postgres, through psql, which comes with the server.

use std::io::{BufWriter, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use paddles_diesel::testing::server_binaries;

use super::{Loader, Table};
use crate::database::Database;
use crate::dataset::Cell;
use crate::error::{BenchError, doing};

/// Statements that bring indexes and keys back.
pub(super) struct Structure(Vec<String>);

/// Every constraint but those on single rows; foreign keys first, since they need the others.
const CONSTRAINTS: &str = "FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
    WHERE t.relnamespace = 'public'::regnamespace AND c.contype IN ('f', 'p', 'u') \
    AND t.relname <> '__diesel_schema_migrations'";

/// Indexes that belong to no constraint.
const INDEXES: &str = "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    WHERE t.relnamespace = 'public'::regnamespace \
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x'))";

/// Drops indexes and keys, whatever they are.
pub(super) fn take_off_structure(database: &mut Database) -> Result<Structure, BenchError> {
    let drop_constraints = database.texts(&format!(
        "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, c.conname) AS value {CONSTRAINTS} \
         ORDER BY c.contype <> 'f'"
    ))?;
    let add_constraints = database.texts(&format!(
        "SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid)) AS value \
         {CONSTRAINTS} ORDER BY c.contype = 'f'"
    ))?;
    let drop_indexes = database.texts(&format!("SELECT format('DROP INDEX %I', i.relname) AS value {INDEXES}"))?;
    let add_indexes = database.texts(&format!("SELECT pg_get_indexdef(i.oid) AS value {INDEXES}"))?;
    for statement in drop_constraints.iter().chain(&drop_indexes) {
        database.run(statement)?;
    }
    Ok(Structure(add_indexes.into_iter().chain(add_constraints).collect()))
}

/// Builds them again.
pub(super) fn put_back_structure(database: &mut Database, structure: &Structure) -> Result<(), BenchError> {
    database.run("SET maintenance_work_mem = '512MB'")?;
    structure.0.iter().try_for_each(|statement| database.run(statement))
}

/// Lets the numbers of new rows begin behind those that came in.
pub(super) fn set_sequences(database: &mut Database) -> Result<(), BenchError> {
    let statements = database.texts(
        "SELECT format('SELECT setval(%L, (SELECT max(%I) FROM %I))', s.oid::regclass, a.attname, t.relname) AS value \
         FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'a' JOIN pg_class t ON t.oid = d.refobjid \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
         WHERE s.relkind = 'S' AND t.relnamespace = 'public'::regnamespace",
    )?;
    statements.iter().try_for_each(|statement| database.run(statement))
}

/// One COPY for each table, all at once.
pub(super) struct Copies(Vec<Copy>);

struct Copy {
    table: &'static str,
    psql: Child,
    rows: BufWriter<ChildStdin>,
}

impl Copies {
    pub(super) fn start(url: &str, tables: &[Table]) -> Result<Self, BenchError> {
        let psql = server_binaries()?.join("psql");
        let start = |table: &Table| {
            let copy = format!("COPY {} ({}) FROM STDIN", table.name, table.columns.join(", "));
            let mut command = Command::new(&psql);
            command.args([url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &copy]).stdin(Stdio::piped());
            let mut psql = command.spawn().map_err(doing("start psql"))?;
            let rows = psql.stdin.take().ok_or_else(|| BenchError::Program {
                program: "psql".to_owned(),
                said: "it takes no input".to_owned(),
            })?;
            Ok(Copy { table: table.name, psql, rows: BufWriter::with_capacity(1 << 16, rows) })
        };
        tables.iter().map(start).collect::<Result<_, BenchError>>().map(Self)
    }

    pub(super) fn finish(self) -> Result<(), BenchError> {
        for Copy { table, mut psql, mut rows } in self.0 {
            rows.flush().map_err(doing(format!("copy into {table}")))?;
            drop(rows);
            let status = psql.wait().map_err(doing("wait for psql"))?;
            if !status.success() {
                return Err(BenchError::Program {
                    program: "psql".to_owned(),
                    said: format!("COPY {table}: {status}"),
                });
            }
        }
        Ok(())
    }
}

impl Loader for Copies {
    fn row(&mut self, table: Table, cells: &[Cell]) -> Result<(), BenchError> {
        let Some(copy) = self.0.iter_mut().find(|copy| copy.table == table.name) else {
            return Ok(());
        };
        let mut line = String::with_capacity(256);
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                line.push('\t');
            }
            push(&mut line, cell);
        }
        line.push('\n');
        copy.rows.write_all(line.as_bytes()).map_err(doing(format!("copy into {}", table.name)))
    }
}

/// In COPY's text format.
fn push(line: &mut String, cell: &Cell) {
    match cell {
        Cell::Null => line.push_str("\\N"),
        Cell::Boolean(truth) => line.push(if *truth { 't' } else { 'f' }),
        Cell::Integer(number) => line.push_str(&number.to_string()),
        Cell::Time(time) => line.push_str(&time.to_string()),
        Cell::Text(text) => {
            for character in text.chars() {
                match character {
                    '\\' => line.push_str("\\\\"),
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    other => line.push(other),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_escapes_what_it_reads_otherwise() {
        let mut line = String::new();
        push(&mut line, &Cell::from("a\\(b\tc\nd"));
        push(&mut line, &Cell::Null);
        push(&mut line, &Cell::from(true));
        assert_eq!(line, "a\\\\(b\\tc\\nd\\Nt");
    }
}
