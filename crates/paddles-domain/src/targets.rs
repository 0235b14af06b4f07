//! The machines that a job names as its targets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::{Document, NodeName};

/// The nodes that `targets` names, each once, by name. Hosts that no node could be called are left out: a report is not
/// refused for them, and the job keeps its targets as they were sent.
///
/// ```
/// use paddles_domain::{Document, NodeName, target_nodes};
///
/// let targets = Document::from_stored(r#"{"ubuntu@smithi002": "ssh-rsa ..", "smithi001": null}"#).unwrap();
/// let nodes = target_nodes(&targets);
/// assert_eq!(nodes.iter().map(NodeName::as_str).collect::<Vec<_>>(), ["smithi001", "smithi002"]);
/// ```
pub fn target_nodes(targets: &Document) -> Vec<NodeName> {
    let hosts: BTreeMap<String, &RawValue> = serde_json::from_str(targets.as_json()).unwrap_or_default();
    let nodes: BTreeSet<NodeName> = hosts.keys().filter_map(|host| NodeName::of_target(host)).collect();
    nodes.into_iter().collect()
}
