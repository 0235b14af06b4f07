//! What comes is left out where the service itself would refuse it: nodes that no URL reaches, texts that no index takes, and nodes
//! that run on themselves.

use paddles_domain::{NameError, Node, NodeName, Queue, fits_index};
use paddles_repository::{Copied, PlacedJob, Repository, RepositoryError, WhatIsHere};

/// Takes in nodes, and says in a sentence each what of them is left out.
pub(crate) fn take_in_nodes(
    lab: &dyn Repository,
    nodes: &[Node],
    here: WhatIsHere,
    leave_out: &mut dyn FnMut(String),
) -> Result<Copied, RepositoryError> {
    let reachable: Vec<Node> = nodes.iter().filter_map(|node| reachable(node, leave_out)).collect();
    let outcome = lab.node_import(&reachable, here)?;
    for name in outcome.on_themselves {
        leave_out(format!("node {name} comes without its host, which is itself or runs on it"));
    }
    Ok(outcome.copied)
}

/// A node as it can come, if it can.
pub(crate) fn reachable(node: &Node, leave_out: &mut dyn FnMut(String)) -> Option<Node> {
    let mut node = node.clone();
    if let Err(error) = check(&node.name) {
        leave_out(format!("node {} is left out: {error}", node.name));
        return None;
    }
    if let Some(Err(error)) = node.vm_host.as_ref().map(check) {
        leave_out(format!("node {} comes without its host: {error}", node.name));
        node.vm_host = None;
    }
    for key in drop_odd_texts(&mut node) {
        leave_out(format!("node {} comes without its {key}, which is too long or holds a NUL character", node.name));
    }
    Some(node)
}

/// Takes in queues, and says in a sentence each what of them is left out.
pub(crate) fn take_in_queues(
    lab: &dyn Repository,
    queues: &[Queue],
    here: WhatIsHere,
    leave_out: &mut dyn FnMut(String),
) -> Result<Copied, RepositoryError> {
    let mut queues = queues.to_vec();
    for queue in &mut queues {
        keep_readable(queue, leave_out);
    }
    lab.queue_import(&queues, here)
}

/// Lets a queue have texts only that every database takes, and says which are left out.
pub(crate) fn keep_readable(queue: &mut Queue, leave_out: &mut dyn FnMut(String)) {
    if queue.paused_by.take_if(|text| text.contains('\0')).is_some() {
        leave_out(format!("queue {} comes without its paused_by, which holds a NUL character", queue.name));
    }
}

/// Takes out texts that not every database takes, and says which.
fn drop_odd_texts(node: &mut Node) -> Vec<&'static str> {
    let texts = [
        ("description", &mut node.description, false),
        ("machine_type", &mut node.machine_type, true),
        ("os_type", &mut node.os_type, false),
        ("os_version", &mut node.os_version, false),
        ("arch", &mut node.arch, false),
        ("locked_by", &mut node.locked_by, true),
        ("mac_address", &mut node.mac_address, false),
        ("ssh_pub_key", &mut node.ssh_pub_key, false),
    ];
    let mut dropped = Vec::new();
    for (key, text, is_short) in texts {
        let is_odd = |text: &String| text.contains('\0') || is_short && !fits_index(text);
        if text.take_if(|text| is_odd(text)).is_some() {
            dropped.push(key);
        }
    }
    dropped
}

/// Lets a job have run on reachable nodes only, and says which are left out.
pub(crate) fn keep_reachable(placed: &mut PlacedJob, leave_out: &mut dyn FnMut(String)) {
    let (run, job_id) = (&placed.job.run, &placed.job.job_id);
    placed.nodes.retain(|name| match check(name) {
        Ok(()) => true,
        Err(error) => {
            leave_out(format!("{run}/{job_id} comes without its node {name}: {error}"));
            false
        }
    });
}

fn check(name: &NodeName) -> Result<(), NameError> {
    NodeName::of_new(name.as_str()).map(drop)
}
