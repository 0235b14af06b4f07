//! What things in a lab are called.

pub(super) const SUITES: [&str; 10] =
    ["rados", "rbd", "fs", "rgw", "orch", "upgrade:quincy-x", "smoke", "krbd", "powercycle", "rados:thrash"];

pub(super) const BRANCHES: [&str; 7] =
    ["main", "quincy", "reef", "squid", "tentacle", "wip-yuri3-testing-2026-01-07-0813", "wip-pdonnell-testing-fs"];

/// Types of machines; a queue has the name of its type.
pub(crate) const MACHINE_TYPES: [&str; 4] = ["smithi", "gibba", "mira", "trial"];

pub(super) const USERS: [&str; 7] = ["teuthology", "yuriw", "pdonnell", "vallariag", "amathuria", "nmordech", "adking"];

pub(super) const SYSTEMS: [(&str, &str); 4] =
    [("ubuntu", "22.04"), ("centos", "9.stream"), ("rocky", "10.0"), ("ubuntu", "24.04")];

pub(super) const FLAVORS: [&str; 3] = ["default", "crimson", "debug"];

pub(super) const OWNER: &str = "scheduled_teuthology@teuthology";

/// Why jobs fail; `{host}` and `{number}` are filled in.
pub(super) const REASONS: [&str; 8] = [
    "Command failed on {host} with status {number}: 'sudo adjust-ulimits ceph-coverage \
        /home/ubuntu/cephtest/archive/coverage timeout 120 ceph --cluster ceph osd dump'",
    "Command crashed: 'sudo yum -y install ceph-radosgw-{number}'",
    "hit max job timeout",
    "\"mon.a (mon.0) {number} : cluster [WRN] Health check failed: Reduced data availability: 4 pgs peering \
        (PG_AVAILABILITY)\" in cluster log",
    "Timed out waiting for MDS daemons to become healthy after {number} seconds",
    "Error reimaging machines: reached maximum tries (101) after waiting for {number} seconds",
    "SSH connection to {host} was lost: 'uptime'",
    "Found coredumps on ubuntu@{host}",
];

/// One of them.
pub(super) fn one_of<T: Copy>(words: &[T], numbers: &mut fastrand::Rng) -> T {
    words[numbers.usize(..words.len())]
}
