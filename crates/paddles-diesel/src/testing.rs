//! Databases for tests: a Postgres server of their own and empty databases on either engine.
//!
//! Nothing has to run beforehand and nothing stays behind, not even when the test process is killed: small supervising
//! shells notice that their pipes from the test have closed, stop servers and remove folders.
//! Functions that only tests call panic with a clear message; those that a test may want to see fail return an error.

mod binaries;
mod cluster;
mod database;
mod folder;
mod pgbouncer;
mod supervisor;

pub use self::binaries::{NotFound, server_binaries};
pub use self::cluster::{ClusterError, PostgresCluster, shared_postgres};
pub use self::database::{OpenTransaction, TestDatabase};
pub use self::pgbouncer::{PgBouncer, shared_pgbouncer};
