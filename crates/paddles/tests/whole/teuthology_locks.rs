//! The real client locks, describes and unlocks nodes.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::Client;
use crate::optional::given;
use crate::program::Ended;
use crate::service::Service;
use crate::teuthology_home::Teuthology;

/// Nodes as the client names them.
const NODES: [&str; 3] = ["t001.lab.invalid", "t002.lab.invalid", "t003.lab.invalid"];

/// What the service says of a node: whether and by whom it is locked, what for, and whether it is up.
fn state(client: &Client, node: &str) -> Value {
    let node = client.read(&format!("/nodes/{node}/"));
    json!([node["locked"], node["locked_by"], node["description"], node["up"]])
}

fn succeeds(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

/// Nodes as the client adds them: it changes each, and adds it when that is a 404.
fn add_nodes(teuthology: &Teuthology, client: &Client) {
    for (number, name) in NODES.iter().enumerate() {
        let inventory = json!([{
            "name": name,
            "user": "ubuntu",
            "arch": "x86_64",
            "os_type": "ubuntu",
            "os_version": "22.04",
            "ssh_pub_key": format!("ssh-rsa K{number}"),
            "up": true,
            "machine_type": "t",
        }]);
        teuthology.call("update_inventory", &inventory);
        assert_eq!(client.read(&format!("/nodes/{name}/"))["ssh_pub_key"], inventory[0]["ssh_pub_key"]);
    }
    // Before a node is set up anew.
    teuthology.call("update_inventory", &json!([{ "name": NODES[0], "os_type": "", "os_version": "" }]));
    assert_eq!(client.read(&format!("/nodes/{}/", NODES[0]))["arch"], "x86_64");
}

fn the_lock_tool_works(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let service = Service::start(database);
    let (teuthology, client) = (Teuthology::of(programs, &service), service.client());
    add_nodes(&teuthology, &client);

    let lock_two = ["--lock-many", "2", "--machine-type", "t", "--owner", "ann@host", "--desc", "by hand"];
    let locked = teuthology.run("teuthology-lock", &lock_two);
    succeeds(&locked);
    assert_eq!(locked.stdout.trim_end(), "targets:\n  t001.lab.invalid: ssh-rsa K0\n  t002.lab.invalid: ssh-rsa K1");
    for node in &NODES[..2] {
        assert_eq!(state(&client, node), json!([true, "ann@host", "by hand", true]));
    }
    let refused = teuthology.run("teuthology-lock", &lock_two);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("only 1 nodes available"), "{}", refused.stderr);

    let list = teuthology.run("teuthology-lock", &["--list", "--owner", "ann@host"]);
    succeeds(&list);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list, json!([NODES[0], NODES[1]].map(|node| client.read(&format!("/nodes/{node}/")))));
    let summary = teuthology.run("teuthology-lock", &["--summary", "--machine-type", "t"]);
    assert!(summary.stdout.contains("t          2    2  ann@host"), "{}", summary.stdout);

    succeeds(&teuthology.run("teuthology-lock", &["--update", "--status", "down", "--desc", "broken", "t003"]));
    assert_eq!(state(&client, NODES[2]), json!([false, null, "broken", false]));
    succeeds(&teuthology.run("teuthology-lock", &["--lock", "--owner", "ann@host", "--desc", "repair", "t003"]));
    assert_eq!(state(&client, NODES[2]), json!([true, "ann@host", "repair", false]));

    let stranger = teuthology.run_module("scripts.lock", &["--unlock", "--owner", "bob@host", "t001"]);
    assert_eq!(stranger.code, Some(1), "{}", stranger.stderr);
    assert_eq!(state(&client, NODES[0])[0], true);
    succeeds(&teuthology.run_module("scripts.lock", &["--unlock", "--owner", "ann@host", "t001"]));
    assert_eq!(state(&client, NODES[0]), json!([false, null, "by hand", true]));

    assert_eq!(teuthology.call("unlock_many", &json!([["t002", "t003"], "ann@host"])), true);
    let filters = json!([{ "machine_type": "t", "up": true, "locked": false, "count": 5 }]);
    let free = teuthology.call("list_locks", &filters);
    assert_eq!(free.as_array().unwrap().iter().map(|node| &node["name"]).collect::<Vec<_>>(), &NODES[..2]);

    assert_eq!(teuthology.call("push_new_keys", &json!([{ "t002.lab.invalid": "ssh-rsa NEW" }])), 0);
    assert_eq!(client.read("/nodes/t002.lab.invalid/")["ssh_pub_key"], "ssh-rsa NEW");
}

fn locks_of_finished_jobs_are_found(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let service = Service::start(database);
    let (teuthology, client) = (Teuthology::of(programs, &service), service.client());
    add_nodes(&teuthology, &client);
    // A job that finished long ago, one that finished just now, and one that runs.
    let long_ago = "2026-01-01 00:00:00";
    let jobs =
        [json!({ "status": "dead", "updated": long_ago }), json!({ "status": "dead" }), json!({ "status": "running" })];
    for (number, (job, node)) in jobs.into_iter().zip(NODES).enumerate() {
        let mut job = job;
        job["job_id"] = json!(number.to_string());
        client.post_job("stale", &job);
        let lock =
            json!({ "locked": true, "locked_by": "ann@host", "description": format!("/archive/stale/{number}") });
        assert_eq!(client.put(&format!("/nodes/{node}/lock/"), &lock).status, 200);
    }
    let stale = teuthology.call("find_stale_locks", &json!(["ann@host"]));
    assert_eq!(stale.as_array().unwrap().iter().map(|node| &node["name"]).collect::<Vec<_>>(), [NODES[0]]);
    assert_eq!(teuthology.call("node_active_job", &json!([NODES[1]])), Value::Null);
    assert_eq!(teuthology.call("node_active_job", &json!([NODES[2]])), "/archive/stale/2");

    succeeds(&teuthology.run_module("scripts.node_cleanup", &["--owner", "ann@host"]));
    assert_eq!(NODES.map(|node| state(&client, node)[0] == true), [false, true, true]);
}

on_both_databases!(the_lock_tool_works, locks_of_finished_jobs_are_found);
