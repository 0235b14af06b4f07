//! One setting: its value, and where it came from.

use std::fmt;
use std::str::FromStr;

use super::{PREFIX, database};

/// A value, and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(super) name: &'static str,
    pub(crate) value: T,
    pub(super) origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    Environment,
    /// The variable in which labs keep the database's address.
    SqlalchemyUrl,
    SecretFile,
}

/// A variable with a value that it does not take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} is {value:?}, but takes {takes}")]
pub(crate) struct SettingError {
    pub(super) origin: String,
    pub(super) value: String,
    pub(super) takes: String,
}

/// What [`positive`] takes.
pub(super) const POSITIVE: &str = "a whole number from 1 to 65535";

/// The setting `name`: what is `given`, as `read` understands it, or its default. `takes` ends the sentence of a refusal.
pub(super) fn setting<T>(
    name: &'static str,
    given: Option<String>,
    default: T,
    takes: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Setting<T>, SettingError> {
    let Some(text) = given else {
        return Ok(Setting { name, value: default, origin: Origin::Default });
    };
    match read(&text) {
        Some(value) => Ok(Setting { name, value, origin: Origin::Environment }),
        None => Err(SettingError { origin: format!("{PREFIX}{name}"), value: text, takes: takes.to_owned() }),
    }
}

pub(super) fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub(super) fn positive(text: &str) -> Option<u16> {
    parse(text).filter(|number| *number > 0)
}

impl<T: fmt::Display> fmt::Display for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Default => "default",
            Origin::Environment => "environment",
            Origin::SqlalchemyUrl => "environment, PADDLES_SQLALCHEMY_URL",
            Origin::SecretFile => database::SECRET_FILE,
        };
        write!(f, "{PREFIX}{}={} ({origin})", self.name, self.value)
    }
}
