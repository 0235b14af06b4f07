//! Where the database is, and how it is used.

use std::fmt::Display;
use std::path::Path;

use paddles_diesel::{DatabaseUrl, DatabaseUrlError};
use serde::Deserialize;

use super::setting::{Origin, POSITIVE, Setting, SettingError, positive, setting};
use super::{Variables, cores};

/// Where a container finds the database's address, in SQLAlchemy's spelling: labs mount it there already.
pub(super) const SECRET_FILE: &str = "/run/secrets/paddles_sqlalchemy_url";

#[derive(Default, Deserialize)]
struct Given {
    database_url: Option<String>,
    sqlalchemy_url: Option<String>,
    database_connections: Option<String>,
}

/// The settings of the database.
#[derive(Debug)]
pub(crate) struct DatabaseSettings {
    pub(crate) url: Setting<DatabaseUrl>,
    pub(crate) connections: Setting<u16>,
}

impl DatabaseSettings {
    pub(super) fn read(variables: &Variables, secret_file: &Path) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        // More than a few for each core only wait for each other.
        let connections = (cores() * 2).clamp(4, 16);
        Ok(Self {
            url: database_url(given.database_url, given.sqlalchemy_url, secret_file)?,
            connections: setting("DATABASE_CONNECTIONS", given.database_connections, connections, POSITIVE, positive)?,
        })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.url, &self.connections]
    }
}

/// The database's address: ours, or as labs keep it for SQLAlchemy in a variable or a mounted secret.
fn database_url(
    ours: Option<String>,
    sqlalchemy: Option<String>,
    secret_file: &Path,
) -> Result<Setting<DatabaseUrl>, SettingError> {
    let name = "DATABASE_URL";
    // A wrong address may hold a password all the same.
    let refuse = |error: DatabaseUrlError, origin: &str| SettingError {
        origin: origin.to_owned(),
        value: "***".to_owned(),
        takes: error.to_string(),
    };
    if let Some(text) = ours {
        let value = text.parse().map_err(|error| refuse(error, "PADDLES_DATABASE_URL"))?;
        return Ok(Setting { name, value, origin: Origin::Environment });
    }
    if let Some(text) = sqlalchemy {
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refuse(error, "PADDLES_SQLALCHEMY_URL"))?;
        return Ok(Setting { name, value, origin: Origin::SqlalchemyUrl });
    }
    if secret_file.exists() {
        // Mounted, but not to be read: serving from the default database would look like an empty lab.
        let text = std::fs::read_to_string(secret_file).unwrap_or_default();
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refuse(error, SECRET_FILE))?;
        return Ok(Setting { name, value, origin: Origin::SecretFile });
    }
    Ok(Setting { name, value: DatabaseUrl::Sqlite("paddles.db".into()), origin: Origin::Default })
}
