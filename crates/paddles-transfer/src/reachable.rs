//! What comes is left out where the service itself would refuse it: nodes that no URL reaches, and nodes that run on themselves.

use paddles_domain::{NameError, Node, NodeName};
use paddles_repository::{Copied, PlacedJob, Repository, RepositoryError};

/// Takes in nodes, and says in a sentence each what of them is left out.
pub(crate) fn take_in_nodes(
    lab: &dyn Repository,
    nodes: &[Node],
    leave_out: &mut dyn FnMut(String),
) -> Result<Copied, RepositoryError> {
    let mut reachable = Vec::with_capacity(nodes.len());
    for node in nodes {
        let mut node = node.clone();
        if let Err(error) = check(&node.name) {
            leave_out(format!("node {} is left out: {error}", node.name));
            continue;
        }
        if let Some(Err(error)) = node.vm_host.as_ref().map(check) {
            leave_out(format!("node {} comes without its host: {error}", node.name));
            node.vm_host = None;
        }
        reachable.push(node);
    }
    let outcome = lab.node_import(&reachable)?;
    for name in outcome.on_themselves {
        leave_out(format!("node {name} comes without its host, which is itself or runs on it"));
    }
    Ok(outcome.copied)
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
