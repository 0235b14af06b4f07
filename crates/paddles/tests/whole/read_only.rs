//! A database that takes no writes, as after a failover: reads are answered, writes are told to try again, and succeed as
//! soon as they can.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use paddles_diesel::testing::TestDatabase;
use serde_json::json;
use ureq::http::header::RETRY_AFTER;

use crate::at_once::recounted;
use crate::client::Client;
use crate::optional::tell_once;
use crate::program::{paddles, run};
use crate::service::Service;
use crate::waiting::PATIENCE;

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
    fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    // Where the folder may be written, SQLite reads all the same.
    for mode in [0o555, 0o777] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        let Some(serve) = by_nobody(&database) else { return };
        let ended = run(Command::new("timeout")
            .arg("20")
            .arg("setpriv")
            .args(serve.get_args())
            .envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?)))));
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("paddles: cannot ") && ended.stderr.contains(database.url()), "{ended:?}");
    }
}

/// The service as somebody runs it who is not allowed everything, as whoever runs the tests may be. `None` where nobody else
/// can run it.
fn by_nobody(database: &TestDatabase) -> Option<Command> {
    let mut by_nobody = Command::new("setpriv");
    by_nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    if !by_nobody
        .arg(paddles(&[], &[]).get_program())
        .arg("--version")
        .output()
        .is_ok_and(|ended| ended.status.success())
    {
        tell_once("setpriv", "nobody else can run the program here: SKIPPING a file that may not be written");
        return None;
    }
    let mut serve = Command::new("setpriv");
    serve.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(paddles(&[], &[]).get_program()).arg("serve");
    serve.env_clear().env("PADDLES_DATABASE_URL", database.url()).env("PATH", "/usr/bin:/bin");
    serve.env("PADDLES_SERVER_PORT", "0").env("PADDLES_ADMISSION", "deployed");
    Some(serve)
}

/// Connections that were open before may write still; those that are opened since may not.
#[test]
fn an_sqlite_file_takes_no_writes_for_a_while() {
    let database = TestDatabase::sqlite();
    let file = Path::new(database.url().strip_prefix("sqlite://").unwrap()).to_owned();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(file.parent().unwrap(), 0o777);
    let Some(serve) = by_nobody(&database) else { return };
    let service = Service::spawn(serve);
    let client = service.client();
    client.post_job("r", &json!({ "job_id": "1", "status": "running" }));

    mode(&file, 0o444);
    let is_done = AtomicBool::new(false);
    let (acknowledged, refused) = thread::scope(|scope| {
        // Readers take the connections, so that others are opened.
        for reader in 0..4 {
            let (service, is_done) = (&service, &is_done);
            scope.spawn(move || {
                let client = service.client();
                while !is_done.load(Ordering::Relaxed) {
                    // Each for itself: what is the same to the letter is read once for all.
                    assert_eq!(client.get(&format!("/runs/?count={}", 10 + reader)).status, 200);
                }
            });
        }
        let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
        let began = Instant::now();
        for number in 2.. {
            let id = number.to_string();
            let answer = client.post("/runs/r/jobs/", &json!({ "job_id": id, "status": "running" }));
            if answer.status == 200 {
                acknowledged.push(id);
            } else {
                assert_eq!(answer.status, 503, "{}", answer.text());
                assert!(answer.headers.contains_key(RETRY_AFTER));
                refused.push(id);
            }
            if refused.len() >= 20 || began.elapsed() > PATIENCE {
                break;
            }
        }
        is_done.store(true, Ordering::Relaxed);
        (acknowledged, refused)
    });
    eprintln!("read-only: {} acknowledged, {} refused", acknowledged.len(), refused.len());
    assert!(!refused.is_empty());
    let status = |id: &String| client.get(&format!("/runs/r/jobs/{id}/")).status;
    assert!(acknowledged.iter().all(|id| status(id) == 200) && refused.iter().all(|id| status(id) == 404));
    let log = service.log();
    assert!(log.contains("attempt to write a readonly database") && !log.contains("ERROR"), "{log}");

    // Nobody keeps a connection that may not write.
    mode(&file, 0o644);
    let pooled = 16;
    let failed = (0..pooled).filter(|_| client.put("/runs/r/jobs/1/", &json!({ "status": "pass" })).status != 200);
    assert!(failed.count() < pooled, "connections that may not write are kept");
    assert_eq!(client.read("/runs/r/jobs/1/")["status"], "pass");
    assert_eq!(recounted(&client, "r").total() as usize, acknowledged.len() + 1);
}
