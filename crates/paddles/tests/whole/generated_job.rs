//! Jobs of the shape and size that a lab reports: the same on every run of the tests.

use serde_json::{Map, Value, json};

/// A job's whole configuration, 3 KB of JSON and about another for each step of `size`.
pub(crate) fn generated_job(run: &str, number: usize, size: usize) -> Value {
    let hosts: Vec<String> = (0..=number % 4).map(|host| format!("smithi{:03}", (number * 7 + host) % 200)).collect();
    let (sha1, suite_sha1) = (hex("sha1", run.len(), 40), hex("suite", run.len(), 40));
    let roles: Vec<Value> = (0..hosts.len())
        .map(|host| {
            json!([format!("mon.{host}"), format!("mgr.{host}"), format!("osd.{host}"), format!("client.{host}")])
        })
        .collect();
    let targets: Map<String, Value> = hosts
        .iter()
        .map(|host| {
            (format!("ubuntu@{host}.front.example.com"), json!(format!("ssh-ed25519 {}", hex(host, number, 68))))
        })
        .collect();
    json!({
        "name": run,
        "job_id": job_id(number),
        "description": description(number),
        "email": "ceph-qa@ceph.example",
        "flavor": "default",
        "kernel": { "kdb": true, "sha1": "distro" },
        "last_in_suite": false,
        "machine_type": "smithi",
        "nuke-on-error": true,
        "os_type": "ubuntu",
        "os_version": "22.04",
        "overrides": overrides(number, size, &sha1),
        "owner": "scheduled_teuthology@teuthology",
        "pid": 40_000 + number,
        "priority": 70,
        "repo": "https://git.example/ceph.git",
        "roles": roles,
        "branch": "main",
        "seed": 1_234,
        "sha1": sha1,
        "suite": "rados",
        "suite_branch": "main",
        "suite_sha1": suite_sha1,
        "targets": targets,
        "tasks": tasks(number, size),
        "teuthology_branch": "main",
        "tube": "smithi",
        "user": "teuthology",
        "verbose": false,
    })
}

fn description(number: usize) -> String {
    let (size, workload) = (number % 3, number % 97);
    format!("rados/thrash/{{0-size/{size} ceph mon_election/classic msgr/async-v2only rados workloads/w{workload}}}")
}

/// The id of a job: as long as those of a lab, so that their order as text is that of their numbers.
pub(crate) fn job_id(number: usize) -> String {
    (8_000_000 + number).to_string()
}

fn overrides(number: usize, size: usize, sha1: &str) -> Value {
    let options = |section: &str| -> Value {
        (0..8 + size * 5)
            .map(|option| (format!("{section} debug option {option}"), json!(number * option % 100)))
            .collect()
    };
    let sections = ["global", "mon", "osd", "client"];
    json!({
        "ceph": {
            "conf": Map::from_iter(sections.map(|section| (section.to_owned(), options(section)))),
            "log-ignorelist": (0..12).map(|kind| format!("\\((POOL|OSD|PG)_{kind}\\) ü")).collect::<Vec<_>>(),
            "sha1": sha1,
        },
        "install": { "ceph": { "flavor": "default", "sha1": sha1 } },
        "workunit": { "branch": "main", "timeout": null, "ratio": 0.25 },
    })
}

fn tasks(number: usize, size: usize) -> Value {
    let mut tasks = vec![json!({ "install": { "cleanup": true } }), json!({ "ceph": null })];
    for task in 0..4 + size {
        tasks.push(json!({ "rados": {
            "clients": ["client.0"],
            "ops": 4_000 + number,
            "op_weights": { "read": 100, "write": 50 + task, "delete": 50, "snap_create": 50, "rollback": 50 },
        } }));
    }
    Value::Array(tasks)
}

/// Text that looks like a hash, of its own for each name and number: repeated text would make everything smaller.
fn hex(name: &str, number: usize, length: usize) -> String {
    let mut state =
        name.bytes().fold(number as u64 + 1, |state, byte| state.wrapping_mul(131).wrapping_add(byte.into()));
    let digit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_digit(u32::try_from(state >> 60).unwrap_or_default(), 16).unwrap_or('0')
    };
    std::iter::repeat_with(digit).take(length).collect()
}
