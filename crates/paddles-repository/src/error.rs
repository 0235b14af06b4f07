//! What can go wrong between the service and its database.

/// A question that got no answer. Nothing of a change that ends so is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// The database is away, too busy or read-only; the same question may be answered later.
    #[error("the database is unavailable: {reason}")]
    Unavailable {
        /// What the database or the connection said, for the log.
        reason: String,
    },
    /// There is a row of this key already, or there was one when this was asked.
    #[error("a key is taken: {reason}")]
    Taken {
        /// What the database said, for the log.
        reason: String,
    },
    /// A key or check of the database forbids the change. Those of this service's own tables never do, so a lab has added it.
    #[error("the database refuses it: {rule}")]
    Forbidden {
        /// What the database said, which names the rule and its table.
        rule: String,
    },
    /// The key of a change that is made once was used for another one.
    #[error("the key was used for another request")]
    KeyReused,
    /// The database refused a statement that it should have taken: a defect of the adapter.
    #[error("the database refused a statement: {reason}")]
    Refused {
        /// What the database said, for the log.
        reason: String,
    },
}
