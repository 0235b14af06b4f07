//! Tokens, by which the service knows who sends a request.
//!
//! A token is 256 bits of chance, so that nobody guesses one, whatever hash it is kept as: SHA-256 is enough, where the
//! passwords of people would need a slow hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::names::check_name;
use crate::{NameError, Role, Timestamp};

/// What a token begins with, so that scanners of leaked secrets know it.
const PREFIX: &str = "paddles_";

/// A token as its holder has it. It is shown once, and kept nowhere.
pub struct TokenSecret(String);

impl TokenSecret {
    /// The token of these random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret is no text for a log.
impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(***)")
    }
}

/// What is kept of a token: its SHA-256. Compared in constant time.
#[derive(Debug, Clone, Copy, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of what somebody sent as a token.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// A hash that a database kept; `None` if it cannot be one.
    pub fn from_stored(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The hash as text, to be kept.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// What the service knows of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is called; no two tokens ever share a name.
    pub name: TokenName,
    /// What its holder may do.
    pub role: Role,
    /// What it is known by.
    pub hash: TokenHash,
    /// Since when it is there.
    pub created: Timestamp,
    /// From when on it is no longer good; `None` for never.
    pub expires: Option<Timestamp>,
    /// When it was revoked; `None` if it was not.
    pub revoked: Option<Timestamp>,
}

/// Whether a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Good,
    /// It was, and its time is over.
    Expired,
    /// It was, and has been taken back.
    Revoked,
}

impl Token {
    /// Whether it is good at the moment `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked.is_some() {
            Standing::Revoked
        } else if self.expires.is_some_and(|end| end <= now) {
            Standing::Expired
        } else {
            Standing::Good
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        })
    }
}

/// The token of this hash. Looks at every one, so that the time it takes tells nothing.
pub fn find_token<'t>(tokens: &'t [Token], sent: &TokenHash) -> Option<&'t Token> {
    tokens.iter().fold(None, |found, token| if token.hash == *sent { Some(token) } else { found })
}

/// The name of a token, by which it is listed and revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenName(String);

impl TokenName {
    /// A name; refuses what could not stand in a URL or an index, or would break a list or a log.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check_name("name", &text)?;
        if text.contains(char::is_control) {
            return Err(NameError::Control { key: "name" });
        }
        Ok(Self(text))
    }

    /// A name that a database kept.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, byte: u8) -> (Token, TokenSecret) {
        let secret = TokenSecret::from_random([byte; 32]);
        let created = "2020-01-02 03:04:05".parse().unwrap();
        let hash = TokenHash::of(secret.expose());
        let name = TokenName::new(name).unwrap();
        (Token { name, role: Role::Reporter, hash, created, expires: None, revoked: None }, secret)
    }

    #[test]
    fn a_token_is_found_by_what_its_holder_sends() {
        let ((one, one_secret), (two, two_secret)) = (token("one", 1), token("two", 2));
        assert!(one_secret.expose().starts_with("paddles_") && one_secret.expose().len() == 51);
        let tokens = [one, two];
        let found = |text: &str| find_token(&tokens, &TokenHash::of(text)).map(|token| token.name.as_str());
        assert_eq!((found(one_secret.expose()), found(two_secret.expose())), (Some("one"), Some("two")));
        assert_eq!((found("paddles_"), found("")), (None, None));
    }

    #[test]
    fn a_name_is_one_line() {
        assert!(TokenName::new("the dispatcher, ü").is_ok());
        for text in ["a\nb", "a\tb", "a\u{1b}[31m", "a\u{7f}", "a\u{85}"] {
            assert_eq!(TokenName::new(text), Err(NameError::Control { key: "name" }), "{text:?}");
        }
    }

    #[test]
    fn a_hash_comes_back_from_its_text() {
        let hash = TokenHash::of("paddles_x");
        assert_eq!(TokenHash::from_stored(&hash.to_text()), Some(hash));
        assert_eq!((TokenHash::from_stored("short"), TokenHash::from_stored("")), (None, None));
    }

    #[test]
    fn a_token_is_good_until_it_ends() {
        let (mut token, secret) = token("t", 1);
        let at = |second: u32| format!("2020-01-02 03:04:{second:02}").parse().unwrap();
        assert_eq!(token.standing(at(9)), Standing::Good);
        token.expires = Some(at(9));
        assert_eq!((token.standing(at(8)), token.standing(at(9))), (Standing::Good, Standing::Expired));
        token.revoked = Some(at(7));
        assert_eq!(token.standing(at(8)), Standing::Revoked);
        assert_eq!(format!("{secret:?}"), "TokenSecret(***)");
    }
}
