//! Nodes on the wire.

use paddles_domain::{JobStatus, Node, NodeName, RunResults};
use paddles_repository::HostedNode;

use super::JsonObject;

/// Writes the whole document of a node, its host's document inside.
pub(crate) fn node_document(out: &mut Vec<u8>, hosted: &HostedNode) {
    let node = &hosted.node;
    let mut object = JsonObject::begin(out);
    object.text("name", Some(node.name.as_str()));
    object.text("description", node.description.as_deref());
    object.truth("up", node.up);
    object.text("machine_type", node.machine_type.as_deref());
    object.truth("is_vm", Some(node.is_vm));
    match &hosted.host {
        Some(host) => node_document(object.member("vm_host"), host),
        None => object.text("vm_host", None),
    }
    object.text("os_type", node.os_type.as_deref());
    object.text("os_version", node.os_version.as_deref());
    object.text("arch", node.arch.as_deref());
    object.truth("locked", Some(node.locked));
    object.time("locked_since", node.locked_since);
    object.text("locked_by", node.locked_by.as_deref());
    object.text("mac_address", node.mac_address.as_deref());
    object.text("ssh_pub_key", node.ssh_pub_key.as_deref());
    object.end();
}

/// Writes what locking and unlocking answer.
pub(crate) fn lock_document(out: &mut Vec<u8>, node: &Node) {
    let mut object = JsonObject::begin(out);
    object.text("name", Some(node.name.as_str()));
    object.truth("locked", Some(node.locked));
    object.text("locked_by", node.locked_by.as_deref());
    object.text("machine_type", node.machine_type.as_deref());
    object.truth("is_vm", Some(node.is_vm));
    object.end();
}

/// Writes how many jobs are in each state.
pub(crate) fn counts_document(out: &mut Vec<u8>, counts: &RunResults) {
    let mut object = JsonObject::begin(out);
    for status in JobStatus::ALL {
        object.number(status.as_str(), Some(counts.count(status)));
    }
    object.end();
}

/// The counts of many nodes, by name; states without a job are left out.
pub(crate) fn job_stats_document(stats: &[(NodeName, RunResults)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = JsonObject::begin(&mut out);
    for (node, counts) in stats {
        let mut by_state = JsonObject::begin(object.member(node.as_str()));
        for status in JobStatus::ALL.into_iter().filter(|status| counts.count(*status) > 0) {
            by_state.number(status.as_str(), Some(counts.count(status)));
        }
        by_state.end();
    }
    object.end();
    out
}
