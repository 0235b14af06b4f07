//! Which database to use.

use std::fmt;
use std::ops::Range;
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
#[error("sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME, with %2F and %40 for / and @ in the password")]
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

    /// What the database's library says of this address, in one line and without passwords: libpq repeats what it cannot
    /// read.
    pub(crate) fn conceal(&self, said: &str) -> String {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            Self::Sqlite(_) => said,
            Self::Postgres(url) => passwords(url).fold(said, |said, password| said.replace(password, "***")),
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
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() && !is_misread(rest) => {
                Ok(Self::Postgres(text.to_owned()))
            }
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

/// The address with each password as stars.
fn without_passwords(url: &str) -> String {
    let mut shown = url.to_owned();
    // From the end, so that the places of those before stay true.
    for place in password_places(url).into_iter().rev().filter(|place| !place.is_empty()) {
        shown.replace_range(place, "***");
    }
    shown
}

fn passwords(url: &str) -> impl Iterator<Item = &str> {
    password_places(url).into_iter().filter_map(|place| url.get(place)).filter(|password| !password.is_empty())
}

/// Where passwords stand: behind the user, up to the last `@`, and in parameters like `password` and `sslpassword`.
fn password_places(url: &str) -> Vec<Range<usize>> {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end_of_login = url.rfind('@').filter(|at| *at > begin);
    let in_login = end_of_login.and_then(|end| Some(begin + url[begin..end].find(':')? + 1..end));
    let parameters = end_of_login.unwrap_or(begin);
    let in_parameters = url[parameters..].match_indices("password=").map(|(at, key)| {
        let value = parameters + at + key.len();
        value..url[value..].find('&').map_or(url.len(), |length| value + length)
    });
    in_login.into_iter().chain(in_parameters).collect()
}

/// Whether libpq would take a part of the password for the host: one with a bare `/` or `@`, which must be written `%2F`
/// and `%40`.
fn is_misread(rest: &str) -> bool {
    let login = rest.rsplit_once('@').map_or("", |(login, _)| login);
    login.split_once(':').is_some_and(|(_, password)| password.contains(['/', '@']))
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
        check("postgresql://u:s3:cr%40et@h/d", Some("postgresql://u:***@h/d"));
        check("postgresql://u:s3?c#r@h/d", Some("postgresql://u:***@h/d"));
        check("postgres://u:@h/d?connect_timeout=1", Some("postgres://u:@h/d?connect_timeout=1"));
        check(
            "postgres://u:s@h/d?sslpassword=a&password=b&x=y",
            Some("postgres://u:***@h/d?sslpassword=***&password=***&x=y"),
        );
        check("postgresql://u:s3:cr@et@h/d", None);
        check("postgresql://u:s3/cret@h/d", None);
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

    #[test]
    fn what_libpq_repeats_is_concealed() {
        fn check(url: &str, said: &str, concealed: &str) {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().conceal(said), concealed);
        }
        check(
            "postgres://u:s%zz@h/d",
            "invalid percent-encoded token: \"s%zz\"\n",
            "invalid percent-encoded token: \"***\"",
        );
        check(
            "postgres://u:word@[h/d",
            "no \"]\" in\n\tURI: \"postgres://u:word@[h/d\"",
            "no \"]\" in URI: \"postgres://u:***@[h/d\"",
        );
        check("postgres://u@h/d", "refused\n\tIs the server running?\n", "refused Is the server running?");
        check("sqlite:///f", "unable to open database file", "unable to open database file");
    }
}
