//! The adapter against real databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking"
)]

mod alone;
mod claims;
mod cluster;
mod contract;
mod deletions;
mod faults;
mod migrations;
mod plans;
mod recounts;
mod rings;
mod scans;
mod statements;
mod timeouts;

use std::ops::Deref;

use paddles_diesel::testing::TestDatabase;
use paddles_diesel::{DieselRepository, Pooler, StatementLimits};
use paddles_repository::Repository;

/// A repository in an empty database of its own.
struct Lab {
    repository: DieselRepository,
    // Dropped last: connections must be gone before the database is.
    database: TestDatabase,
}

impl Lab {
    fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite())
    }

    fn postgres() -> Self {
        Self::on(TestDatabase::postgres())
    }

    /// Behind pgBouncer in transaction mode; without it on Postgres itself, which is said.
    fn behind_pgbouncer() -> Self {
        let Some(database) = TestDatabase::pooled() else {
            println!("there is no pgbouncer: this runs on Postgres itself");
            return Self::postgres();
        };
        paddles_diesel::migrate(&database.direct_url().unwrap().parse().unwrap()).unwrap();
        let url = database.url().parse().unwrap();
        let repository =
            DieselRepository::open_migrated(&url, 4, Pooler::Transaction, StatementLimits::default()).unwrap();
        Self { repository, database }
    }

    fn on(database: TestDatabase) -> Self {
        let repository = DieselRepository::open(&database.url().parse().unwrap(), 4).unwrap();
        Self { repository, database }
    }
}

impl Deref for Lab {
    type Target = dyn Repository;

    fn deref(&self) -> &Self::Target {
        &self.repository
    }
}
