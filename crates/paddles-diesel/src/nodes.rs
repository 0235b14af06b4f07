//! Questions about nodes.

use diesel::QueryResult;
use paddles_domain::{Act, Deed, NodeName, NodePatch};
use paddles_repository::{
    HostedNode, LockWish, LockedMany, NodeCreated, NodeFilter, NodeRepository, NodeUpdated, RecordId, RepositoryError,
    UnlockedMany,
};

use crate::asked::{in_order, select_asked};
use crate::claim::{change_hosts_alone, lock_free_nodes, lock_nodes, lock_nodes_to_delete, share_nodes};
use crate::connection::AnyConnection;
use crate::node_row::{self, NodeRow, SELECT, with_hosts};
use crate::run_filter::Where;
use crate::statement::{Bind, Statement, question_marks, run_together};
use crate::{DieselRepository, audit, node_locks};

impl NodeRepository for DieselRepository {
    fn node_create(&self, name: &NodeName, patch: &NodePatch, act: &Act) -> Result<NodeCreated, RepositoryError> {
        self.write_once(act, |connection| {
            let node = match patch.clone().create(name.clone(), act.when) {
                Ok(node) => node,
                Err(refused) => return Ok(NodeCreated::Refused(refused)),
            };
            let host = match find_host(connection, node.vm_host.as_ref())? {
                Host::Unknown => return Ok(NodeCreated::UnknownHost),
                Host::Known(host) => host,
            };
            if node_row::insert(&node, host).run(connection)? == 0 {
                return Ok(NodeCreated::AlreadyExists);
            }
            run_together(connection, audit::keep(act, Deed::of_node(None, Some(&node))))?;
            Ok(NodeCreated::Created)
        })
    }

    fn node_get(&self, name: &NodeName) -> Result<Option<HostedNode>, RepositoryError> {
        self.database.read(|connection| {
            let rows = find(connection, name, "")?.into_iter().collect();
            Ok(with_hosts(connection, rows)?.pop())
        })
    }

    fn node_get_each(&self, names: &[NodeName]) -> Result<Vec<Option<HostedNode>>, RepositoryError> {
        if let [name] = names {
            return Ok(vec![self.node_get(name)?]);
        }
        let found = self.database.read(|connection| {
            let asked = names.iter().map(|name| [name.as_str().into()]).collect();
            let rows = select_asked(["nodes.name"], asked, SELECT).rows(connection)?;
            with_hosts(connection, rows)
        })?;
        Ok(in_order(names, found, |hosted, name| hosted.node.name == *name))
    }

    fn node_list(&self, filter: &NodeFilter) -> Result<Vec<HostedNode>, RepositoryError> {
        let clause = matching(filter);
        let sql = format!("{SELECT}{} ORDER BY nodes.name LIMIT ?", clause.sql);
        let limit = filter.count.map_or(i64::MAX, i64::from);
        self.database.read(|connection| {
            let nodes = Statement::unprepared(sql.clone()).binds(clause.binds.clone()).bind(limit);
            let rows = nodes.rows(connection)?;
            with_hosts(connection, rows)
        })
    }

    fn node_update(&self, name: &NodeName, patch: &NodePatch, act: &Act) -> Result<NodeUpdated, RepositoryError> {
        self.database.write(|connection| {
            let moves = matches!(patch.vm_host, Some(Some(_)));
            if moves {
                change_hosts_alone(connection)?;
            }
            let lock = lock_nodes(connection);
            let Some(row) = find(connection, name, lock)? else { return Ok(NodeUpdated::NotFound) };
            let id = RecordId(row.id);
            let before = row.into_node();
            let node = match patch.clone().update(&before, act.when) {
                Ok(node) => node,
                Err(refused) => return Ok(NodeUpdated::Refused(refused)),
            };
            let host = match find_host(connection, node.vm_host.as_ref())? {
                Host::Unknown => return Ok(NodeUpdated::UnknownHost),
                Host::Known(host) => host,
            };
            if let Some(host) = host.filter(|_| node.vm_host != before.vm_host)
                && runs_on(connection, host, id)?
            {
                return Ok(NodeUpdated::HostRing);
            }
            let mut writes = audit::keep(act, Deed::of_node(Some(&before), Some(&node)));
            writes.push(node_row::update(id, &node, host));
            run_together(connection, writes)?;
            Ok(NodeUpdated::Updated(Box::new(node)))
        })
    }

    fn node_delete(&self, name: &NodeName, act: &Act) -> Result<bool, RepositoryError> {
        self.database.write(|connection| {
            change_hosts_alone(connection)?;
            let Some(row) = find(connection, name, "")? else { return Ok(false) };
            // The node and its guests, in the order in which everybody locks nodes.
            let lock = lock_nodes_to_delete(connection);
            let sql = format!("{SELECT} WHERE nodes.id = ? OR nodes.vm_host_id = ? ORDER BY nodes.name{lock}");
            let locked: Vec<NodeRow> = Statement::new(sql).bind(row.id).bind(row.id).rows(connection)?;
            let Some(gone) = locked.into_iter().find(|locked| locked.id == row.id) else { return Ok(false) };
            for sql in NODE_DELETE {
                Statement::new(sql).bind(row.id).run(connection)?;
            }
            run_together(connection, audit::keep(act, Deed::of_node(Some(&gone.into_node()), None)))?;
            Ok(true)
        })
    }

    /// Nodes that others are just locking are passed over. If too few are left, those others may still give theirs back: so
    /// they are waited for, in the order of names, in a transaction that holds nothing yet.
    fn node_lock_many(&self, wish: &LockWish, act: &Act) -> Result<LockedMany, RepositoryError> {
        let locked = self.write_once(act, |connection| {
            let free = lock_free_nodes(connection);
            node_locks::lock_many(connection, wish, free, act)
        })?;
        match locked {
            LockedMany::TooFew(_) => self.write_once(act, |connection| {
                let all = lock_nodes(connection);
                node_locks::lock_many(connection, wish, all, act)
            }),
            locked => Ok(locked),
        }
    }

    fn node_unlock_many(
        &self,
        names: &[NodeName],
        owner: Option<&str>,
        act: &Act,
    ) -> Result<UnlockedMany, RepositoryError> {
        self.database.write(|connection| node_locks::unlock_many(connection, names, owner, act))
    }

    fn node_machine_types(&self) -> Result<Vec<String>, RepositoryError> {
        let sql = "SELECT DISTINCT machine_type AS value FROM nodes WHERE machine_type > ''";
        self.database.read(|connection| crate::runs::sorted_values(Statement::new(sql), connection))
    }
}

/// A node's traces in jobs and guests, and the node.
const NODE_DELETE: [&str; 3] = [
    "DELETE FROM job_nodes WHERE node_id = ?",
    "UPDATE nodes SET vm_host_id = NULL WHERE vm_host_id = ?",
    "DELETE FROM nodes WHERE id = ?",
];

/// The row of a node; `lock` keeps it until the transaction ends.
pub(crate) fn find(connection: &mut AnyConnection, name: &NodeName, lock: &str) -> QueryResult<Option<NodeRow>> {
    let sql = format!("{SELECT} WHERE nodes.name = ?{lock}");
    Statement::new(sql).bind(name.as_str()).row(connection)
}

/// Whether a node is `host`, or a host of that, or of that.
pub(crate) fn runs_on(connection: &mut AnyConnection, node: RecordId, host: RecordId) -> QueryResult<bool> {
    // A ring that an older lab has ends as well.
    let sql = "WITH RECURSIVE below(id) AS (SELECT CAST(? AS integer) UNION \
        SELECT nodes.vm_host_id FROM nodes JOIN below ON nodes.id = below.id WHERE nodes.vm_host_id IS NOT NULL) \
        SELECT id FROM below WHERE id = ?";
    let found: Option<RecordId> = Statement::new(sql).bind(node.0).bind(host.0).row(connection)?;
    Ok(found.is_some())
}

enum Host {
    Known(Option<RecordId>),
    Unknown,
}

fn find_host(connection: &mut AnyConnection, host: Option<&NodeName>) -> QueryResult<Host> {
    let Some(name) = host else { return Ok(Host::Known(None)) };
    let share = share_nodes(connection);
    Ok(match find(connection, name, share)? {
        Some(row) => Host::Known(Some(RecordId(row.id))),
        None => Host::Unknown,
    })
}

/// The `WHERE` clause of a filter.
pub(crate) fn matching(filter: &NodeFilter) -> Where {
    let mut clause = Where::all(&[]);
    if !filter.machine_types.is_empty() {
        let types = filter.machine_types.iter().map(|name| Bind::from(name.as_str()));
        clause.and(&format!("nodes.machine_type IN ({})", question_marks(types.len())), types);
    }
    let texts = [
        ("nodes.os_type = ?", &filter.os_type),
        ("nodes.os_version = ?", &filter.os_version),
        ("nodes.arch = ?", &filter.arch),
        ("nodes.locked_by = ?", &filter.locked_by),
    ];
    for (sql, text) in texts {
        if let Some(text) = text {
            clause.and(sql, [text.as_str().into()]);
        }
    }
    for (sql, truth) in [("nodes.locked = ?", filter.locked), ("nodes.up = ?", filter.up)] {
        if truth.is_some() {
            clause.and(sql, [Bind::Boolean(truth)]);
        }
    }
    clause
}
