//! Which database to use.

use std::fmt;
use std::path::{Path, PathBuf};

/// The address of a database, its scheme spelled out: a typo must never open a fresh SQLite file.
///
/// ```
/// use paddles_diesel::DatabaseUrl;
///
/// let url: DatabaseUrl = "postgres://paddles:secret@db.example/paddles".parse()?;
/// assert_eq!(url.to_string(), "postgres://paddles:***@db.example/paddles");
/// assert!("mysql://db.example/paddles".parse::<DatabaseUrl>().is_err());
/// # Ok::<(), paddles_diesel::DatabaseUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A Postgres database, by the address that libpq takes.
    Postgres(String),
    /// An SQLite database in this file.
    Sqlite(PathBuf),
}

/// An address that names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// Reads an address in SQLAlchemy's spelling, in which labs keep it: `postgresql+psycopg2://...`, and for SQLite one
    /// slash more than here (`sqlite:///relative.db`, `sqlite:////absolute.db`).
    pub fn from_sqlalchemy(text: &str) -> Result<Self, DatabaseUrlError> {
        let (dialect, rest) = text.trim().split_once("://").ok_or(DatabaseUrlError)?;
        match dialect.split('+').next() {
            Some("postgresql" | "postgres") => format!("postgres://{rest}").parse(),
            Some("sqlite") => format!("sqlite://{}", rest.strip_prefix('/').ok_or(DatabaseUrlError)?).parse(),
            _ => Err(DatabaseUrlError),
        }
    }

    /// The SQLite file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(file) => Some(file),
        }
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(text.to_owned())),
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(PathBuf::from(file))),
            _ => Err(DatabaseUrlError),
        }
    }
}

/// The address without its password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite://{}", file.display()),
            Self::Postgres(url) => f.write_str(&without_passwords(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A password stands before the last `@` of the authority, or in the parameter `password`.
fn without_passwords(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (rest, parameters) = match rest.split_once('?') {
        Some((rest, parameters)) => (rest, Some(parameters)),
        None => (rest, None),
    };
    let shown = match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split_once(':').map_or(login.to_owned(), |(user, _)| format!("{user}:***"));
            format!("{user}@{place}")
        }
        None => rest.to_owned(),
    };
    let hidden = parameters.map(|parameters| {
        let hide = |parameter: &str| match parameter.split_once('=') {
            Some((key, _)) if key.ends_with("password") => format!("{key}=***"),
            _ => parameter.to_owned(),
        };
        format!("?{}", parameters.split('&').map(hide).collect::<Vec<_>>().join("&"))
    });
    format!("{scheme}://{shown}{}", hidden.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides() {
        fn check(text: &str, shown: Option<&str>) {
            let url = text.parse::<DatabaseUrl>().ok().map(|url| url.to_string());
            assert_eq!(url.as_deref(), shown, "{text}");
        }
        check("sqlite://paddles.db", Some("sqlite://paddles.db"));
        check("sqlite:///var/lib/paddles.db", Some("sqlite:///var/lib/paddles.db"));
        check("postgres://u@h/d", Some("postgres://u@h/d"));
        check("postgresql://u:s3:cr@et@h/d", Some("postgresql://u:***@h/d"));
        check("postgres:///d?host=/run&password=secret", Some("postgres:///d?host=/run&password=***"));
        check("postgres:u@h/d", None);
        check("paddles.db", None);
        check("sqlite://", None);
        check("mysql://u@h/d", None);
    }

    #[test]
    fn sqlalchemy_spells_it_differently() {
        fn check(text: &str, expected: Option<&str>) {
            let url = DatabaseUrl::from_sqlalchemy(text).ok();
            assert_eq!(url, expected.map(|text| text.parse().unwrap()), "{text}");
        }
        check("postgresql+psycopg2://u:p@h/d\n", Some("postgres://u:p@h/d"));
        check("postgresql://u:p@h/d", Some("postgres://u:p@h/d"));
        check("sqlite:///dev.db", Some("sqlite://dev.db"));
        check("sqlite:////var/lib/dev.db", Some("sqlite:///var/lib/dev.db"));
        check("sqlite://", None);
        check("mysql://u@h/d", None);
    }
}
