//! An empty database for one test.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::cluster::{PostgresCluster, shared_postgres};
use super::folder::shared_folder;
use super::pgbouncer::{PgBouncer, shared_pgbouncer};

/// An empty database that nobody else uses, gone at the end of its scope.
///
/// Its constructors panic when the database cannot be made: without it the test cannot go on.
pub struct TestDatabase {
    url: String,
    /// The address past a pooler, if there is one.
    direct_url: Option<String>,
    place: Place,
}

/// Where a test database lives, which is what has to be removed with it.
enum Place {
    Postgres { name: String, maintenance_url: String },
    Sqlite { _folder: Option<TempDir> },
}

impl TestDatabase {
    /// A new database on the server that the tests of this process share.
    ///
    /// # Panics
    /// When there is no Postgres, or it refuses.
    pub fn postgres() -> Self {
        Self::on(shared_postgres())
    }

    /// A new database on a server of the test's own.
    ///
    /// # Panics
    /// When the server is down or refuses.
    #[expect(clippy::panic, reason = "only tests call this, and without a database they cannot go on")]
    pub fn on(cluster: &PostgresCluster) -> Self {
        // Unique on every server of this process, and no other process has a server of ours.
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));

        let maintenance_url = cluster.url("postgres");
        // `template0` is empty and never has sessions, so that tests may create databases at the same time.
        let statement = format!("CREATE DATABASE {name} TEMPLATE template0");
        if let Err(error) = execute(&maintenance_url, &statement) {
            panic!("cannot create the test database {name}: {error}");
        }
        Self { url: cluster.url(&name), direct_url: None, place: Place::Postgres { name, maintenance_url } }
    }

    /// A new database on the server that the tests of this process share, reached through pgBouncer in transaction mode;
    /// `None` where there is no pgBouncer.
    ///
    /// # Panics
    /// When there is no Postgres, or it refuses.
    pub fn pooled() -> Option<Self> {
        shared_pgbouncer().map(|pooler| Self::through(pooler, shared_postgres()))
    }

    /// A new database on a server of the test's own, reached through a pgBouncer in front of it.
    ///
    /// # Panics
    /// When the server is down or refuses.
    pub fn through(pooler: &PgBouncer, cluster: &PostgresCluster) -> Self {
        let mut database = Self::on(cluster);
        let url = pooler.url(database.url.rsplit('/').next().unwrap_or_default());
        database.direct_url = Some(std::mem::replace(&mut database.url, url));
        database
    }

    /// A new SQLite file in a folder of its own; the file appears when it is first opened.
    ///
    /// # Panics
    /// When there is no room for a temporary folder, or its path is not text.
    #[expect(clippy::panic, reason = "only tests call this, and without a database they cannot go on")]
    pub fn sqlite() -> Self {
        let folder = match tempfile::Builder::new().prefix("paddles-sqlite-").tempdir_in(shared_folder()) {
            Ok(folder) => folder,
            Err(error) => panic!("cannot make a folder for a test database: {error}"),
        };
        let url = sqlite_url(folder.path());
        Self { url, direct_url: None, place: Place::Sqlite { _folder: Some(folder) } }
    }

    /// A new SQLite file in a folder of the test's own.
    ///
    /// # Panics
    /// When the folder's path is not text.
    pub fn sqlite_in(folder: &Path) -> Self {
        Self { url: sqlite_url(folder), direct_url: None, place: Place::Sqlite { _folder: None } }
    }

    /// The address in the form the service takes: `postgres://paddles@127.0.0.1:PORT/NAME` or
    /// `sqlite:///FOLDER/paddles.db`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address past a pooler, if the database is reached through one.
    pub fn direct_url(&self) -> Option<&str> {
        self.direct_url.as_deref()
    }

    /// Where this test's own SQL goes.
    fn own_url(&self) -> &str {
        self.direct_url.as_deref().unwrap_or(&self.url)
    }

    /// Runs SQL behind the service's back.
    ///
    /// # Panics
    /// When the database refuses it.
    #[expect(clippy::panic, reason = "only tests call this, and without it they cannot go on")]
    pub fn execute(&self, statements: &str) {
        if let Err(error) = execute(self.own_url(), statements) {
            panic!("{} refuses {statements}: {error}", self.url);
        }
    }

    /// Runs SQL in a transaction that stays open, with what it has locked, until the answer is dropped.
    ///
    /// # Panics
    /// When the database is no Postgres or refuses it.
    #[expect(clippy::panic, reason = "only tests call this, and without it they cannot go on")]
    pub fn hold(&self, statements: &str) -> OpenTransaction {
        let held =
            PgConnection::establish(self.own_url()).map_err(Box::<dyn Error>::from).and_then(|mut connection| {
                connection.batch_execute(&format!("BEGIN; {statements}"))?;
                Ok(OpenTransaction { connection })
            });
        match held {
            Ok(transaction) => transaction,
            Err(error) => panic!("{} refuses {statements}: {error}", self.url),
        }
    }
}

/// A transaction of somebody else, rolled back when it is dropped.
pub struct OpenTransaction {
    connection: PgConnection,
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        // Said, since the server would notice a connection that ends only some time later. A failure means that the server
        // is gone, and the locks with it.
        let _ = self.connection.batch_execute("ROLLBACK");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Postgres { name, maintenance_url } = &self.place {
            // FORCE: pools of the test may still hold connections. A failure means that the test stopped its server, and the
            // whole cluster goes soon anyway.
            let _ = execute(maintenance_url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

#[expect(clippy::panic, reason = "only tests call this, and without a database they cannot go on")]
fn sqlite_url(folder: &Path) -> String {
    let file = folder.join("paddles.db");
    match file.to_str() {
        Some(path) => format!("sqlite://{path}"),
        None => panic!("{} is not text, so no address can hold it", file.display()),
    }
}

fn execute(url: &str, statements: &str) -> Result<(), Box<dyn Error>> {
    match url.strip_prefix("sqlite://") {
        Some(file) => SqliteConnection::establish(file)?.batch_execute(statements)?,
        None => PgConnection::establish(url)?.batch_execute(statements)?,
    }
    Ok(())
}
