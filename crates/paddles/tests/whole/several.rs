//! Services as labs run them: one server, or three of one database.

use paddles_diesel::testing::TestDatabase;

use crate::optional;
use crate::service::Service;

const SERVERS: usize = 3;

pub(crate) fn on_sqlite(test: impl FnOnce(&Service)) {
    let database = TestDatabase::sqlite();
    test(&Service::start(&database));
}

pub(crate) fn on_postgres(test: impl FnOnce(&Service)) {
    let database = TestDatabase::postgres();
    test(&Service::start(&database));
}

pub(crate) fn on_three_servers(test: impl FnOnce(&Service)) {
    let database = TestDatabase::postgres();
    test(&Service::start_several(&database, SERVERS));
}

pub(crate) fn behind_pgbouncer(test: impl FnOnce(&Service)) {
    if let Some(database) = optional::pooled_database() {
        test(&Service::start_several(&database, SERVERS));
    }
}
