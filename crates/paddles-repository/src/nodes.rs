//! Questions about nodes and their locks.

use paddles_domain::{Act, LockRefused, Node, NodeName, NodePatch};

use crate::RepositoryError;

/// Nodes, and who has locked them.
pub trait NodeRepository {
    /// Stores the node that `patch` makes.
    fn node_create(&self, name: &NodeName, patch: &NodePatch, act: &Act) -> Result<NodeCreated, RepositoryError>;

    /// The node of this name.
    fn node_get(&self, name: &NodeName) -> Result<Option<HostedNode>, RepositoryError>;

    /// Each of these nodes, as [`Self::node_get`] gives one, in their order: for those who ask at the same time.
    fn node_get_each(&self, names: &[NodeName]) -> Result<Vec<Option<HostedNode>>, RepositoryError>;

    /// The nodes that match, by name.
    fn node_list(&self, filter: &NodeFilter) -> Result<Vec<HostedNode>, RepositoryError>;

    /// Applies a patch to a node, if the lock rules let it.
    fn node_update(&self, name: &NodeName, patch: &NodePatch, act: &Act) -> Result<NodeUpdated, RepositoryError>;

    /// Deletes a node; its jobs stay, and its guests lose their host. Says whether it was there.
    fn node_delete(&self, name: &NodeName, act: &Act) -> Result<bool, RepositoryError>;

    /// Locks as many free nodes as asked for, or none; never one that somebody else gets.
    fn node_lock_many(&self, wish: &LockWish, act: &Act) -> Result<LockedMany, RepositoryError>;

    /// Unlocks these nodes of one owner, all or none.
    fn node_unlock_many(
        &self,
        names: &[NodeName],
        owner: Option<&str>,
        act: &Act,
    ) -> Result<UnlockedMany, RepositoryError>;

    /// The types of all nodes, sorted.
    fn node_machine_types(&self) -> Result<Vec<String>, RepositoryError>;
}

/// A node, with the node on which it runs if it is a guest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostedNode {
    /// The node.
    pub node: Node,
    /// Its host.
    pub host: Option<Box<HostedNode>>,
}

/// Which nodes are wanted; what is `None` or empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFilter {
    /// One of these types.
    pub machine_types: Vec<String>,
    /// This operating system.
    pub os_type: Option<String>,
    /// This version of it.
    pub os_version: Option<String>,
    /// This processor architecture.
    pub arch: Option<String>,
    /// Whether it is locked.
    pub locked: Option<bool>,
    /// Who has it.
    pub locked_by: Option<String>,
    /// Whether it is up; a node of which nobody said is neither.
    pub up: Option<bool>,
    /// No more than this.
    pub count: Option<u32>,
}

/// Nodes that somebody wants to lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWish {
    /// How many.
    pub count: u32,
    /// For whom; refused if there are enough nodes and this is missing.
    pub owner: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// One of these types.
    pub machine_types: Vec<String>,
    /// This operating system.
    pub os_type: Option<String>,
    /// This version of it.
    pub os_version: Option<String>,
    /// This processor architecture.
    pub arch: Option<String>,
}

/// What came of storing a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeCreated {
    /// It is stored.
    Created,
    /// There was a node of this name; it stays as it was.
    AlreadyExists,
    /// Its host is no node.
    UnknownHost,
    /// The lock rules refuse it.
    Refused(LockRefused),
}

/// What came of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeUpdated {
    /// The node, as it is now.
    Updated(Box<Node>),
    /// There is no such node.
    NotFound,
    /// The lock rules refuse it.
    Refused(LockRefused),
    /// Its host is no node.
    UnknownHost,
    /// Its host is itself, or runs on it.
    HostRing,
}

/// What came of wanting to lock nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockedMany {
    /// They are locked, by name.
    Locked(Vec<HostedNode>),
    /// Only so many are free; none is locked.
    TooFew(usize),
    /// The lock rules refuse it; none is locked.
    Refused(LockRefused),
}

/// What came of wanting to unlock nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlockedMany {
    /// They are unlocked, by name.
    Unlocked(Vec<Node>),
    /// A name is no node's, or came twice; none is unlocked.
    UnknownNode,
    /// The lock rules refuse one; none is unlocked.
    Refused(LockRefused),
}
