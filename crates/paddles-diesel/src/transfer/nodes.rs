//! Taking in nodes.

use diesel::QueryResult;
use paddles_domain::{Node, NodeName};
use paddles_repository::{NodesCopied, RecordId, WhatIsHere};

use crate::claim::{change_hosts_alone, lock_nodes};
use crate::connection::AnyConnection;
use crate::node_row;
use crate::nodes::{find, runs_on};
use crate::statement::Statement;

/// A node that is here by now, and gets what it had elsewhere.
struct Arriving<'a> {
    node: &'a Node,
    id: RecordId,
    host: Option<RecordId>,
    /// As it was here, and the number of its host then; none if it is new.
    before: Option<(Node, Option<RecordId>)>,
}

/// Nodes are kept in the order of their names, as by everyone who keeps several.
pub(super) fn import(connection: &mut AnyConnection, nodes: &[Node], here: WhatIsHere) -> QueryResult<NodesCopied> {
    change_hosts_alone(connection)?;
    let mut outcome = NodesCopied::default();
    let copied = &mut outcome.copied;
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
    let mut arriving = Vec::new();
    for node in by_name {
        let is_new = added.contains(&&node.name);
        if is_new && node.vm_host.is_none() {
            continue;
        }
        let host = node.vm_host.as_ref().map(|name| known_or_bare(connection, name)).transpose()?.flatten();
        let lock = lock_nodes(connection);
        let Some(row) = find(connection, &node.name, lock)? else { continue };
        let (id, host_before) = (RecordId(row.id), row.host());
        let before = (!is_new).then(|| (row.into_node(), host_before));
        // One of which nothing else is known was made for a guest or a job that came before it.
        let is_known = |(before, _): &&(Node, _)| {
            let heard_of = Node { machine_type: before.machine_type.clone(), ..Node::new(node.name.clone()) };
            *before != heard_of
        };
        if let (WhatIsHere::Stays, Some((before, _))) = (here, before.as_ref().filter(is_known)) {
            let count = if before == node { &mut copied.same } else { &mut copied.newer };
            *count += 1;
            continue;
        }
        arriving.push(Arriving { node, id, host, before });
    }
    // Those that move are nowhere first: what they leave is in nobody's way.
    for moving in arriving.iter().filter(|one| one.moves()) {
        Statement::new("UPDATE nodes SET vm_host_id = NULL WHERE id = ?").bind(moving.id.0).run(connection)?;
    }
    for one in arriving {
        let mut node = one.node.clone();
        let mut host = one.host;
        if makes_ring(connection, &one, host)? {
            outcome.on_themselves.push(node.name.clone());
            // Where it was, if it can still be there.
            host = one.host_before();
            if makes_ring(connection, &one, host)? {
                host = None;
            }
            node.vm_host =
                one.before.as_ref().and_then(|(before, _)| before.vm_host.clone()).filter(|_| host.is_some());
        }
        match &one.before {
            Some((before, _)) if *before == node => {
                copied.same += 1;
                if !one.moves() {
                    continue;
                }
            }
            Some(_) => copied.changed += 1,
            None => {}
        }
        node_row::update(one.id, &node, host).run(connection)?;
    }
    Ok(outcome)
}

impl Arriving<'_> {
    fn host_before(&self) -> Option<RecordId> {
        self.before.as_ref().and_then(|(_, host)| *host)
    }

    /// Whether it leaves a host.
    fn moves(&self) -> bool {
        self.host_before().is_some_and(|before| Some(before) != self.host)
    }
}

/// Whether a node would run on itself, straight or by others.
fn makes_ring(connection: &mut AnyConnection, one: &Arriving<'_>, host: Option<RecordId>) -> QueryResult<bool> {
    host.map_or(Ok(false), |host| runs_on(connection, host, one.id))
}

/// The row of the node of this name, of which nothing else is known if it is new.
fn known_or_bare(connection: &mut AnyConnection, name: &NodeName) -> QueryResult<Option<RecordId>> {
    node_row::insert(&Node::new(name.clone()), None).run(connection)?;
    Ok(find(connection, name, "")?.map(|row| RecordId(row.id)))
}
