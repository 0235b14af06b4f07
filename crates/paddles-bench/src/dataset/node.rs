//! A node of the lab.

use chrono::{NaiveDateTime, TimeDelta};

use super::words::{MACHINE_TYPES, OWNER, SYSTEMS, one_of};
use super::{Cell, numbers};

/// How many there are.
pub(crate) const NODES: u32 = 400;

/// Columns of [`Node::row`].
pub(crate) const NODE_COLUMNS: [&str; 13] = [
    "id",
    "name",
    "description",
    "up",
    "machine_type",
    "arch",
    "is_vm",
    "os_type",
    "os_version",
    "locked",
    "locked_by",
    "locked_since",
    "ssh_pub_key",
];

/// A node's row.
pub(crate) struct Node(Vec<Cell>);

impl Node {
    pub(super) fn new(seed: u64, place: u32, ends: NaiveDateTime) -> Self {
        let mut numbers = numbers(seed, 2, 0, place);
        let (system, version) = one_of(&SYSTEMS, &mut numbers);
        let (is_up, is_locked) = (numbers.f64() > 0.1, numbers.f64() < 0.6);
        Self(vec![
            (place + 1).into(),
            node_name(place).into(),
            "desc".into(),
            is_up.into(),
            machine_type(place).into(),
            "x86_64".into(),
            false.into(),
            system.into(),
            version.into(),
            is_locked.into(),
            is_locked.then_some(OWNER).into(),
            is_locked.then_some(ends - TimeDelta::hours(2)).into(),
            format!("ssh-rsa {}", "A".repeat(370)).into(),
        ])
    }

    /// In the order of [`NODE_COLUMNS`].
    pub(crate) fn row(self) -> Vec<Cell> {
        self.0
    }
}

/// The name of the node at `place`, from 0.
pub(crate) fn node_name(place: u32) -> String {
    format!("{}{place:03}.front.sepia.ceph.com", machine_type(place))
}

fn machine_type(place: u32) -> &'static str {
    MACHINE_TYPES[place as usize % MACHINE_TYPES.len()]
}
