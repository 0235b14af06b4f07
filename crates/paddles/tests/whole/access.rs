//! Tokens are made by command and asked for by the service.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::client::Client;
use crate::optional::given;
use crate::program::{Ended, paddles, run};
use crate::service::Service;
use crate::teuthology_home::Teuthology;

fn command(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run(&mut paddles(arguments, &[("PADDLES_DATABASE_URL", database.url())]))
}

/// A new token, as the command shows it.
fn token(database: &TestDatabase, name: &str, role: &str) -> String {
    let made = command(database, &["token", "create", "--name", name, "--role", role]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    made.stdout.trim_end().to_owned()
}

fn tokens_are_made_shown_and_taken_back(database: &TestDatabase) {
    let secret = token(database, "ci", "reporter");
    assert!(secret.starts_with("paddles_") && secret.len() == 51, "{secret}");
    let until =
        command(database, &["token", "create", "--name", "guest", "--role", "admin", "--expires", "2999-12-31"]);
    assert_eq!(until.code, Some(0), "{}", until.stderr);

    let refused = |arguments: &[&str]| {
        let ended = command(database, arguments);
        assert_eq!(ended.code, Some(1), "{}", ended.stdout);
        ended.stderr
    };
    let again = refused(&["token", "create", "--name", "ci", "--role", "admin"]);
    assert!(again.contains("there is or was a token ci"), "{again}");
    let past = refused(&["token", "create", "--name", "old", "--role", "admin", "--expires", "2020-01-01 12:00:00"]);
    assert!(past.contains("would never be good"), "{past}");
    assert!(refused(&["token", "revoke", "--name", "nobody"]).contains("there is no token nobody"));
    for (option, value, allowed) in [
        ("--role", "root", "reporter"),
        ("--expires", "soon", "YYYY-MM-DD"),
        ("--name", "a/b", "without slashes"),
        ("--name", "a\nb", "name takes text without control characters"),
        ("--name", "a\u{1b}[2J", "name takes text without control characters"),
    ] {
        let others = [["--name", "x"], ["--role", "admin"]].into_iter().filter(|[known, _]| *known != option);
        let arguments: Vec<&str> = others.flatten().chain([option, value]).collect();
        let ended = command(database, &[&["token", "create"], &arguments[..]].concat());
        assert_eq!(ended.code, Some(2), "{option} {value}: {}", ended.stdout);
        assert!(ended.stderr.contains(allowed), "{}", ended.stderr);
    }
    // One that was made before names were checked can be taken back.
    database.execute(
        "INSERT INTO tokens (name, role, hash, created) SELECT 'old' || '\n', role, 'x', created FROM tokens WHERE name = 'guest'",
    );
    assert_eq!(command(database, &["token", "revoke", "--name", "old\n"]).stdout, "revoked old\\n\n");
    database.execute("DELETE FROM tokens WHERE hash = 'x'");

    assert_eq!(command(database, &["token", "revoke", "--name", "ci"]).stdout, "revoked ci\n");
    assert_eq!(command(database, &["token", "revoke", "--name", "ci"]).stdout, "ci was revoked before\n");
    let list = command(database, &["token", "list"]).stdout;
    assert!(!list.contains(&secret), "{list}");
    let fields: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').take(3).collect()).collect();
    assert_eq!(fields, [["ci", "reporter", "revoked"], ["guest", "admin", "good"]]);
    assert!(list.contains("expires 2999-12-31 00:00:00"), "{list}");
}

fn no_token_is_in_any_log(database: &TestDatabase) {
    let secret = token(database, "ci", "reporter");
    let settings = [("PADDLES_AUTH", "all"), ("PADDLES_LOG", "trace"), ("PADDLES_ACCESS_LOG", "all")];
    let mut service = Service::start_with(database, &settings);
    let status = |client: Client| client.get("/runs/").status;
    assert_eq!(status(service.client().authorized(format!("Bearer {secret}"))), 200);
    assert_eq!(status(service.client().authorized(format!("Bearer {secret}x"))), 401);
    // It sends them as HTTP Basic.
    assert_eq!(status(Client::new(&format!("lab:{secret}@{}", service.address()))), 200);
    assert_eq!(status(service.client()), 401);
    service.eventually("all is logged", |log| (log.matches("route=\"/runs/\"").count() >= 4).then_some(()));
    let log = service.log();
    assert!(!log.contains(&secret[8..]) && !log.contains("Bearer"), "{log}");
}

#[test]
fn an_open_service_is_warned_about() {
    let database = TestDatabase::sqlite();
    let warnings = |settings: &[(&str, &str)]| {
        let service = Service::start_with(&database, settings);
        service.log().matches("see PADDLES_AUTH").count()
    };
    assert_eq!(warnings(&[("PADDLES_SERVER_HOST", "0.0.0.0")]), 1);
    assert_eq!(warnings(&[("PADDLES_SERVER_HOST", "0.0.0.0"), ("PADDLES_AUTH", "write")]), 0);
    assert_eq!(warnings(&[]), 0);
}

const RUN: &str = "ann-2026-03-01_20:24:03-rados-main-testing-basic-mira";

fn the_real_client_shows_its_token(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let [reporter, admin] = ["reporter", "admin"].map(|role| token(database, role, role));
    let service = Service::start_with(database, &[("PADDLES_AUTH", "all")]);
    let teuthology = Teuthology::of(programs, &service);
    teuthology.write_netrc(&reporter);

    let job = json!({ "name": RUN, "job_id": "1", "status": "queued", "machine_type": "mira" });
    teuthology.call("try_push_job_info", &json!([job, { "status": "running" }]));
    let shown = teuthology.call("get_jobs", &json!([RUN, "1"]));
    assert_eq!(shown["status"], "running");
    // Whose token may not delete is told so; the client only logs it.
    teuthology.call("try_delete_jobs", &json!([RUN, "1"]));
    assert_eq!(teuthology.call("get_run", &json!([RUN]))["results"]["total"], 1);

    teuthology.write_netrc(&admin);
    teuthology.call("try_delete_jobs", &json!([RUN, "1"]));
    let client = service.client().authorized(format!("Bearer {admin}"));
    assert_eq!(client.get(&format!("/runs/{RUN}/")).status, 404);
}

fn the_real_lock_tool_shows_its_token(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let [reporter, operator] = ["reporter", "operator"].map(|role| token(database, role, role));
    let service = Service::start_with(database, &[("PADDLES_AUTH", "write")]);
    let (teuthology, client) = (Teuthology::of(programs, &service), service.client());
    let node = json!([{ "name": "t001.lab.invalid", "machine_type": "t", "up": true, "ssh_pub_key": "ssh-rsa K" }]);
    let lock = ["--lock-many", "1", "--machine-type", "t", "--owner", "ann@host", "--desc", "by token"];
    let unlock = ["--unlock", "--owner", "ann@host", "t001"];
    let is_locked = || client.read("/nodes/t001.lab.invalid/")["locked"].clone();

    teuthology.write_netrc(&operator);
    teuthology.call("update_inventory", &node);
    assert_eq!(is_locked(), false);

    teuthology.write_netrc("paddles_wrong");
    let refused = teuthology.run("teuthology-lock", &lock);
    assert_eq!((refused.code, is_locked()), (Some(1), json!(false)), "{}", refused.stderr);
    teuthology.write_netrc(&reporter);
    let locked = teuthology.run("teuthology-lock", &lock);
    assert_eq!((locked.code, is_locked()), (Some(0), json!(true)), "{}", locked.stderr);

    teuthology.write_netrc("paddles_wrong");
    let refused = teuthology.run_module("scripts.lock", &unlock);
    assert_eq!((refused.code, is_locked()), (Some(1), json!(true)), "{}", refused.stderr);
    teuthology.write_netrc(&reporter);
    let unlocked = teuthology.run_module("scripts.lock", &unlock);
    assert_eq!((unlocked.code, is_locked()), (Some(0), json!(false)), "{}", unlocked.stderr);
}

on_both_databases!(
    tokens_are_made_shown_and_taken_back,
    no_token_is_in_any_log,
    the_real_client_shows_its_token,
    the_real_lock_tool_shows_its_token,
);
