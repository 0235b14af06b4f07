//! What labs run by hand, as a process of its own beside the service.

use std::fs;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::copied_lab::{a_job, assert_same, command, documents, fill, path_of, serve, succeed};

fn what_drifted_is_put_right(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let before = documents(&service.client());
    let admin = |arguments: &[&str]| succeed(database, &[&["admin"], arguments].concat());
    let is_same = || assert_same(&before, &documents(&service.client()));

    database.execute(
        "UPDATE runs SET status = 'finished pass', jobs_dead = 9, first_job_sha1 = 'x' WHERE suite = 'rados'; \
         UPDATE runs SET status = 'running' WHERE name = 'without-jobs'",
    );
    let dry = admin(&["set-status", "--dry-run"]);
    assert!(
        dry.contains("without-jobs: running of 0 jobs -> empty of 0 jobs") && dry.contains("3 of 5 runs would change"),
        "{dry}"
    );
    assert!(admin(&["set-status", "--suite", "rados"]).contains("2 of 2 runs changed"));
    assert!(admin(&["set-status"]).contains("1 of 5 runs changed"));
    is_same();

    database.execute("DELETE FROM job_nodes; DELETE FROM node_days");
    assert!(admin(&["set-targets", "--dry-run"]).contains("62 of 62 jobs would be linked"));
    assert!(admin(&["set-targets"]).contains("62 of 62 jobs are linked"));
    assert!(admin(&["set-targets"]).contains("0 of 62 jobs are linked"));
    is_same();

    database.execute(
        "UPDATE runs SET suite = NULL, branch = 'x', scheduled = NULL, \"user\" = 'nobody', machine_type = '' WHERE name LIKE 'me-%'",
    );
    let refused = command(database, &["admin", "reparse"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    let dry = admin(&["reparse", "--dry-run"]);
    assert!(dry.contains("branch x -> wip-x") && dry.contains("2 of 5 runs would change"), "{dry}");
    assert!(admin(&["reparse", "--yes"]).contains("2 of 5 runs changed"));
    is_same();
    assert_eq!(admin(&["dedupe"]), "no job is there twice\n");
}

fn jobs_and_runs_are_changed_by_hand(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let client = service.client();
    let admin = |arguments: &[&str]| succeed(database, &[&["admin"], arguments].concat());
    let (run, _) = a_job();
    let results = || client.read(&path_of(run))["results"].clone();

    database.execute("UPDATE jobs SET updated = '2020-01-01 00:00:00' WHERE status = 'running'");
    let due = admin(&["expire-jobs", "--dry-run", "--json"]);
    let due: Vec<Value> = due.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(due.len(), 9, "{due:?}");
    assert_eq!((&due[0]["status"], &due[0]["since"]), (&json!("running"), &json!("2020-01-01 00:00:00")));
    assert_eq!(command(database, &["admin", "expire-jobs"]).code, Some(1));
    assert_eq!(results()["running"], 6);
    assert!(admin(&["expire-jobs", "--yes"]).ends_with("9 jobs are dead\n"));
    assert_eq!(results()["running"], 0);
    assert!(admin(&["expire-jobs", "--yes", "--running", "1", "--queued", "1"]).contains("0 jobs are dead"));

    assert_eq!(command(database, &["admin", "set-status", "--to", "dead"]).code, Some(1));
    let one = ["set-status", "--run", run, "--to", "dead", "--job", "8000004"];
    assert!(admin(&[&one[..], &["--dry-run"]].concat()).contains("queued -> dead\n1 jobs would change"));
    assert!(admin(&[&one[..], &["--yes"]].concat()).contains("1 jobs changed"));
    admin(&["set-status", "--run", run, "--to", "dead", "--yes"]);
    let ended = results();
    assert_eq!(
        (&ended["pass"], &ended["fail"], &ended["dead"], &ended["queued"]),
        (&json!(6), &json!(6), &json!(28), &json!(0))
    );

    let refused = command(database, &["admin", "delete-run", run]);
    assert_eq!((refused.code, client.get(&path_of(run)).status), (Some(1), 200), "{refused:?}");
    assert!(admin(&["delete-run", run, "--dry-run"]).contains("and its 40 jobs would be deleted"));
    admin(&["delete-run", run, "--yes"]);
    assert_eq!(client.get(&path_of(run)).status, 404);
    let gone = command(database, &["admin", "delete-run", run, "--yes"]);
    assert!(gone.code == Some(1) && gone.stderr.contains("there is no run"), "{gone:?}");
}

fn nodes_and_queues_are_shown_and_filled(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let client = service.client();
    let admin = |arguments: &[&str]| succeed(database, &[&["admin"], arguments].concat());
    let lines = |text: String| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();

    let stats: Value = serde_json::from_str(&admin(&["node-stats", "--json", "--since-days", "1000"])).unwrap();
    assert_eq!(stats, client.read("/nodes/job_stats/?since_days=1000"));
    let node = "smithi021.front.example.com";
    let jobs = lines(admin(&["node-jobs", node, "--json", "--count", "100"]));
    let shown = client.read(&format!("/nodes/{node}/jobs/"));
    let ids = |jobs: &[Value]| jobs.iter().map(|job| job["job_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&jobs), ids(shown.as_array().unwrap()));
    assert!(admin(&["node-jobs", node, "--status", "running"]).contains(" running teuthology-2026-03-01_20:24:03"));
    assert_eq!(command(database, &["admin", "node-jobs", "nowhere"]).code, Some(1));
    let queue = &lines(admin(&["queue-stats", "--json"]))[0];
    assert_eq!(
        (&queue["queue"], &queue["queued_jobs"], &queue["paused_by"]),
        (&json!("smithi"), &json!(9), &json!("me"))
    );
    assert!(admin(&["queue-stats", "smithi"]).starts_with("smithi: 9 queued, paused by me until "));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nodes.json");
    let nodes = json!([
        { "name": "new-guest", "is_vm": true, "vm_host": { "name": "new-host" }, "up": true },
        { "name": "new-host", "machine_type": "vps", "up": 1, "user": "ubuntu" },
        { "name": "host", "os_type": "ubuntu", "os_version": 22.04, "locked": false },
    ]);
    fs::write(&file, nodes.to_string()).unwrap();
    let file_name = file.to_str().unwrap();
    assert!(admin(&["import-nodes", file_name, "--dry-run"]).contains("2 nodes would be created, 1 would be updated"));
    assert_eq!(client.get("/nodes/new-host/").status, 404);
    assert!(admin(&["import-nodes", file_name]).contains("2 nodes created, 1 updated"));
    assert_eq!(client.read("/nodes/new-guest/")["vm_host"]["machine_type"], "vps");
    let host = client.read("/nodes/host/");
    assert_eq!(
        (&host["os_version"], &host["locked"], &host["locked_by"]),
        (&json!("22.04"), &json!(true), &json!("me"))
    );

    fs::write(&file, "{\"name\": \"a\"}\n{\"name\": \"b\", \"up\": \"maybe\"}\n").unwrap();
    let refused = command(database, &["admin", "import-nodes", file_name]);
    assert!(refused.code == Some(1) && refused.stderr.contains("node 2: up takes"), "{refused:?}");
    assert_eq!(client.get("/nodes/a/").status, 404, "all are read before one is stored");
}

on_both_databases!(what_drifted_is_put_right, jobs_and_runs_are_changed_by_hand, nodes_and_queues_are_shown_and_filled);
