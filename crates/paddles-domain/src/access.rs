//! What a request needs, and who may do it.

use std::fmt;
use std::str::FromStr;

/// What somebody may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Creates and updates runs and jobs, locks nodes, and takes jobs from queues.
    Reporter,
    /// Also edits nodes and queues, and pauses them.
    Operator,
    /// Also deletes, and reads who did what.
    Admin,
}

/// A word that is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is reporter, operator or admin")]
pub struct UnknownRole;

impl Role {
    /// Every role, the one that may do least first.
    pub const ALL: [Self; 3] = [Self::Reporter, Self::Operator, Self::Admin];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == word).ok_or(UnknownRole)
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: whoever asks is answered, always.
    Nothing,
    /// That its sender may read.
    Reading,
    /// That its sender has this role, or one that may do more.
    Role(Role),
}

/// How much the service asks of those who use it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Auth {
    /// Nothing: everybody may do everything.
    #[default]
    Open,
    /// Rights for what changes something; everybody may read.
    Write,
    /// Rights for everything.
    All,
}

/// A word that is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("auth takes open, write or all")]
pub struct UnknownAuth;

impl Auth {
    /// The role that must be shown for what needs `need`; `None` if none must.
    ///
    /// ```
    /// use paddles_domain::{Auth, Need, Role};
    ///
    /// assert_eq!(Auth::Open.demands(Need::Role(Role::Admin)), None);
    /// assert_eq!(Auth::Write.demands(Need::Reading), None);
    /// assert_eq!(Auth::All.demands(Need::Reading), Some(Role::Reporter));
    /// ```
    pub fn demands(self, need: Need) -> Option<Role> {
        match (self, need) {
            (Self::Open, _) | (_, Need::Nothing) | (Self::Write, Need::Reading) => None,
            (Self::All, Need::Reading) => Some(Role::Reporter),
            (_, Need::Role(role)) => Some(role),
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Write => "write",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Auth {
    type Err = UnknownAuth;

    fn from_str(word: &str) -> Result<Self, UnknownAuth> {
        [Self::Open, Self::Write, Self::All].into_iter().find(|auth| auth.as_str() == word).ok_or(UnknownAuth)
    }
}
