//! A database that takes no writes, as after a failover: reads are answered, writes are told to try again, and succeed as
//! soon as they can.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use paddles_diesel::testing::TestDatabase;
use serde_json::json;
use ureq::http::header::RETRY_AFTER;

use crate::client::Client;
use crate::optional::tell_once;
use crate::program::{paddles, run};
use crate::service::Service;

/// Says how sessions begin from now on, whatever this one may do itself.
fn begin_sessions(database: &TestDatabase, setting: &str) {
    let name = database.url().rsplit('/').next().unwrap();
    database.execute(&format!("BEGIN READ WRITE; ALTER DATABASE {name} {setting}; COMMIT"));
}

/// Ends all other sessions.
fn end_sessions(database: &TestDatabase) {
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}

fn check_refused(client: &Client) {
    let post = client.post("/runs/r/jobs/", &json!({ "job_id": "2" }));
    let put = client.put("/runs/r/jobs/1/", &json!({ "status": "pass" }));
    for answer in [post, put] {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.headers.contains_key(RETRY_AFTER));
    }
    let job = client.read("/runs/r/jobs/1/");
    assert_eq!(job["status"], "running");
    assert_eq!(client.get("/runs/r/jobs/2/").status, 404);
}

#[test]
fn postgres_takes_no_writes_for_a_while() {
    let database = TestDatabase::postgres();
    let service = Service::start(&database);
    let client = service.client();
    client.post_job("r", &json!({ "job_id": "1", "status": "running" }));

    begin_sessions(&database, "SET default_transaction_read_only = on");
    end_sessions(&database);
    check_refused(&client);
    // A server that starts meanwhile has nothing to change, and serves.
    check_refused(&Service::start(&database).client());
    let log = service.log();
    assert!(log.contains("in a read-only transaction") && !log.contains("ERROR"), "{log}");

    // Nobody closes the sessions that began while it was read-only.
    begin_sessions(&database, "RESET default_transaction_read_only");
    let pooled = 16;
    let refused =
        (0..pooled).filter(|_| client.put("/runs/r/jobs/1/", &json!({ "status": "pass" })).status != 200).count();
    assert!(refused < pooled, "sessions that may not write are kept");
    assert_eq!(client.read("/runs/r/")["status"], "finished pass");
}

#[test]
fn an_sqlite_file_that_may_not_be_written_is_no_database() {
    let database = TestDatabase::sqlite();
    let file = database.url().strip_prefix("sqlite://").unwrap();
    assert_eq!(run(&mut paddles(&["migrate"], &[("PADDLES_DATABASE_URL", database.url())])).code, Some(0));
    let folder = std::path::Path::new(file).parent().unwrap();
    for (path, mode) in [(std::path::Path::new(file), 0o444), (folder, 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // Whoever runs the tests may be allowed everything.
    let mut serve = std::process::Command::new("setpriv");
    let program = paddles(&["serve"], &[]);
    serve.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program.get_program()).arg("serve");
    serve.env_clear().env("PADDLES_DATABASE_URL", database.url()).env("PATH", "/usr/bin:/bin");
    let ended = run(&mut serve);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    if ended.stderr.starts_with("setpriv: ") {
        return tell_once("setpriv", "nobody else can run the program here: SKIPPING a file that may not be written");
    }
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("paddles: cannot "), "{ended:?}");
}
