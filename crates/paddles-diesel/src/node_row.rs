//! A node's row, and the node in it.

use std::collections::BTreeMap;

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Node, NodeName};
use paddles_repository::{HostedNode, RecordId};

use crate::cells::{Cells, FromCells, there};
use crate::connection::{AnyConnection, Backend};
use crate::statement::{Bind, Statement, question_marks};

/// What every read of nodes selects; a host is named by its row.
pub(crate) const SELECT: &str = "SELECT nodes.id, nodes.name, nodes.description, nodes.up, nodes.machine_type, \
    nodes.arch, nodes.is_vm, nodes.os_type, nodes.os_version, nodes.vm_host_id, hosts.name AS vm_host, nodes.locked, \
    nodes.locked_by, nodes.locked_since, nodes.mac_address, nodes.ssh_pub_key \
    FROM nodes LEFT JOIN nodes AS hosts ON hosts.id = nodes.vm_host_id";

/// How many hosts of hosts are shown. Real ones are one deep; a ring of hosts must end somewhere.
const DEEPEST_HOST: usize = 4;

/// A node, its host by number.
#[derive(Debug, Clone)]
pub(crate) struct NodeRow {
    pub(crate) id: i32,
    vm_host_id: Option<i32>,
    node: Node,
}

impl FromCells for NodeRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let RecordId(id) = cells.id()?;
        let name = NodeName::from_stored(there(cells.text()?)?);
        let (description, up, machine_type, arch) = (cells.text()?, cells.boolean()?, cells.text()?, cells.text()?);
        let is_vm = there(cells.boolean()?)?;
        let (os_type, os_version) = (cells.text()?, cells.text()?);
        let (vm_host_id, vm_host) = (cells.integer()?, cells.text()?.map(NodeName::from_stored));
        let locked = there(cells.boolean()?)?;
        let (locked_by, locked_since) = (cells.text()?, cells.time()?);
        let (mac_address, ssh_pub_key) = (cells.text()?, cells.text()?);
        let node = Node {
            name,
            description,
            up,
            machine_type,
            is_vm,
            vm_host,
            os_type,
            os_version,
            arch,
            locked,
            locked_since,
            locked_by,
            mac_address,
            ssh_pub_key,
        };
        Ok(Self { id, vm_host_id, node })
    }
}

impl NodeRow {
    /// The number of its host.
    pub(crate) fn host(&self) -> Option<RecordId> {
        self.vm_host_id.map(RecordId)
    }

    pub(crate) fn into_node(self) -> Node {
        self.node
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
        let hosts: Vec<NodeRow> = Statement::unprepared(sql).binds(binds).rows(connection)?;
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
