//! What was deleted is brought back by command, what is old is forgotten, and both are told.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::program::{Ended, paddles, run};
use crate::service::Service;
use crate::waiting::eventually;

fn command(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run(&mut paddles(arguments, &[("PADDLES_DATABASE_URL", database.url())]))
}

fn restore(database: &TestDatabase, arguments: &[&str]) -> Ended {
    command(database, &[&["admin", "restore"], arguments].concat())
}

fn what_was_deleted_is_brought_back(database: &TestDatabase) {
    let service = Service::start(database);
    let client = service.client();
    let targets = json!({ "ubuntu@n": "key" });
    for id in ["1", "2"] {
        client.post_job("r", &json!({ "job_id": id, "status": "running", "targets": targets, "sha1": "abc" }));
    }
    let before = client.read("/runs/r/");
    let on_node = client.read("/nodes/n/job_stats/");
    assert_eq!(client.send("DELETE", "/runs/r/", "").unwrap().status, 200);
    assert_eq!(client.get("/runs/r/").status, 404);
    // Even if the service is killed in between.
    drop(service);

    let list = restore(database, &[]).stdout;
    assert!(list.ends_with("\trun\tr\t2 jobs\n") && list.contains("\tnobody\t127.0.0.1\t"), "{list}");
    let dry = restore(database, &["r", "--dry-run", "--json"]);
    assert_eq!(dry.stdout, "{\"job_id\":null,\"jobs\":2,\"run\":\"r\"}\n", "{}", dry.stderr);
    let refused = restore(database, &["r"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("--yes"), "{refused:?}");
    let restored = restore(database, &["r", "--yes"]);
    assert_eq!((restored.code, restored.stdout.as_str()), (Some(0), "restored r: 2 jobs\n"), "{}", restored.stderr);
    let service = Service::start(database);
    let client = service.client();
    assert_eq!(client.read("/runs/r/"), before);
    assert_eq!(client.read("/nodes/n/job_stats/"), on_node);
    assert_eq!(client.read("/runs/r/jobs/1/history/").as_array().unwrap().len(), 1);

    assert_eq!(client.send("DELETE", "/runs/r/jobs/1/", "").unwrap().status, 200);
    client.post_job("r", &json!({ "job_id": "1" }));
    for how in ["--yes", "--dry-run"] {
        let taken = restore(database, &["r", "--job", "1", how]);
        assert_eq!(taken.code, Some(1));
        assert!(taken.stderr.contains("there is another r/1 by now"), "{}", taken.stderr);
        // It says how to bring this one back when that one is deleted too.
        let list = restore(database, &[]).stdout;
        let deleted = list.split('\t').next().unwrap();
        assert!(taken.stderr.contains(&format!("--deleted \"{deleted}\"")), "{} {list}", taken.stderr);
        let same = restore(database, &["r", "--job", "1", how, "--deleted", deleted]);
        assert_eq!(same.stderr, taken.stderr);
    }
    let never = restore(database, &["r", "--job", "1", "--yes", "--deleted", "2020-01-02 03:04:05"]);
    assert!(never.stderr.contains("nothing of r/1 is kept"), "{}", never.stderr);
    let unknown = restore(database, &["other"]);
    assert!(unknown.code == Some(1) && unknown.stderr.contains("nothing of other is kept"), "{}", unknown.stderr);

    let audit = command(database, &["audit", "--name", "r"]).stdout;
    let told: Vec<Vec<&str>> = audit.lines().map(|line| line.split('\t').skip(1).take(4).collect()).collect();
    assert_eq!(told, [["command line", "-", "restore run", "r"], ["nobody", "127.0.0.1", "delete run", "r"]]);
    let history = command(database, &["audit", "--history", "r/2"]).stdout;
    assert!(history.ends_with("\tnobody\t127.0.0.1\t-\trunning\n"), "{history}");

    // The run is another one of the same name.
    assert_eq!(client.send("DELETE", "/runs/r/", "").unwrap().status, 200);
    client.post_job("r", &json!({ "job_id": "2" }));
    for how in ["--dry-run", "--yes"] {
        let gone = restore(database, &["r", "--job", "1", how]);
        assert_eq!(gone.code, Some(1));
        assert!(gone.stderr.contains("the run from which r/1 was deleted is not there"), "{}", gone.stderr);
    }
}

fn what_is_old_is_forgotten(database: &TestDatabase) {
    let service = Service::start(database);
    service.client().post_job("r", &json!({ "job_id": "1" }));
    assert_eq!(service.client().send("DELETE", "/runs/r/", "").unwrap().status, 200);
    drop(service);
    assert!(restore(database, &[]).stdout.contains("\trun\tr\t"));
    let service = Service::start_with(database, &[("PADDLES_DELETED_RETENTION", "0")]);
    eventually("it is forgotten", || restore(database, &[]).stdout.is_empty().then_some(()));
    drop(service);
}

on_both_databases!(what_was_deleted_is_brought_back, what_is_old_is_forgotten);
