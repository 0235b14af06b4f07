//! What labs run by hand, as a process of its own beside the service.

use std::fs;
use std::process::Stdio;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::copied_lab::{FS_RUN, a_job, assert_same, command, documents, fill, path_of, serve, succeed};
use crate::program::paddles;

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
    let refused = command(database, &["admin", "set-status"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    assert!(admin(&["set-status", "--suite", "rados", "--yes"]).contains("2 of 2 runs changed"));
    let changed = lines(&admin(&["set-status", "--yes", "--json"]));
    let status = |status: &str| json!({ "status": status, "jobs": 0 });
    assert_eq!(changed, [json!({ "run": "without-jobs", "before": status("running"), "after": status("empty") })]);
    is_same();

    database.execute("DELETE FROM job_nodes; DELETE FROM node_days");
    assert!(admin(&["set-targets", "--dry-run"]).contains("62 of 62 jobs would be linked"));
    assert_eq!(command(database, &["admin", "set-targets"]).code, Some(1));
    let first = &lines(&admin(&["set-targets", "--yes", "--json", "--suite", "fs"]))[0];
    assert_eq!((&first["run"], first["nodes"].as_array().unwrap().len()), (&json!(FS_RUN), 1));
    assert!(admin(&["set-targets", "--yes"]).contains("55 of 62 jobs are linked"));
    assert!(admin(&["set-targets", "--yes"]).contains("0 of 62 jobs are linked"));
    is_same();

    database.execute(
        "UPDATE runs SET suite = NULL, branch = 'x', scheduled = NULL, \"user\" = 'nobody', machine_type = '' WHERE name LIKE 'me-%'",
    );
    let refused = command(database, &["admin", "reparse"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    let dry = admin(&["reparse", "--dry-run"]);
    assert!(dry.contains("branch x -> wip-x") && dry.contains("2 of 5 runs would change"), "{dry}");
    let reparsed = lines(&admin(&["reparse", "--json", "--yes"]));
    assert_eq!((reparsed.len(), &reparsed[1]["after"]["branch"]), (2, &json!("wip-x")), "{reparsed:?}");
    is_same();
    assert_eq!(admin(&["dedupe"]), "no job has several rows: a unique index rules that out\n");
    assert_eq!(admin(&["dedupe", "--json"]), "");

    // All of it is told by the audit, and whoever did it.
    let audit = succeed(database, &["audit", "--count", "100"]);
    let corrected = |what: &str| {
        audit.lines().filter(|line| line.contains(&format!("\tcommand line\t-\tcorrect {what}\t"))).count()
    };
    assert_eq!((corrected("run"), corrected("job")), (5, 62), "{audit}");
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn jobs_and_runs_are_changed_by_hand(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let client = service.client();
    let admin = |arguments: &[&str]| succeed(database, &[&["admin"], arguments].concat());
    let (run, _) = a_job();
    let results = || client.read(&path_of(run))["results"].clone();

    database.execute("UPDATE jobs SET updated = '2020-01-01 00:00:00' WHERE status = 'running'");
    let due = lines(&admin(&["expire-jobs", "--dry-run", "--json"]));
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
    for other in [["--suite", "fs"], ["--branch", "wip-x"], ["--since", "2026-03-02"]] {
        let said = admin(&[&one[..], &other[..], &["--yes"]].concat());
        assert_eq!(said, format!("{run} is not of the suite, branch or day that was asked for\n"));
    }
    let absent = command(database, &["admin", "set-status", "--run", "absent", "--suite", "fs", "--to", "dead"]);
    assert!(absent.code == Some(1) && absent.stderr.contains("there is no run"), "{absent:?}");
    let dead = lines(&admin(&[&one[..], &["--suite", "rados", "--yes", "--json"]].concat()));
    assert_eq!(dead, [json!({ "run": run, "job_id": "8000004", "before": "queued", "after": "dead" })]);
    admin(&["set-status", "--run", run, "--to", "dead", "--yes"]);
    let ended = results();
    assert_eq!(
        (&ended["pass"], &ended["fail"], &ended["dead"], &ended["queued"]),
        (&json!(6), &json!(6), &json!(28), &json!(0))
    );

    let refused = command(database, &["admin", "delete-run", run]);
    assert_eq!((refused.code, client.get(&path_of(run)).status), (Some(1), 200), "{refused:?}");
    assert!(admin(&["delete-run", run, "--dry-run"]).contains("and its 40 jobs would be deleted"));
    let deleted = lines(&admin(&["--json", "delete-run", run, "--yes"]));
    assert_eq!(deleted, [json!({ "run": run, "status": "finished fail", "jobs": 40 })]);
    assert_eq!(client.get(&path_of(run)).status, 404);
    let gone = command(database, &["admin", "delete-run", run, "--yes"]);
    assert!(gone.code == Some(1) && gone.stderr.contains("there is no run"), "{gone:?}");
}

/// Piped into `head`, or into a log on a full disk: what a command has begun it ends.
fn what_nobody_hears_of_is_done(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let (run, _) = a_job();
    let begin = |to: &str, output: Stdio| {
        let arguments = ["admin", "set-status", "--run", run, "--to", to, "--yes"];
        let mut command = paddles(&arguments, &[("PADDLES_DATABASE_URL", database.url())]);
        command.stdout(output).stderr(Stdio::piped()).spawn().unwrap()
    };
    let results = || service.client().read(&path_of(run))["results"].clone();
    let before = results();
    let mut hears_nothing = begin("waiting", Stdio::piped());
    drop(hears_nothing.stdout.take());
    let ended = hears_nothing.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
    let (waiting, queued) = (results()["waiting"].as_u64().unwrap(), before["queued"].as_u64().unwrap());
    assert!(queued > 1 && waiting > queued && results()["queued"] == 0, "{before} {}", results());

    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = begin("dead", full.into()).wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(1) && said.contains("all of it is done, but not all could be told"), "{said}");
    assert_eq!((&results()["waiting"], &results()["running"]), (&json!(0), &json!(0)));
}

fn nodes_and_queues_are_shown_and_filled(database: &TestDatabase) {
    let service = serve(database);
    fill(&service.client());
    let client = service.client();
    let admin = |arguments: &[&str]| succeed(database, &[&["admin"], arguments].concat());

    let stats = lines(&admin(&["node-stats", "--json", "--since-days", "1000"]));
    let by_node = stats.into_iter().map(|stat| (stat["node"].as_str().unwrap().to_owned(), stat["jobs"].clone()));
    assert_eq!(by_node.collect::<Value>(), client.read("/nodes/job_stats/?since_days=1000"));
    let node = "smithi021.front.example.com";
    let jobs = lines(&admin(&["node-jobs", node, "--json", "--count", "100"]));
    let shown = client.read(&format!("/nodes/{node}/jobs/"));
    let ids = |jobs: &[Value]| jobs.iter().map(|job| job["job_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&jobs), ids(shown.as_array().unwrap()));
    assert!(admin(&["node-jobs", node, "--status", "running"]).contains(" running teuthology-2026-03-01_20:24:03"));
    assert_eq!(command(database, &["admin", "node-jobs", "nowhere"]).code, Some(1));
    let queue = &lines(&admin(&["queue-stats", "--json"]))[0];
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
    assert_eq!(command(database, &["admin", "import-nodes", file_name]).code, Some(1));
    assert!(admin(&["import-nodes", file_name, "--yes"]).contains("2 nodes created, 1 updated"));
    let again = lines(&admin(&["import-nodes", file_name, "--dry-run", "--json"]));
    assert_eq!((again.len(), &again[0]), (3, &json!({ "node": "new-host", "is_new": false })));
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
    // What the lab would refuse is foretold, and nothing of such a file is stored.
    for (bad, why) in [
        (json!({ "name": "b", "locked": true }), "node 2: "),
        (json!({ "name": "b", "vm_host": "nowhere" }), "node 2: its vm_host is no node"),
        (json!({ "name": "b", "vm_host": "b" }), "node 2: its vm_host is itself, or runs on it"),
    ] {
        fs::write(&file, json!([{ "name": "a" }, bad]).to_string()).unwrap();
        for how in ["--dry-run", "--yes"] {
            let refused = command(database, &["admin", "import-nodes", file_name, how]);
            assert!(refused.code == Some(1) && refused.stderr.contains(why), "{how}: {refused:?}");
        }
        assert_eq!(client.get("/nodes/a/").status, 404);
    }
    let guest_of_a_guest =
        json!([{ "name": "vm2", "vm_host": "vm1" }, { "name": "vm1", "vm_host": "metal" }, { "name": "metal" }]);
    fs::write(&file, guest_of_a_guest.to_string()).unwrap();
    assert!(admin(&["import-nodes", file_name, "--yes"]).contains("3 nodes created"));
    assert_eq!(client.read("/nodes/vm2/")["vm_host"]["name"], "vm1");
}

on_both_databases!(
    what_drifted_is_put_right,
    what_nobody_hears_of_is_done,
    jobs_and_runs_are_changed_by_hand,
    nodes_and_queues_are_shown_and_filled
);
