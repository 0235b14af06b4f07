//! Inserts into an SQLite file, many in a transaction.

use diesel::RunQueryDsl;

use super::insert::Insert;
use super::{Loader, Table};
use crate::database::Database;
use crate::dataset::Cell;
use crate::error::BenchError;

/// Rows of one transaction: few commits, and a log that does not grow past some ten megabytes.
const BATCH: u32 = 10_000;

/// Drops indexes that belong to no key, and gives the statements that make them.
pub(super) fn take_off_indexes(database: &mut Database) -> Result<Vec<String>, BenchError> {
    let indexes = "FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let made = database.texts(&format!("SELECT sql AS value {indexes}"))?;
    for name in database.texts(&format!("SELECT name AS value {indexes}"))? {
        database.run(&format!("DROP INDEX \"{name}\""))?;
    }
    Ok(made)
}

/// Builds them again.
pub(super) fn put_back_indexes(database: &mut Database, indexes: &[String]) -> Result<(), BenchError> {
    database.run("PRAGMA cache_size = -500000")?;
    indexes.iter().try_for_each(|statement| database.run(statement))
}

/// Rows on their way into the file.
pub(super) struct Inserts<'a> {
    database: &'a mut Database,
    in_batch: u32,
}

impl<'a> Inserts<'a> {
    pub(super) fn start(database: &'a mut Database) -> Result<Self, BenchError> {
        // A fill that breaks off is begun anew, so nothing has to be safe on the disk before its end.
        database.run("PRAGMA synchronous = off; PRAGMA foreign_keys = off; BEGIN")?;
        Ok(Self { database, in_batch: 0 })
    }

    pub(super) fn finish(self) -> Result<(), BenchError> {
        self.database.run("COMMIT; PRAGMA synchronous = full")
    }
}

impl Loader for Inserts<'_> {
    fn row(&mut self, table: Table, cells: &[Cell]) -> Result<(), BenchError> {
        if let Database::Sqlite(connection) = self.database {
            Insert { table, cells }.execute(connection)?;
        }
        self.in_batch += 1;
        if self.in_batch == BATCH {
            self.in_batch = 0;
            self.database.run("COMMIT; BEGIN")?;
        }
        Ok(())
    }
}
