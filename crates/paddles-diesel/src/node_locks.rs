//! Locking and unlocking several nodes, all or none, inside one transaction.

use diesel::QueryResult;
use paddles_domain::{Act, Deed, LockRefused, Node, NodeName, NodePatch};
use paddles_repository::{HostedNode, LockWish, LockedMany, NodeFilter, UnlockedMany};

use crate::audit;
use crate::claim::{is_one_of, lock_nodes};
use crate::connection::AnyConnection;
use crate::node_row::{NodeRow, SELECT, with_hosts};
use crate::nodes::matching;
use crate::statement::{Bind, Statement, question_marks, run_together};

/// Locks the wished-for nodes, the first by name. `lock` says what becomes of rows that others hold.
pub(crate) fn lock_many(
    connection: &mut AnyConnection,
    wish: &LockWish,
    lock: &str,
    act: &Act,
) -> QueryResult<LockedMany> {
    let clause = matching(&NodeFilter {
        machine_types: wish.machine_types.clone(),
        os_type: wish.os_type.clone(),
        os_version: wish.os_version.clone(),
        arch: wish.arch.clone(),
        locked: Some(false),
        up: Some(true),
        ..NodeFilter::default()
    });
    let sql = format!("{SELECT}{} ORDER BY nodes.name LIMIT ?{lock}", clause.sql);
    let wanted = Statement::varied(sql).binds(clause.binds).bind(i64::from(wish.count));
    let free: Vec<NodeRow> = wanted.rows(connection)?;
    if free.len() < wish.count as usize {
        return Ok(LockedMany::TooFew(free.len()));
    }
    let patch = NodePatch {
        locked: Some(true),
        locked_by: Some(wish.owner.clone()),
        description: Some(wish.description.clone()),
        ..NodePatch::default()
    };
    let ids: Vec<i32> = free.iter().map(|row| row.id).collect();
    let hosted = with_hosts(connection, free)?;
    let mut deeds = Vec::with_capacity(hosted.len());
    let locked = hosted.into_iter().map(|HostedNode { node, host }| {
        let locked = patch.clone().update(&node, act.when)?;
        deeds.extend(Deed::of_node(Some(&node), Some(&locked)));
        Ok(HostedNode { node: locked, host })
    });
    let locked: Vec<HostedNode> = match locked.collect() {
        Ok(locked) => locked,
        Err(refused) => return Ok(LockedMany::Refused(refused)),
    };
    let columns = "locked = ?, locked_by = ?, locked_since = ?, description = ?";
    let values =
        [Bind::Boolean(Some(true)), wish.owner.clone().into(), act.when.into(), wish.description.clone().into()];
    write(connection, &ids, columns, values, audit::keep(act, deeds))?;
    Ok(LockedMany::Locked(locked))
}

/// Unlocks these nodes of `owner`.
pub(crate) fn unlock_many(
    connection: &mut AnyConnection,
    names: &[NodeName],
    owner: Option<&str>,
    act: &Act,
) -> QueryResult<UnlockedMany> {
    if names.is_empty() {
        return Ok(UnlockedMany::Unlocked(Vec::new()));
    }
    let lock = lock_nodes(connection);
    let sql = format!("{SELECT} WHERE nodes.name IN ({}) ORDER BY nodes.name{lock}", question_marks(names.len()));
    let rows: Vec<NodeRow> =
        Statement::for_some(names.len(), sql).binds(names.iter().map(|name| name.as_str().into())).rows(connection)?;
    if rows.len() != names.len() {
        return Ok(UnlockedMany::UnknownNode);
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.id).collect();
    let patch = NodePatch { locked_by: Some(owner.map(str::to_owned)), ..NodePatch::unlock("") };
    let mut deeds = Vec::with_capacity(rows.len());
    let unlocked = rows.into_iter().map(|row| {
        let node = row.into_node();
        let unlocked = patch.clone().update(&node, act.when)?;
        deeds.extend(Deed::of_node(Some(&node), Some(&unlocked)));
        Ok(unlocked)
    });
    let unlocked: Result<Vec<Node>, LockRefused> = unlocked.collect();
    match unlocked {
        Err(refused) => Ok(UnlockedMany::Refused(refused)),
        Ok(unlocked) => {
            let columns = "locked = ?, locked_by = NULL, locked_since = NULL";
            write(connection, &ids, columns, [Bind::Boolean(Some(false))], audit::keep(act, deeds))?;
            Ok(UnlockedMany::Unlocked(unlocked))
        }
    }
}

/// Writes what the lock rules made the same on every node, and who did it.
fn write(
    connection: &mut AnyConnection,
    ids: &[i32],
    columns: &str,
    values: impl IntoIterator<Item = Bind>,
    mut writes: Vec<Statement>,
) -> QueryResult<()> {
    let (are_these, ids) = is_one_of(connection, ids);
    let update = Statement::new(format!("UPDATE nodes SET {columns} WHERE id {are_these}"));
    writes.push(update.binds(values).bind(ids));
    // Thousands of nodes are more values than one statement takes.
    if writes.len() > 2 {
        return writes.into_iter().try_for_each(|part| part.run(connection).map(drop));
    }
    run_together(connection, writes)
}
