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
    let nodes: BTreeSet<NodeName> = hosts(targets).keys().filter_map(|host| NodeName::of_target(host)).collect();
    nodes.into_iter().collect()
}

/// The targets that name their host by a word that no node is called: [`target_nodes`] leaves them out.
///
/// ```
/// use paddles_domain::{Document, word_targets};
///
/// let targets = Document::from_stored(r#"{"ubuntu@lock_many": "ssh-rsa ..", "smithi001": null}"#).unwrap();
/// assert_eq!(word_targets(&targets), ["ubuntu@lock_many"]);
/// ```
pub fn word_targets(targets: &Document) -> Vec<String> {
    let is_word = |target: &String| NodeName::WORDS.contains(&host(target));
    hosts(targets).into_keys().filter(is_word).collect()
}

fn hosts(targets: &Document) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(targets.as_json()).unwrap_or_default()
}

/// The host of a target, which is `user@host` or `host`.
pub(crate) fn host(target: &str) -> &str {
    target.rsplit_once('@').map_or(target, |(_, host)| host)
}
