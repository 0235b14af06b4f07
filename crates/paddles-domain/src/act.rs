//! Who changes something, when, and from where.

use std::fmt;
use std::net::IpAddr;

use crate::{Timestamp, TokenName};

/// What every change is told of the one who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When the change is made.
    pub when: Timestamp,
    /// Who makes it.
    pub who: Actor,
    /// The address from which it was asked for; `None` for what the service or its command line does.
    pub from: Option<IpAddr>,
    /// What tells it from others like it, if it must not be made twice.
    pub once: Option<Once>,
}

/// A change that is made once, however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key that the caller chose; callers do not see each other's.
    pub key: OnceKey,
    /// What was asked for under the key, in short: another request under it is refused.
    pub request: String,
}

/// The key of a change that is made once: text of 1 to 255 visible characters of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey(String);

/// A text that is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key takes 1 to 255 visible characters of ASCII")]
pub struct OnceKeyError;

impl OnceKey {
    /// The key `text`, with or without quotation marks around it.
    pub fn new(text: &str) -> Result<Self, OnceKeyError> {
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|text| !text.is_empty());
        let bare = bare.unwrap_or(text);
        let fits = (1..=255).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(bare.to_owned())) } else { Err(OnceKeyError) }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Act {
    /// What nobody in particular does.
    pub fn of_nobody(when: Timestamp) -> Self {
        Self { when, who: Actor::Nobody, from: None, once: None }
    }
}

impl Act {
    /// The same, made once if `once` says so.
    #[must_use]
    pub fn once(self, once: Option<Once>) -> Self {
        Self { once, ..self }
    }
}

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds the token of this name.
    Token(TokenName),
    /// Somebody in this trusted network, named in CIDR notation.
    Network(String),
    /// Nobody in particular: the service asked for no rights.
    Nobody,
    /// Somebody at the command line of the service.
    CommandLine,
    /// The service itself, whose schedule makes jobs dead of which nobody hears any more.
    Expiry,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(name) => write!(f, "token {name}"),
            Self::Network(network) => write!(f, "network {network}"),
            Self::Nobody => f.write_str("nobody"),
            Self::CommandLine => f.write_str("command line"),
            Self::Expiry => f.write_str("expiry"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_visible_text() {
        let check = |text: &str, key: Option<&str>| {
            assert_eq!(OnceKey::new(text).ok().as_ref().map(OnceKey::as_str), key, "{text:?}");
        };
        check("8e03978e-40d5-43dd-bc93-6894a57f9324", Some("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        check("\"8e03\"", Some("8e03"));
        check("\"", Some("\""));
        check("", None);
        check("\"\"", Some("\"\""));
        check("a b", None);
        check("é", None);
        check(&"k".repeat(255), Some(&"k".repeat(255)));
        check(&"k".repeat(256), None);
    }
}
