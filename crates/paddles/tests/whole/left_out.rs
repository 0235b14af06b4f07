//! What a server would refuse of a lab that comes from elsewhere is told and left out, and all the rest comes.

use std::process::Stdio;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::copied_lab::{command, fill, other_kind, serve};
use crate::program::{Ended, paddles};

/// As an older lab may have them: nodes that are each other's hosts, one that is its own, and what is called by a word that stands in
/// URLs where names do, with a guest and a job.
const OLD: &str = "INSERT INTO nodes (name, is_vm, locked) VALUES \
        ('one', true, false), ('other', true, false), ('own', true, false), ('lock_many', false, false), ('below', true, false); \
    UPDATE nodes SET vm_host_id = (SELECT id FROM nodes WHERE name = 'other') WHERE name = 'one'; \
    UPDATE nodes SET vm_host_id = (SELECT id FROM nodes WHERE name = 'one') WHERE name = 'other'; \
    UPDATE nodes SET vm_host_id = id WHERE name = 'own'; \
    UPDATE nodes SET vm_host_id = (SELECT id FROM nodes WHERE name = 'lock_many') WHERE name = 'below'; \
    INSERT INTO job_nodes (node_id, job_id) SELECT nodes.id, jobs.id FROM nodes, jobs, runs \
        WHERE nodes.name = 'lock_many' AND jobs.run_id = runs.id AND runs.name = 'old'";

const RING: &str = "node other comes without its host, which is itself or runs on it";
const OWN: &str = "node own comes without its host, which is itself or runs on it";
const NODE: &str = "node lock_many is left out: ";
const BELOW: &str = "node below comes without its host: ";

/// A lab of which some cannot come.
fn old_lab(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let job = json!({ "job_id": "1", "status": "pass", "targets": { "u@lock_many": "key", "u@third": "key" } });
    source.client().post_job("old", &job);
    database.execute(OLD);
}

/// Nodes by name, each with the name of its host, and the jobs of a run.
fn shown(database: &TestDatabase) -> (Vec<(String, Option<String>)>, Value, usize) {
    let service = serve(database);
    let nodes = service.client().read("/nodes/");
    let hosted = |node: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (text(&node["name"]).unwrap(), text(&node["vm_host"]["name"]))
    };
    let runs = service.client().read("/runs/?count=100").as_array().unwrap().len();
    let jobs = service.client().read("/runs/old/jobs/?fields=job_id,status,targets");
    (nodes.as_array().unwrap().iter().map(hosted).collect(), jobs, runs)
}

/// Each of these sentences stands there once, and the rest came, again and again.
fn the_rest_comes(database: &TestDatabase, come: &dyn Fn(&TestDatabase) -> Ended, told: &[&str], sum: &str) {
    let before = shown(database);
    let target = other_kind(database);
    for round in 0..2 {
        let ended = come(&target);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for sentence in told {
            assert_eq!(ended.stderr.matches(sentence).count(), 1, "{sentence}: {}", ended.stderr);
        }
        assert!(ended.stderr.contains(sum), "{sum}: {}", ended.stderr);
        assert!(
            ended.stdout.contains("jobs: ")
                && ended.stdout.contains(if round == 0 { " 63 added" } else { " 0 added, 0 changed" }),
            "{ended:?}"
        );
        let after = shown(&target);
        assert_eq!((&after.1, after.2), (&before.1, before.2));
        let left: Vec<_> =
            before.0.iter().filter(|node| !after.0.contains(node)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["below", "lock_many", "other", "own"]);
        let comes = |name: &str| after.0.iter().find(|node| node.0 == name).map(|(_, host)| host.as_deref());
        assert_eq!(["below", "other", "own"].map(comes), [Some(None); 3]);
        assert_eq!(
            (comes("one"), comes("a-guest"), comes("lock_many")),
            (Some(Some("other")), Some(Some("host")), None)
        );
        assert_eq!(after.0.len(), before.0.len() - 1);
    }
}

/// Before a load changes anything it can be asked what it would leave out.
fn is_told_before(database: &TestDatabase, file: &str, told: &[&str], count: usize) {
    let ended = command(database, &["load", file, "--dry-run"]);
    assert!(ended.code == Some(1) && ended.stdout.contains("a whole archive of"), "{ended:?}");
    for sentence in told {
        assert_eq!(ended.stderr.matches(sentence).count(), 1, "{sentence}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains(&format!("{count} things are left out: see above")), "{ended:?}");
}

fn of_an_archive(database: &TestDatabase) {
    old_lab(database);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    let file = file.to_str().unwrap();
    assert_eq!(command(database, &["export", file]).code, Some(0));
    // Who runs on whom a database finds out.
    is_told_before(database, file, &[NODE, BELOW, "old/1 comes without its node lock_many: "], 3);
    let load = |target: &TestDatabase| command(target, &["load", file, "--replace-nodes"]);
    let told = [RING, OWN, NODE, BELOW, "old/1 comes without its node lock_many: "];
    the_rest_comes(database, &load, &told, "5 things are left out: see above");
    all_of_it_comes_unheard(database, &["load", file]);
}

/// Piped into what has read enough.
fn all_of_it_comes_unheard(database: &TestDatabase, come: &[&str]) {
    let target = other_kind(database);
    let mut command = paddles(come, &[("PADDLES_DATABASE_URL", target.url())]);
    let mut unheard = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((unheard.stdout.take(), unheard.stderr.take()));
    assert_eq!(unheard.wait().unwrap().code(), Some(1));
    let ((came, _, runs), (nodes, _, expected)) = (shown(&target), shown(database));
    assert_eq!((came.len(), runs), (nodes.len() - 1, expected));
}

fn of_a_server(database: &TestDatabase) {
    old_lab(database);
    let source = serve(database);
    let address = format!("http://{}", source.address());
    let import = |target: &TestDatabase| command(target, &["import", "--from", &address, "--recheck"]);
    let told = [RING, OWN, NODE, BELOW, "old/1 comes without its node of u@lock_many: "];
    the_rest_comes(database, &import, &told, "5 things are to be looked at: see above");
}

/// Runs that no URL names stand in lists of an adopted lab: each is told, and no other run is missed for them.
fn runs_of_a_list(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    database.execute(
        "INSERT INTO runs (name, posted) VALUES ('a/b c?', '2030-01-02 03:04:01'), (NULL, '2030-01-02 03:04:02'), \
            ('', '2030-01-02 03:04:03'), ('..', '2030-01-02 03:04:04'), ('x/y', '2030-01-02 03:04:05')",
    );
    let address = format!("http://{}", source.address());
    let runs = |target: &TestDatabase| serve(target).client().read("/runs/?count=100").as_array().unwrap().len();
    let slashes = "is left out: name takes text without slashes";
    let target = other_kind(database);
    // Pages of odd runs alone are no end of the list, nor is one that holds some.
    for (size, stdout) in [("1", "runs: 5 added"), ("3", "runs: 0 added"), ("25", "runs: 0 added")] {
        let ended = command(&target, &["import", "--from", &address, "--page-size", size]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for name in ["a/b c?", "..", "x/y"] {
            assert_eq!(ended.stderr.matches(&format!("run {name} {slashes}")).count(), 1, "{ended:?}");
        }
        assert_eq!(ended.stderr.matches("a run without a name is left out: {").count(), 2, "{ended:?}");
        assert!(ended.stderr.contains("5 things are to be looked at: see above"), "{ended:?}");
        assert!(ended.stdout.contains(stdout), "{ended:?}");
        assert_eq!(runs(&target), 5);
    }
    // They are of no day: who asks for those since one hears nothing of them.
    let target = other_kind(database);
    let ended = command(&target, &["import", "--from", &address, "--since", "2026-03-04", "--page-size", "2"]);
    assert!(ended.code == Some(0) && ended.stdout.contains("runs: 3 added"), "{ended:?}");
}

/// Jobs and runs as an older lab may have them: targets that are no object, text too long for an index, a status that is no word, times
/// without an end, a node without a name and one of
/// too long a type.
fn values_of_jobs(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    for job_id in ["1", "2", "3", "4"] {
        let job = json!({ "job_id": job_id, "status": "pass", "targets": { "u@third": "key" }, "branch": "main" });
        source.client().post_job("odd", &job);
    }
    let odd = "UPDATE jobs SET targets = '[]' WHERE job_id = '1' AND name IS NULL; \
        UPDATE jobs SET targets = '\"x\"', status = 'odd' WHERE job_id = '2' AND name IS NULL; \
        UPDATE jobs SET branch = 'LONG' WHERE job_id = '3' AND name IS NULL; \
        UPDATE runs SET suite = 'LONG' WHERE name = 'odd'; \
        INSERT INTO nodes (name, is_vm, locked) VALUES ('', false, false); \
        INSERT INTO nodes (name, is_vm, locked, machine_type) VALUES ('longer', false, false, 'LONG'); \
        INSERT INTO job_nodes (node_id, job_id) SELECT nodes.id, jobs.id FROM nodes, jobs, runs \
            WHERE nodes.name = '' AND jobs.run_id = runs.id AND runs.name = 'odd' AND jobs.job_id = '4'";
    database.execute(&odd.replace("LONG", &"l".repeat(2_000)));
    if database.url().starts_with("postgres") {
        database
            .execute("UPDATE jobs SET started = '-infinity', posted = 'infinity' WHERE job_id = '4' AND name IS NULL");
    }
    let shown = |database: &TestDatabase| {
        serve(database).client().read("/runs/odd/jobs/?fields=job_id,status,targets,branch,posted,started")
    };
    let mut expected = shown(database);
    let jobs = expected.as_array_mut().unwrap();
    assert_eq!(jobs.iter().filter(|job| job["targets"] == json!([]) || job["targets"] == "x").count(), 2);
    let long = jobs.iter_mut().find(|job| job["job_id"] == "3").unwrap();
    assert_eq!(long["branch"].as_str().unwrap().len(), 2_000);
    long["branch"] = Value::Null;
    let by_id = |jobs: &Value| {
        let mut jobs = jobs.as_array().unwrap().clone();
        jobs.sort_by_key(|job| job["job_id"].to_string());
        jobs
    };

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    let file = file.to_str().unwrap();
    assert_eq!(command(database, &["export", file]).code, Some(0));
    let address = format!("http://{}", source.address());
    let suite = "odd comes without its suite: suite takes text of at most 1024 characters";
    let branch = "odd/3 comes without its branch: branch takes text of at most 1024 characters";
    let nameless = "odd/4 comes without its node : could not find required key: 'name'";
    let node = "node longer comes without its machine_type, which is too long";
    let load = (vec!["load", file], vec![suite, branch, nameless, node], "4 things are left out: see above");
    let import =
        (vec!["import", "--from", &address, "--recheck", "--without-nodes"], vec![suite, branch], "2 things are to be");
    is_told_before(database, file, &load.1, 4);
    for (arguments, told, sum) in [load, import] {
        let target = other_kind(database);
        for jobs in ["jobs: 66 added, 0 changed", "jobs: 0 added, 0 changed"] {
            let ended = command(&target, &arguments);
            assert!(ended.code == Some(1) && ended.stdout.contains(jobs) && ended.stderr.contains(sum), "{ended:?}");
            for sentence in &told {
                assert_eq!(ended.stderr.matches(sentence).count(), 1, "{sentence}: {ended:?}");
            }
            assert_eq!(by_id(&shown(&target)), by_id(&expected));
        }
    }
}

/// As a file of SQLite may keep them, and Postgres not.
#[test]
fn texts_of_queues_that_not_every_database_takes() {
    let database = TestDatabase::sqlite();
    let source = serve(&database);
    fill(&source.client());
    database.execute("INSERT INTO queue (queue, paused_by) VALUES ('odd', 'a' || char(0) || 'b')");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lab.zst");
    let file = file.to_str().unwrap();
    assert_eq!(command(&database, &["export", file]).code, Some(0));
    let told = "queue odd comes without its paused_by, which holds a NUL character";
    is_told_before(&database, file, &[told], 1);
    let address = format!("http://{}", source.address());
    for arguments in [&["load", file][..], &["import", "--from", &address]] {
        let target = TestDatabase::postgres();
        let ended = command(&target, arguments);
        assert!(ended.code == Some(1) && ended.stderr.matches(told).count() == 1, "{ended:?}");
        assert!(ended.stdout.contains("queues: 2 added") && ended.stdout.contains("jobs: 62 added"), "{ended:?}");
        let queues = serve(&target).client().read("/queue/");
        let odd = queues.as_array().unwrap().iter().find(|queue| queue["queue"] == "odd").unwrap();
        assert_eq!(odd["paused_by"], Value::Null);
    }
}

on_both_databases!(of_an_archive, of_a_server, runs_of_a_list, values_of_jobs);
