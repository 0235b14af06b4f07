//! A lab is copied from one server into the database of another.

use std::thread;
use std::time::Duration;

use paddles_diesel::recount;
use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::copied_lab::{a_job, assert_same, command, documents, fill, other_kind, serve, succeed};
use crate::program::paddles;
use crate::service::Service;

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

    // Of several conditions all must hold, also of a run that is named.
    for other in [["--suite", "fs"], ["--branch", "wip-x"], ["--since", "2026-03-02"]] {
        let said = succeed(&target, &[&["import", "--from", &address, "--run", first], &other[..]].concat());
        assert!(said.contains("runs: 0 added, 0 changed") && !names(&target).contains(&first.to_owned()), "{said}");
    }
    let all = ["--suite", "rados", "--branch", "main", "--since", "2026-03-01"];
    let said = succeed(&target, &[&["import", "--from", &address, "--run", first], &all[..]].concat());
    assert!(said.contains("runs: 1 added") && said.contains("jobs: 40 added"), "{said}");

    let absent = command(&target, &["import", "--from", &address, "--run", "absent"]);
    assert_eq!(absent.code, Some(1), "{absent:?}");
    assert!(absent.stderr.contains("absent: the server has no such run"), "{absent:?}");
}

/// What a server shows to those who say nothing is a setting of its own.
fn a_server_that_shows_summaries_is_copied(database: &TestDatabase) {
    let source = Service::start_with(database, &[("PADDLES_DEFAULT_RUNS_VIEW", "summary")]);
    source.client().post_job("r", &json!({ "job_id": "1", "status": "pass" }));
    let address = format!("http://{}", source.address());
    let target = other_kind(database);
    let said = succeed(&target, &["import", "--from", &address]);
    assert!(said.contains("runs: 1 added") && said.contains("jobs: 1 added"), "{said}");
    let said = succeed(&target, &["import", "--from", &address, "--run", "r"]);
    assert!(said.contains("1 the same"), "{said}");
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

/// More jobs than one transaction takes in.
const MANY: usize = 300;

/// What a run's row tells is no proof that its jobs came too: broken off among them, the copy fetches them again.
fn a_copy_goes_on_after_a_failure_inside_a_run(database: &TestDatabase) {
    let source = serve(database);
    let address = format!("http://{}", source.address());
    for number in 0..MANY {
        source.client().post_job("many", &json!({ "job_id": number.to_string(), "status": "pass" }));
    }
    let target = other_kind(database);
    succeed(&target, &["migrate"]);
    let shown = |service: &Service| service.client().get("/runs/many/").text();
    let fails_at = |at: &str, said: &str, then: &str| {
        refuse_a_job(&target, at, "298");
        let ended = command(&target, &["import", "--from", &address]);
        assert!(ended.code == Some(1) && ended.stderr.contains("goes on where this one ended"), "{ended:?}");
        accept_jobs(&target);
        assert_ne!(shown(&source), shown(&serve(&target)));
        let again = succeed(&target, &["import", "--from", &address]);
        assert!(again.contains(said) && again.contains(then), "{again}");
        assert_eq!(shown(&source), shown(&serve(&target)));
        let last = succeed(&target, &["import", "--from", &address]);
        assert!(last.contains("1 runs look the same"), "{last}");
    };
    fails_at("INSERT", "runs: 0 added, 1 changed", "jobs: 44 added, 0 changed, 256 the same");
    // No count tells this one from what is here.
    for job in ["1", "298"] {
        assert_eq!(
            source.client().put(&format!("/runs/many/jobs/{job}/"), &json!({ "comment": "looked at" })).status,
            200
        );
    }
    fails_at("UPDATE", "runs: 0 added, 1 changed", "jobs: 0 added, 1 changed, 299 the same");
}

/// From now on this job's row cannot be written.
fn refuse_a_job(database: &TestDatabase, at: &str, job_id: &str) {
    let refuses = if database.url().starts_with("sqlite") {
        format!(
            "CREATE TRIGGER refuses BEFORE {at} ON jobs WHEN NEW.job_id = '{job_id}' \
             BEGIN SELECT RAISE(ABORT, 'broken off'); END"
        )
    } else {
        format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken off'; END $$; \
             CREATE TRIGGER refuses BEFORE {at} ON jobs FOR EACH ROW WHEN (NEW.job_id = '{job_id}') \
             EXECUTE FUNCTION refuse()"
        )
    };
    database.execute(&refuses);
}

fn accept_jobs(database: &TestDatabase) {
    let sqlite = database.url().starts_with("sqlite");
    database.execute(if sqlite { "DROP TRIGGER refuses" } else { "DROP FUNCTION refuse CASCADE" });
}

on_both_databases!(
    a_copy_shows_the_same,
    only_selected_runs_come,
    a_server_that_shows_summaries_is_copied,
    a_copy_goes_on_after_a_kill,
    a_copy_goes_on_after_a_failure_inside_a_run
);
