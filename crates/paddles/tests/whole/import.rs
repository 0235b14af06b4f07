//! A lab is copied from one server into the database of another.

use std::thread;
use std::time::Duration;

use paddles_diesel::recount;
use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::copied_lab::{a_job, assert_same, command, documents, fill, other_kind, serve, succeed};
use crate::program::paddles;

fn a_copy_shows_the_same(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let address = format!("http://{}/", source.address());
    let original = documents(&source.client());
    let target = other_kind(database);
    let import = |more: &[&str]| succeed(&target, &[&["import", "--from", &address], more].concat());

    let said = import(&[]);
    assert!(said.contains("runs: 5 added, 0 changed") && said.contains("jobs: 62 added, 0 changed"), "{said}");
    let shown = || documents(&serve(&target).client());
    assert_same(&original, &shown());
    recount(&target.url().parse().unwrap()).unwrap();
    assert_same(&original, &shown());

    let again = import(&[]);
    assert!(
        again.contains("runs: 0 added, 0 changed, 1 the same") && again.contains("4 runs look the same"),
        "{again}"
    );
    let again = import(&["--recheck", "--page-size", "2", "--parallel", "1"]);
    assert!(again.contains("runs: 0 added, 0 changed, 5 the same"), "{again}");
    assert!(again.contains("jobs: 0 added, 0 changed, 62 the same"), "{again}");
    assert_same(&original, &shown());

    let (_, job) = a_job();
    assert_eq!(source.client().put(&job, &json!({ "comment": "looked at" })).status, 200);
    let changed = import(&["--suite", "rados", "--branch", "main", "--since", "2026-03-01"]);
    assert!(changed.contains("runs: 0 added, 1 changed") && changed.contains("jobs: 0 added, 1 changed"), "{changed}");
    assert_same(&documents(&source.client()), &shown());

    // Meanwhile the copy is in use: what it heard later stays.
    let copy = serve(&target);
    assert_eq!(copy.client().put(&job, &json!({ "comment": "and again" })).status, 200);
    let newer = import(&["--run", a_job().0]);
    assert!(newer.contains("runs: 0 added, 0 changed, 0 the same, 1 newer here"), "{newer}");
    assert!(newer.contains("jobs: 0 added, 0 changed, 39 the same, 1 newer here"), "{newer}");
    assert_eq!(copy.client().read(&job)["comment"], "and again");
}

fn only_selected_runs_come(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let address = format!("http://{}", source.address());
    let target = other_kind(database);
    let names = |target: &TestDatabase| {
        let runs = serve(target).client().read("/runs/?fields=name");
        runs.as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let said = succeed(&target, &["import", "--from", &address, "--since", "2026-03-02", "--suite", "rados"]);
    assert!(said.contains("runs: 1 added") && said.contains("jobs: 12 added"), "{said}");
    assert_eq!(names(&target), ["me-2026-03-04_02:01:02-rados-wip-x-distro-default-smithi"]);
    succeed(&target, &["import", "--from", &address, "--since", "2026-03-02", "--without-nodes"]);
    let (first, _) = a_job();
    assert!(names(&target).len() == 4 && !names(&target).contains(&first.to_owned()), "{:?}", names(&target));

    let absent = command(&target, &["import", "--from", &address, "--run", "absent"]);
    assert_eq!(absent.code, Some(1), "{absent:?}");
    assert!(absent.stderr.contains("absent: the server has no such run"), "{absent:?}");
}

/// Killed again and again, and begun again, it comes to the same.
fn a_copy_goes_on_after_a_kill(database: &TestDatabase) {
    let source = serve(database);
    fill(&source.client());
    let address = format!("http://{}", source.address());
    let target = other_kind(database);
    let arguments = ["import", "--from", &address, "--parallel", "2"];
    for round in 1..=6_u64 {
        let mut command = paddles(&arguments, &[("PADDLES_DATABASE_URL", target.url())]);
        let mut copy = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(round * 60));
        copy.kill().unwrap();
        copy.wait().unwrap();
    }
    succeed(&target, &arguments);
    assert_same(&documents(&source.client()), &documents(&serve(&target).client()));
}

on_both_databases!(a_copy_shows_the_same, only_selected_runs_come, a_copy_goes_on_after_a_kill);
