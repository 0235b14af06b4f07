//! A lab is copied from a server that has the habits of the older service, and its bad days.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::copied_lab::{command, serve};

/// Answers of a path, one after the other; the last one stays. None comes for [`NEVER`].
type Answers = HashMap<&'static str, Vec<(u16, String)>>;

/// The status of an answer for which a client waits in vain.
const NEVER: u16 = 0;

/// What was asked, and when.
type Asked = Arc<Mutex<Vec<(Instant, String)>>>;

/// Serves these answers for as long as the test runs, and notes when what was asked.
fn serve_answers(answers: Answers) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let (noted, answers) = (Arc::clone(&asked), Arc::new(Mutex::new(answers)));
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (noted, answers, mut connection) = (Arc::clone(&noted), Arc::clone(&answers), connection.unwrap());
            thread::spawn(move || {
                let mut request = String::new();
                let mut lines = BufReader::new(connection.try_clone().unwrap());
                while lines.read_line(&mut request).is_ok_and(|length| length > 2) {}
                // What it never heard of it passes over.
                let path = request.split(' ').nth(1).unwrap().replace("&view=full", "").replace("?view=full", "");
                noted.lock().unwrap().push((Instant::now(), path.clone()));
                let mut answers = answers.lock().unwrap();
                let of_path = answers.get_mut(path.as_str());
                let (status, body) = match of_path {
                    Some(answers) if answers.len() > 1 => answers.remove(0),
                    Some(answers) => answers[0].clone(),
                    None => (404, "<html>not found</html>".to_owned()),
                };
                if status == NEVER {
                    drop(answers);
                    thread::sleep(Duration::from_mins(1));
                    return;
                }
                let retry = if status == 503 { "Retry-After: 1\r\n" } else { "" };
                let length = body.len();
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status} X\r\n{retry}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            });
        }
    });
    (address, asked)
}

fn run_document(name: &str, posted: &str, jobs: Option<&str>) -> String {
    // Without some keys of today, links as arrays, a status that does not follow.
    let jobs = jobs.map(|jobs| format!(", \"jobs\": {jobs}")).unwrap_or_default();
    format!(
        r#"{{"name": "{name}", "href": ["http://old/runs/{name}/"], "status": "running", "user": "me", "suite": "rados",
        "branch": "main", "machine_type": "smithi", "scheduled": "{posted}.000001", "posted": "{posted}.000001",
        "updated": "2020-01-02 05:00:00", "started": null, "jobs_count": 1, "sha1": "none", "flavor": "none",
        "results": {{"pass": 1, "total": 1, "sha1": "none", "flavor": "none"}}{jobs}}}"#
    )
}

fn the_older_service_is_understood(database: &TestDatabase) {
    let jobs = r#"[
        {"job_id": "1", "status": "pass", "posted": "2020-01-02 03:04:05.5", "updated": "2020-01-02 05:00:00", "pid": "12",
         "overrides": {"ratio": NaN, "a": [1.50]}, "timestamp": "2020-01-02 03:04:05", "targets": {"ubuntu@smithi1": null}},
        {"job_id": "1", "status": "running", "posted": "2020-01-02 03:04:05.5", "updated": "2020-01-02 04:00:00"},
        {"job_id": null, "status": "pass"}
    ]"#;
    let list = |name: &str, posted: &str| format!("[{}]", run_document(name, posted, None));
    let mut answers = Answers::new();
    answers.insert(
        "/nodes/",
        vec![
            (503, "busy".to_owned()),
            (
                200,
                json!([{ "name": "smithi1", "up": null, "locked": false, "is_vm": false, "vm_host": null }])
                    .to_string(),
            ),
        ],
    );
    answers.insert("/runs/?count=1&page=1", vec![(500, String::new()), (200, list("new", "2020-01-03 00:00:00"))]);
    answers.insert("/runs/?count=1&page=2", vec![(200, list("broken", "2020-01-02 12:00:00"))]);
    // A run came meanwhile, and every page moved.
    answers.insert("/runs/?count=1&page=3", vec![(200, list("broken", "2020-01-02 12:00:00"))]);
    answers.insert("/runs/?count=1&page=4", vec![(200, list("old", "2020-01-02 03:04:05"))]);
    answers.insert("/runs/?count=1&page=5", vec![(200, "[]".to_owned())]);
    answers.insert("/runs/new/", vec![(200, run_document("new", "2020-01-03 00:00:00", Some("[]")))]);
    answers.insert(
        "/runs/old/",
        vec![(502, String::new()), (200, run_document("old", "2020-01-02 03:04:05", Some(jobs)))],
    );
    answers.insert("/runs/broken/", vec![(500, "<html>a traceback</html>".to_owned())]);
    let (address, asked) = serve_answers(answers);

    let ended =
        command(database, &["import", "--from", &address, "--page-size", "1", "--parallel", "2", "--retries", "2"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for sentence in [
        "broken: http://",
        "answers 500",
        "old: a job {\"job_id\": null",
        "could not find required key: 'job_id'",
        "old: job 1 is there 2 times; the one heard of last counts",
        "3 things are to be looked at",
    ] {
        assert!(ended.stderr.contains(sentence), "{sentence}: {}", ended.stderr);
    }
    assert!(
        ended.stdout.contains("runs: 2 added") && ended.stdout.contains("2 runs have another status here"),
        "{ended:?}"
    );
    {
        let asked = asked.lock().unwrap();
        let nodes: Vec<Instant> = asked.iter().filter(|(_, path)| path == "/nodes/").map(|(when, _)| *when).collect();
        assert!(nodes.len() == 2 && nodes[1] - nodes[0] >= Duration::from_secs(1), "it was asked to wait for a second");
        assert_eq!(asked.iter().filter(|(_, path)| path == "/runs/broken/").count(), 3);
    }
    let client = serve(database);
    let client = client.client();
    let run = client.read("/runs/old/");
    assert_eq!((&run["status"], &run["posted"]), (&json!("finished pass"), &json!("2020-01-02 03:04:05.000001")));
    assert_eq!(run["jobs"].as_array().unwrap().len(), 1);
    let job = &run["jobs"][0];
    assert_eq!(
        (&job["status"], &job["pid"], &job["overrides"]),
        (&json!("pass"), &json!("12"), &json!({ "ratio": null, "a": [1.5] }))
    );
    assert_eq!(job["timestamp"], "2020-01-02 03:04:05");
    assert_eq!(client.read("/nodes/smithi1/jobs/")[0]["job_id"], "1");
    assert_eq!(client.read("/runs/new/")["status"], "empty");
}

/// A page of the list of these runs, the newest of which comes first.
fn list_of(names: &[&str]) -> String {
    let posted = |place: usize| format!("2020-01-02 {:02}:00:00", 23 - place);
    let runs: Vec<_> = names.iter().enumerate().map(|(place, name)| run_document(name, &posted(place), None)).collect();
    format!("[{}]", runs.join(", "))
}

/// As behind a proxy that waits for no more than some seconds: the largest runs never come.
fn runs_that_a_server_cannot_show_hold_up_no_others(database: &TestDatabase) {
    let mut answers = Answers::new();
    let names = ["newest", "busy", "hangs", "late", "gone", "oldest"];
    answers.insert("/runs/?count=25&page=1", vec![(200, list_of(&names))]);
    for (path, status) in [("/runs/busy/", 502), ("/runs/hangs/", NEVER), ("/runs/late/", 504), ("/runs/gone/", 503)] {
        answers.insert(path, vec![(status, "no".to_owned())]);
    }
    for (name, path) in [("newest", "/runs/newest/"), ("oldest", "/runs/oldest/")] {
        answers.insert(path, vec![(200, run_document(name, "2020-01-02 03:04:05", Some("[]")))]);
    }
    let (address, _) = serve_answers(answers);
    let ended = command(database, &["import", "--from", &address, "--retries", "0", "--timeout", "1"]);
    assert!(ended.code == Some(1) && ended.stdout.contains("runs: 2 added"), "{ended:?}");
    for sentence in [
        "busy: http://",
        "answers 502: no",
        "hangs: http://",
        "gives no answer: timeout",
        "late: http://",
        "gone: http://",
        "4 things are to be looked at: see above",
    ] {
        assert!(ended.stderr.contains(sentence), "{sentence}: {}", ended.stderr);
    }
}

fn a_server_that_goes_away_ends_the_copy_soon(database: &TestDatabase) {
    for status in [500, 502, 503, 403] {
        let mut answers = Answers::new();
        let names = ["a", "b", "c", "d", "e", "f"];
        answers.insert("/runs/?count=25&page=1", vec![(200, list_of(&names))]);
        let runs = ["/runs/a/", "/runs/b/", "/runs/c/", "/runs/d/", "/runs/e/", "/runs/f/"];
        for path in runs.into_iter().chain(["/runs/?count=1&page=1"]) {
            answers.insert(path, vec![(status, "away".to_owned())]);
        }
        let (address, asked) = serve_answers(answers);
        let ended = command(database, &["import", "--from", &address, "--retries", "1", "--parallel", "2"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(&format!("/runs/f/?view=full answers {status}: away")), "{ended:?}");
        assert_eq!(ended.stderr.contains("goes on where this one ended"), status != 403, "{ended:?}");
        let asked = asked.lock().unwrap();
        assert!(asked.iter().all(|(_, path)| !runs[..4].contains(&path.as_str())), "{asked:?}");
    }
}

/// To begin again helps nobody.
fn a_list_that_is_broken_is_told(database: &TestDatabase) {
    for (path, without) in [("/runs/?count=25&page=1", "--run NAME"), ("/nodes/", "--without-nodes")] {
        let (address, _) = serve_answers(Answers::from([(path, vec![(200, "<html>".to_owned())])]));
        let ended = command(database, &["import", "--from", &address]);
        assert!(ended.code == Some(1) && ended.stderr.contains(" is not understood: "), "{ended:?}");
        assert!(ended.stderr.contains("ends here again until the server shows this as it should"), "{ended:?}");
        assert!(ended.stderr.contains(without) && !ended.stderr.contains("goes on"), "{ended:?}");
    }
}

fn a_server_that_is_away_ends_the_copy(database: &TestDatabase) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = command(database, &["import", "--from", &format!("http://{free}"), "--retries", "1"]);
    assert!(
        ended.code == Some(1) && ended.stderr.contains("gives no answer") && ended.stderr.contains("goes on"),
        "{ended:?}"
    );
    let (address, _) = serve_answers(Answers::new());
    let ended = command(database, &["import", "--from", &address]);
    assert!(ended.code == Some(1) && ended.stderr.contains("no list of runs is there"), "{ended:?}");
    assert!(!ended.stderr.contains("goes on"), "{ended:?}");
    let ended = command(database, &["import", "--from", "paddles.example"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("is no address of a server"), "{ended:?}");
}

fn requests_come_no_faster_than_they_may(database: &TestDatabase) {
    let mut answers = Answers::new();
    answers.insert("/runs/?count=25&page=1", vec![(200, "[]".to_owned())]);
    let (address, asked) = serve_answers(answers);
    let ended = command(database, &["import", "--from", &address, "--rate", "4"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[2].0 - asked[0].0 >= Duration::from_millis(450), "{asked:?}");
}

on_both_databases!(
    the_older_service_is_understood,
    a_server_that_is_away_ends_the_copy,
    runs_that_a_server_cannot_show_hold_up_no_others,
    a_server_that_goes_away_ends_the_copy_soon,
    a_list_that_is_broken_is_told,
    requests_come_no_faster_than_they_may
);
