//! A node's row, and the node in it.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamp as SqlTimestamp};
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
use paddles_domain::{Node, NodeName, Timestamp};
use paddles_repository::{HostedNode, RecordId};

use crate::connection::AnyConnection;
use crate::statement::{Bind, Statement, question_marks};

/// What every read of nodes selects; a host is named by its row.
pub(crate) const SELECT: &str = "SELECT nodes.id, nodes.name, nodes.description, nodes.up, nodes.machine_type, \
    nodes.arch, nodes.is_vm, nodes.os_type, nodes.os_version, nodes.vm_host_id, hosts.name AS vm_host, nodes.locked, \
    nodes.locked_by, nodes.locked_since, nodes.mac_address, nodes.ssh_pub_key \
    FROM nodes LEFT JOIN nodes AS hosts ON hosts.id = nodes.vm_host_id";

/// How many hosts of hosts are shown. Real ones are one deep; a ring of hosts must end somewhere.
const DEEPEST_HOST: usize = 4;

#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct NodeRow {
    #[diesel(sql_type = Integer)]
    pub(crate) id: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    up: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    machine_type: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    arch: Option<String>,
    #[diesel(sql_type = Bool)]
    is_vm: bool,
    #[diesel(sql_type = Nullable<Text>)]
    os_type: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    os_version: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    vm_host_id: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    vm_host: Option<String>,
    #[diesel(sql_type = Bool)]
    locked: bool,
    #[diesel(sql_type = Nullable<Text>)]
    locked_by: Option<String>,
    #[diesel(sql_type = Nullable<SqlTimestamp>)]
    locked_since: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    mac_address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    ssh_pub_key: Option<String>,
}

impl NodeRow {
    pub(crate) fn into_node(self) -> Node {
        Node {
            name: NodeName::from_stored(self.name),
            description: self.description,
            up: self.up,
            machine_type: self.machine_type,
            is_vm: self.is_vm,
            vm_host: self.vm_host.map(NodeName::from_stored),
            os_type: self.os_type,
            os_version: self.os_version,
            arch: self.arch,
            locked: self.locked,
            locked_since: self.locked_since.map(Timestamp::from_utc),
            locked_by: self.locked_by,
            mac_address: self.mac_address,
            ssh_pub_key: self.ssh_pub_key,
        }
    }
}

/// The nodes in `rows` with their hosts: one statement more for each depth of hosts, and none where there are no guests.
pub(crate) fn with_hosts(connection: &mut AnyConnection, rows: Vec<NodeRow>) -> QueryResult<Vec<HostedNode>> {
    let mut known: BTreeMap<i32, NodeRow> = BTreeMap::new();
    let mut wanted: Vec<i32> = rows.iter().filter_map(|row| row.vm_host_id).collect();
    for _ in 0..DEEPEST_HOST {
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|id| !known.contains_key(id));
        if wanted.is_empty() {
            break;
        }
        let sql = format!("{SELECT} WHERE nodes.id IN ({})", question_marks(wanted.len()));
        let binds = wanted.iter().map(|id| Bind::from(*id));
        let hosts: Vec<NodeRow> = Statement::unprepared(sql).binds(binds).load(connection)?;
        wanted = hosts.iter().filter_map(|row| row.vm_host_id).collect();
        known.extend(hosts.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows.into_iter().map(|row| hosted(row, &known, DEEPEST_HOST)).collect())
}

fn hosted(row: NodeRow, known: &BTreeMap<i32, NodeRow>, depth: usize) -> HostedNode {
    let host = row.vm_host_id.filter(|_| depth > 0).and_then(|id| known.get(&id));
    let host = host.map(|host| Box::new(hosted(host.clone(), known, depth - 1)));
    HostedNode { node: row.into_node(), host }
}

/// Stores a new node; touches no row if its name is taken.
pub(crate) fn insert(node: &Node, host: Option<RecordId>) -> Statement {
    let sql = "INSERT INTO nodes (name, description, up, machine_type, arch, is_vm, os_type, os_version, vm_host_id, \
        locked, locked_by, locked_since, mac_address, ssh_pub_key) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING";
    Statement::new(sql).bind(node.name.as_str()).binds(all_but_name(node, host))
}

/// Writes all of a node but its name.
pub(crate) fn update(id: RecordId, node: &Node, host: Option<RecordId>) -> Statement {
    let sql = "UPDATE nodes SET description = ?, up = ?, machine_type = ?, arch = ?, is_vm = ?, os_type = ?, \
        os_version = ?, vm_host_id = ?, locked = ?, locked_by = ?, locked_since = ?, mac_address = ?, ssh_pub_key = ? \
        WHERE id = ?";
    Statement::new(sql).binds(all_but_name(node, host)).bind(id.0)
}

fn all_but_name(node: &Node, host: Option<RecordId>) -> Vec<Bind> {
    vec![
        node.description.clone().into(),
        Bind::Boolean(node.up),
        node.machine_type.clone().into(),
        node.arch.clone().into(),
        Bind::Boolean(Some(node.is_vm)),
        node.os_type.clone().into(),
        node.os_version.clone().into(),
        host.map(|host| host.0).into(),
        Bind::Boolean(Some(node.locked)),
        node.locked_by.clone().into(),
        node.locked_since.into(),
        node.mac_address.clone().into(),
        node.ssh_pub_key.clone().into(),
    ]
}
