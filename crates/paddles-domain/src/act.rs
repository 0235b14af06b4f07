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
}

impl Act {
    /// What nobody in particular does.
    pub fn of_nobody(when: Timestamp) -> Self {
        Self { when, who: Actor::Nobody, from: None }
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
