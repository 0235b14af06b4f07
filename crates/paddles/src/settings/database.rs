//! Where the database is, and how it is used.

use std::fmt::{self, Display};
use std::path::Path;
use std::time::Duration;

use paddles_diesel::{DatabaseUrl, DatabaseUrlError, Pooler, StatementLimits};
use serde::Deserialize;

use super::period::{PERIOD_OR_OFF, Period};
use super::setting::{Origin, POSITIVE, Setting, SettingError, parse, positive, setting};
use super::{Variables, cores};

/// Where a container finds the database's address, in SQLAlchemy's spelling: labs mount it there already.
pub(super) const SECRET_FILE: &str = "/run/secrets/paddles_sqlalchemy_url";

#[derive(Default, Deserialize)]
struct Given {
    database_url: Option<String>,
    sqlalchemy_url: Option<String>,
    database_connections: Option<String>,
    database_pooler: Option<String>,
    migration_database_url: Option<String>,
    statement_timeout: Option<String>,
    slow_statement: Option<String>,
}

/// The settings of the database.
#[derive(Debug)]
pub(crate) struct DatabaseSettings {
    pub(crate) url: Setting<DatabaseUrl>,
    pub(crate) connections: Setting<u16>,
    pub(crate) pooler: Setting<Pooler>,
    pub(crate) migration_url: Setting<MigrationUrl>,
    pub(crate) statement_timeout: Setting<Period>,
    pub(crate) slow_statement: Setting<Period>,
}

impl DatabaseSettings {
    pub(super) fn read(variables: &Variables, secret_file: &Path) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let url = database_url(given.database_url, given.sqlalchemy_url, secret_file)?;
        let connections = match url.value {
            // Changes mostly wait for the disk, and those that wait together are written together.
            DatabaseUrl::Postgres(_) => (cores() * 8).clamp(16, 32),
            // It has one writer: more than a few for each core only wait for each other.
            DatabaseUrl::Sqlite(_) => (cores() * 2).clamp(4, 16),
        };
        let migration_url = migration_url(given.migration_database_url)?;
        if let Some(other) = &migration_url.value.0
            && is_sqlite(other) != is_sqlite(&url.value)
        {
            let kind = if is_sqlite(&url.value) { "an SQLite file" } else { "Postgres" };
            return Err(SettingError {
                origin: "PADDLES_MIGRATION_DATABASE_URL".to_owned(),
                value: other.to_string(),
                takes: format!("another address of the same database, and PADDLES_DATABASE_URL is {kind}"),
            });
        }
        Ok(Self {
            url,
            connections: setting("DATABASE_CONNECTIONS", given.database_connections, connections, POSITIVE, positive)?,
            pooler: setting("DATABASE_POOLER", given.database_pooler, Pooler::None, "none or transaction", parse)?,
            migration_url,
            statement_timeout: setting(
                "STATEMENT_TIMEOUT",
                given.statement_timeout,
                Period::of(Duration::from_secs(30)),
                PERIOD_OR_OFF,
                parse,
            )?,
            slow_statement: setting(
                "SLOW_STATEMENT",
                given.slow_statement,
                Period::of(Duration::from_secs(1)),
                PERIOD_OR_OFF,
                parse,
            )?,
        })
    }

    /// How long statements may take.
    pub(crate) fn limits(&self) -> StatementLimits {
        StatementLimits {
            slow_after: self.slow_statement.value.0.unwrap_or(Duration::MAX),
            timeout: self.statement_timeout.value.0,
        }
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![
            &self.url,
            &self.connections,
            &self.pooler,
            &self.migration_url,
            &self.statement_timeout,
            &self.slow_statement,
        ]
    }

    /// The address for what needs a session of its own: migrations and all else that changes tables.
    pub(crate) fn direct_url(&self) -> Result<&DatabaseUrl, SettingError> {
        match (&self.migration_url.value.0, self.pooler.value) {
            (Some(url), _) => Ok(url),
            (None, Pooler::None) => Ok(&self.url.value),
            (None, Pooler::Transaction) => Err(SettingError {
                origin: "PADDLES_MIGRATION_DATABASE_URL".to_owned(),
                value: String::new(),
                takes: "the address of the server itself: tables are not changed through a pooler in transaction mode"
                    .to_owned(),
            }),
        }
    }
}

/// The address for what changes tables, where it is another one.
#[derive(Debug)]
pub(crate) struct MigrationUrl(pub(crate) Option<DatabaseUrl>);

impl Display for MigrationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |url| url.fmt(f))
    }
}

fn migration_url(given: Option<String>) -> Result<Setting<MigrationUrl>, SettingError> {
    let name = "MIGRATION_DATABASE_URL";
    match given.map(|text| text.parse()) {
        None => Ok(Setting { name, value: MigrationUrl(None), origin: Origin::Default }),
        Some(Ok(url)) => Ok(Setting { name, value: MigrationUrl(Some(url)), origin: Origin::Environment }),
        Some(Err(error)) => Err(refused(&error, "PADDLES_MIGRATION_DATABASE_URL")),
    }
}

fn is_sqlite(url: &DatabaseUrl) -> bool {
    matches!(url, DatabaseUrl::Sqlite(_))
}

/// A wrong address may hold a password all the same.
fn refused(error: &DatabaseUrlError, origin: &str) -> SettingError {
    SettingError { origin: origin.to_owned(), value: "***".to_owned(), takes: error.to_string() }
}

/// The database's address: ours, or as labs keep it for SQLAlchemy in a variable or a mounted secret.
fn database_url(
    ours: Option<String>,
    sqlalchemy: Option<String>,
    secret_file: &Path,
) -> Result<Setting<DatabaseUrl>, SettingError> {
    let name = "DATABASE_URL";
    if let Some(text) = ours {
        let value = text.parse().map_err(|error| refused(&error, "PADDLES_DATABASE_URL"))?;
        return Ok(Setting { name, value, origin: Origin::Environment });
    }
    if let Some(text) = sqlalchemy {
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refused(&error, "PADDLES_SQLALCHEMY_URL"))?;
        return Ok(Setting { name, value, origin: Origin::SqlalchemyUrl });
    }
    if secret_file.exists() {
        // Mounted, but not to be read: serving from the default database would look like an empty lab.
        let text = std::fs::read_to_string(secret_file).unwrap_or_default();
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refused(&error, SECRET_FILE))?;
        return Ok(Setting { name, value, origin: Origin::SecretFile });
    }
    Ok(Setting { name, value: DatabaseUrl::Sqlite("paddles.db".into()), origin: Origin::Default })
}
