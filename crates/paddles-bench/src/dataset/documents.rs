//! The JSON documents of a job.

use serde_json::{Map, Value, json};

use super::node::node_name;
use super::numbers;
use super::run::Run;

pub(super) struct Documents {
    pub(super) overrides: Value,
    pub(super) roles: Value,
    pub(super) targets: Value,
    pub(super) tasks: Value,
    suite: &'static str,
    place: u32,
}

const SECTIONS: [&str; 6] = ["global", "mon", "osd", "mgr", "client", "mds"];

const OPERATIONS: [&str; 9] =
    ["read", "write", "delete", "snap_create", "snap_remove", "rollback", "copy_from", "setattr", "rmattr"];

impl Documents {
    pub(super) fn new(run: &Run, place: u32, nodes: &[u32], numbers: &mut fastrand::Rng) -> Self {
        let targets: Map<String, Value> =
            nodes.iter().map(|node| (format!("ubuntu@{}", node_name(*node)), json!(key(numbers)))).collect();
        let roles: Vec<Value> = (0..nodes.len())
            .map(|node| {
                let disks = (0..4).map(|disk| format!("osd.{}", node * 4 + disk));
                let named = [format!("mon.{node}"), format!("mgr.{node}")].into_iter();
                json!(named.chain(disks).chain([format!("client.{node}")]).collect::<Vec<_>>())
            })
            .collect();
        Self {
            overrides: overrides(run, numbers),
            roles: Value::Array(roles),
            targets: Value::Object(targets),
            tasks: tasks(place, numbers),
            suite: run.suite,
            place,
        }
    }

    /// What the job tests, as the suite's files spell it. The last number is one of 97.
    pub(super) fn description(&self, system: (&str, &str)) -> String {
        let (suite, place, system) = (self.suite, self.place, system.0);
        format!(
            "{suite}/thrash/{{0-size-min-size-overrides/{}-size-{}-min-size 1-pg-log-overrides/normal_pg_log \
             2-recovery-overrides/default 3-scrub-overrides/max-simultaneous-scrubs-{} backoff/peering_and_degraded ceph \
             clusters/fixed-{} crc-failures/bad_map_crc_failure d-balancer/on mon_election/classic msgr-failures/osd-delay \
             msgr/async-v2only objectstore/bluestore-comp-zstd rados supported-random-distro$/{{{system}_latest}} \
             thrashers/default thrashosds-health workloads/w{}}}",
            place % 3,
            place % 2,
            place % 5,
            1 + place % 3,
            place % 97
        )
    }
}

fn key(numbers: &mut fastrand::Rng) -> String {
    format!("ssh-ed25519 {:032x}{:032x}", numbers.u128(..), numbers.u128(..))
}

fn overrides(run: &Run, numbers: &mut fastrand::Rng) -> Value {
    let settings: Map<String, Value> = SECTIONS
        .iter()
        .map(|section| {
            let options = (0..14).map(|number| (format!("{section} debug option {number}"), json!(numbers.u32(..100))));
            ((*section).to_owned(), Value::Object(options.collect()))
        })
        .collect();
    let ignored: Vec<String> = (0..16).map(|_| format!("\\((POOL|OSD|PG)_{}\\)", numbers.u32(..99))).collect();
    json!({
        "ceph": {"conf": settings, "log-ignorelist": ignored, "sha1": run.sha1, "flavor": run.flavor},
        "admin_socket": {"branch": run.branch},
        "install": {"ceph": {"flavor": run.flavor, "sha1": run.sha1}},
        "workunit": {"branch": run.branch, "sha1": run.suite_sha1},
    })
}

fn tasks(place: u32, numbers: &mut fastrand::Rng) -> Value {
    let still_running: Vec<String> = (0..8).map(|number| format!("but it is still running {number}")).collect();
    let weights: Map<String, Value> =
        OPERATIONS.iter().map(|name| ((*name).to_owned(), json!(numbers.u32(..200)))).collect();
    let script = format!("cls/test_cls_{}.sh", place % 40);
    let once = [
        json!({"install": {"cleanup": true}}),
        json!({"ceph": {"log-ignorelist": still_running}}),
        json!({"thrashosds": {"chance_pgnum_grow": 1, "chance_pgnum_shrink": 1, "timeout": 1200}}),
        json!({"rados": {"clients": ["client.0"], "ops": 4000, "objects": 500, "op_weights": weights}}),
        json!({"workunit": {"clients": {"client.0": ["rados/test.sh", script]}, "timeout": "6h"}}),
    ];
    Value::Array([once.clone(), once].concat())
}

/// The report with which a job like those of `run` is scheduled, about 6 KB, without its name and id.
pub(crate) fn job_report(run: &Run) -> Map<String, Value> {
    let documents = Documents::new(run, 0, &[0, 1], &mut numbers(0, 5, run.id, 0));
    let report = json!({
        "status": "queued",
        "description": documents.description(("ubuntu", "22.04")),
        "owner": super::words::OWNER, "user": run.user, "email": "ceph-qa@ceph.io", "suite": run.suite,
        "branch": run.branch, "sha1": run.sha1, "flavor": run.flavor, "machine_type": run.machine_type,
        "os_type": "ubuntu", "os_version": "22.04", "priority": 100, "repo": "https://github.com/ceph/ceph.git",
        "suite_branch": run.branch, "suite_sha1": run.suite_sha1, "teuthology_branch": "main", "verbose": false,
        "last_in_suite": false, "seed": 1000, "queue": "bench-new", "kernel": {"kdb": true, "sha1": "distro"},
        "overrides": documents.overrides, "roles": documents.roles, "tasks": documents.tasks,
    });
    match report {
        Value::Object(keys) => keys,
        _ => Map::new(),
    }
}
