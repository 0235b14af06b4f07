//! Questions about tokens.

use paddles_domain::{Act, Token, TokenName};

use crate::RepositoryError;

/// Tokens, by which the service knows who sends a request.
pub trait TokenRepository {
    /// Stores a token.
    fn token_create(&self, token: &Token, act: &Act) -> Result<TokenCreated, RepositoryError>;

    /// All tokens by name, those that are no longer good too: there are few.
    fn token_list(&self) -> Result<Vec<Token>, RepositoryError>;

    /// Takes a token back for good; its name stays taken, so that what it did stays told apart.
    fn token_revoke(&self, name: &TokenName, act: &Act) -> Result<TokenRevoked, RepositoryError>;
}

/// What came of storing a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCreated {
    /// It is stored.
    Created,
    /// There is or was a token of this name; it stays as it was.
    AlreadyExists,
}

/// What came of taking a token back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRevoked {
    /// It is no longer good.
    Revoked,
    /// It was taken back before, and stays as it was.
    AlreadyRevoked,
    /// There is no such token.
    NotFound,
}
