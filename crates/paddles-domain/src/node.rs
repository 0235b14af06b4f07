//! Machines, and who has locked them.

use std::fmt;

use serde_json::value::RawValue;

use crate::names::{check_name, fits_index};
use crate::targets::host;
use crate::value::{read_boolean, read_text};
use crate::{FieldError, NameError, Timestamp, normalise_key};

/// The name of a node: its full host name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct NodeName(String);

impl NodeName {
    /// The name `text`, if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check_name("name", &text)?;
        Ok(Self(text))
    }

    /// A name that a database kept. It was checked when it came, or came before there were checks.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name of a node that comes to be: none of the words that stand where names do in URLs, since it could not be reached.
    pub fn of_new(text: impl Into<String>) -> Result<Self, NameError> {
        let name = Self::new(text)?;
        if Self::WORDS.contains(&name.as_str()) { Err(NameError::Word { key: "name" }) } else { Ok(name) }
    }

    /// Words that stand where the name of a node would.
    pub const WORDS: [&str; 4] = ["lock_many", "unlock_many", "machine_types", "job_stats"];

    /// The node of a target, which names it as `user@host` or `host`.
    pub fn of_target(target: &str) -> Option<Self> {
        Self::of_new(host(target)).ok()
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A machine on which jobs run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Node {
    /// What it is called; no two nodes share a name.
    pub name: NodeName,
    /// What it is used for: while locked mostly the archive path of the job.
    pub description: Option<String>,
    /// Whether it can be used; `None` as long as nobody said.
    pub up: Option<bool>,
    /// Its type, by which it is asked for.
    pub machine_type: Option<String>,
    /// Whether it is a virtual machine.
    pub is_vm: bool,
    /// The node on which it runs, if it is a guest.
    pub vm_host: Option<NodeName>,
    /// Its operating system.
    pub os_type: Option<String>,
    /// The version of that.
    pub os_version: Option<String>,
    /// Its processor architecture.
    pub arch: Option<String>,
    /// Whether somebody has it for themselves.
    pub locked: bool,
    /// Since when.
    pub locked_since: Option<Timestamp>,
    /// Who.
    pub locked_by: Option<String>,
    /// The address of its network card.
    pub mac_address: Option<String>,
    /// Its host key.
    pub ssh_pub_key: Option<String>,
}

impl Node {
    /// A node of which only its name is known: free, and neither up nor down.
    pub fn new(name: NodeName) -> Self {
        Self {
            name,
            description: None,
            up: None,
            machine_type: None,
            is_vm: false,
            vm_host: None,
            os_type: None,
            os_version: None,
            arch: None,
            locked: false,
            locked_since: None,
            locked_by: None,
            mac_address: None,
            ssh_pub_key: None,
        }
    }
}

/// What a request wants to change about a node: for each key that it sends, the value; the inner `None` is null.
///
/// ```
/// use paddles_domain::{LockRefused, Node, NodeName, NodePatch, Timestamp};
///
/// let now: Timestamp = "2020-01-02 03:04:05".parse()?;
/// let free = Node::new(NodeName::new("smithi001")?);
/// let mine = NodePatch::lock("me@host", None).update(&free, now)?;
/// assert_eq!(mine.locked_since, Some(now));
/// let refused = NodePatch::unlock("you@host").update(&mine, now);
/// assert_eq!(refused, Err(LockRefused::OtherOwner));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the keys are those of `Node`")]
pub struct NodePatch {
    pub description: Option<Option<String>>,
    pub up: Option<Option<bool>>,
    pub machine_type: Option<Option<String>>,
    pub is_vm: Option<bool>,
    pub vm_host: Option<Option<NodeName>>,
    pub os_type: Option<Option<String>>,
    pub os_version: Option<Option<String>>,
    pub arch: Option<Option<String>>,
    pub locked: Option<bool>,
    pub locked_by: Option<Option<String>>,
    pub mac_address: Option<Option<String>>,
    pub ssh_pub_key: Option<Option<String>>,
}

/// Why a node is not locked or unlocked. The sentences are those of the deployed server; tools print them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockRefused {
    /// It is locked already, and not by the same owner for the same.
    #[error("Cannot lock an already-locked node")]
    AlreadyLocked,
    /// It is unlocked already.
    #[error("Cannot unlock an already-unlocked node")]
    AlreadyUnlocked,
    /// Nobody is said to lock it.
    #[error("Cannot lock without specifying locked_by")]
    LockWithoutOwner,
    /// Nobody is said to unlock it.
    #[error("Cannot unlock without specifying locked_by")]
    UnlockWithoutOwner,
    /// Somebody else has it.
    #[error("Cannot unlock - locked_by values must match")]
    OtherOwner,
    /// It is locked for something else.
    #[error("Cannot unlock - description values must match")]
    OtherDescription,
}

impl NodePatch {
    /// The patch that locks a node for `owner`.
    pub fn lock(owner: impl Into<String>, description: Option<String>) -> Self {
        Self {
            locked: Some(true),
            locked_by: Some(Some(owner.into())),
            description: Some(description),
            ..Self::default()
        }
    }

    /// The patch that unlocks a node of `owner`.
    pub fn unlock(owner: impl Into<String>) -> Self {
        Self { locked: Some(false), locked_by: Some(Some(owner.into())), ..Self::default() }
    }

    /// Whether it locks or unlocks a node, and does nothing else: what those may do who may not edit nodes.
    pub fn only_locks(&self) -> bool {
        let lock = Self {
            locked: self.locked,
            locked_by: self.locked_by.clone(),
            description: self.description.clone(),
            ..Self::default()
        };
        self.locked.is_some() && *self == lock
    }

    /// Reads a patch from the members of a JSON object. Unknown keys are ignored, and so is `name`, which never changes.
    pub fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a RawValue)>) -> Result<Self, FieldError> {
        let mut patch = Self::default();
        for (key, json) in fields {
            let json = json.get();
            match &*normalise_key(key) {
                "description" => patch.description = Some(text("description", json)?),
                "up" => patch.up = Some(boolean("up", json)?),
                "machine_type" => patch.machine_type = Some(indexed_text("machine_type", json)?),
                "is_vm" => patch.is_vm = boolean("is_vm", json)?,
                "vm_host" => patch.vm_host = Some(node_name(json)?),
                "os_type" => patch.os_type = Some(text("os_type", json)?),
                "os_version" => patch.os_version = Some(text("os_version", json)?),
                "arch" => patch.arch = Some(text("arch", json)?),
                "locked" => patch.locked = boolean("locked", json)?,
                "locked_by" => patch.locked_by = Some(indexed_text("locked_by", json)?),
                "mac_address" => patch.mac_address = Some(text("mac_address", json)?),
                "ssh_pub_key" => patch.ssh_pub_key = Some(text("ssh_pub_key", json)?),
                _ => {}
            }
        }
        Ok(patch)
    }

    /// The new node that the patch makes. A node that is created locked is so from now on, and has an owner, who alone can unlock
    /// it; one that is created unlocked has none.
    pub fn create(self, name: NodeName, now: Timestamp) -> Result<Node, LockRefused> {
        let mut node = Node::new(name);
        let locked = self.locked;
        self.write(&mut node);
        if locked == Some(true) && node.locked_by.as_deref().unwrap_or_default().is_empty() {
            return Err(LockRefused::LockWithoutOwner);
        }
        match locked {
            Some(true) => (node.locked, node.locked_since) = (true, Some(now)),
            Some(false) => node.locked_by = None,
            None => {}
        }
        Ok(node)
    }

    /// The node as the patch leaves it, or why the lock rules refuse that.
    pub fn update(self, before: &Node, now: Timestamp) -> Result<Node, LockRefused> {
        let mut node = before.clone();
        let Some(locked) = self.locked else {
            // A lock goes to somebody else by an unlock and a lock; one that nobody has may be given to somebody.
            let is_owned = before.locked && before.locked_by.as_deref().is_some_and(|owner| !owner.is_empty());
            if is_owned && self.locked_by.as_ref().is_some_and(|owner| *owner != before.locked_by) {
                return Err(LockRefused::AlreadyLocked);
            }
            self.write(&mut node);
            return Ok(node);
        };
        self.check_lock(before, locked)?;
        self.write(&mut node);
        if locked != before.locked {
            node.locked_since = locked.then_some(now);
        }
        if !locked {
            node.locked_by = None;
            node.description.clone_from(&before.description);
        }
        node.locked = locked;
        Ok(node)
    }

    /// The lock rules, the first that applies.
    fn check_lock(&self, node: &Node, locked: bool) -> Result<(), LockRefused> {
        let owner = self.locked_by.as_ref().and_then(Option::as_deref);
        let description = self.description.as_ref().and_then(Option::as_deref);
        let has_owner = owner.is_some_and(|owner| !owner.is_empty());
        let is_repeated =
            owner == node.locked_by.as_deref() && description.is_some() && description == node.description.as_deref();
        let differs = description.is_some_and(|text| !text.is_empty()) && description != node.description.as_deref();
        match (node.locked, locked) {
            (true, true) if !is_repeated => Err(LockRefused::AlreadyLocked),
            (false, false) if !is_repeated => Err(LockRefused::AlreadyUnlocked),
            (false, true) if !has_owner => Err(LockRefused::LockWithoutOwner),
            (true, false) if !has_owner => Err(LockRefused::UnlockWithoutOwner),
            (true, false) if owner != node.locked_by.as_deref() => Err(LockRefused::OtherOwner),
            (true, false) if differs => Err(LockRefused::OtherDescription),
            _ => Ok(()),
        }
    }

    /// Writes every key but those that the lock rules guard.
    fn write(self, node: &mut Node) {
        fn take<T>(value: Option<T>, place: &mut T) {
            if let Some(value) = value {
                *place = value;
            }
        }
        take(self.description, &mut node.description);
        take(self.up, &mut node.up);
        take(self.machine_type, &mut node.machine_type);
        take(self.is_vm, &mut node.is_vm);
        take(self.vm_host, &mut node.vm_host);
        take(self.os_type, &mut node.os_type);
        take(self.os_version, &mut node.os_version);
        take(self.arch, &mut node.arch);
        take(self.locked_by, &mut node.locked_by);
        take(self.mac_address, &mut node.mac_address);
        take(self.ssh_pub_key, &mut node.ssh_pub_key);
    }
}

fn text(key: &'static str, json: &str) -> Result<Option<String>, FieldError> {
    let takes = "text without NUL characters, a number or null";
    if json == "null" { Ok(None) } else { read_text(json).map(Some).ok_or(FieldError { key, takes }) }
}

fn indexed_text(key: &'static str, json: &str) -> Result<Option<String>, FieldError> {
    let takes = "text of at most 1024 characters, a number or null";
    let value = text(key, json)?;
    if value.as_deref().is_none_or(fits_index) { Ok(value) } else { Err(FieldError { key, takes }) }
}

fn boolean(key: &'static str, json: &str) -> Result<Option<bool>, FieldError> {
    let takes = "true, false, 0, 1 or null";
    if json == "null" { Ok(None) } else { read_boolean(json).map(Some).ok_or(FieldError { key, takes }) }
}

fn node_name(json: &str) -> Result<Option<NodeName>, FieldError> {
    let error = FieldError { key: "vm_host", takes: "the name of a node or null" };
    match text("vm_host", json)? {
        None => Ok(None),
        Some(name) => NodeName::new(name).map(Some).map_err(|_| error),
    }
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
