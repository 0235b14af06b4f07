//! Taking in nodes.

use diesel::QueryResult;
use paddles_domain::{Node, NodeName};
use paddles_repository::{Copied, RecordId};

use crate::claim::lock_nodes;
use crate::connection::AnyConnection;
use crate::node_row;
use crate::nodes::find;

/// Nodes are kept in the order of their names, as by everyone who keeps several.
pub(super) fn import(connection: &mut AnyConnection, nodes: &[Node]) -> QueryResult<Copied> {
    let mut copied = Copied::default();
    let mut by_name: Vec<&Node> = nodes.iter().collect();
    by_name.sort_by(|one, other| one.name.cmp(&other.name));
    // All are there before one becomes another's host.
    let mut added = Vec::new();
    for node in &by_name {
        if node_row::insert(&Node { vm_host: None, ..(*node).clone() }, None).run(connection)? == 1 {
            copied.added += 1;
            added.push(&node.name);
        }
    }
    for node in &by_name {
        let is_new = added.contains(&&node.name);
        if is_new && node.vm_host.is_none() {
            continue;
        }
        let host = node.vm_host.as_ref().map(|name| known_or_bare(connection, name)).transpose()?.flatten();
        let lock = lock_nodes(connection);
        let Some(row) = find(connection, &node.name, lock)? else { continue };
        let id = RecordId(row.id);
        if !is_new {
            if row.into_node() == **node {
                copied.same += 1;
                continue;
            }
            copied.changed += 1;
        }
        node_row::update(id, node, host).run(connection)?;
    }
    Ok(copied)
}

/// The row of the node of this name, of which nothing else is known if it is new.
fn known_or_bare(connection: &mut AnyConnection, name: &NodeName) -> QueryResult<Option<RecordId>> {
    node_row::insert(&Node::new(name.clone()), None).run(connection)?;
    Ok(find(connection, name, "")?.map(|row| RecordId(row.id)))
}
