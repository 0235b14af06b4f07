//! What is asked at the same time is one question to the database, and everybody gets their own answer.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use paddles_diesel::testing::TestDatabase;
use serde_json::json;
use socket2::SockRef;

use crate::answer::Answer;
use crate::client::Client;
use crate::service::Service;

/// Long enough for requests to be sent and to wait.
const A_MOMENT: Duration = Duration::from_millis(300);

/// Asks on a connection each while `lock` is held, so that all but the first wait together; gives their answers in order, and how
/// many statements they cost.
fn while_held<T: Send>(
    service: &Service,
    lock: &'static str,
    asks: Vec<impl FnOnce(&Client) -> T + Send>,
) -> (Vec<T>, u64) {
    let held = service.database().hold(lock);
    let before = service.statements_run();
    let answers = thread::scope(|scope| {
        let ask_each: Vec<_> = asks
            .into_iter()
            .map(|ask| {
                let client = service.client();
                scope.spawn(move || ask(&client))
            })
            .collect();
        thread::sleep(A_MOMENT);
        drop(held);
        ask_each.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (answers, service.statements_run() - before)
}

/// The first question is asked alone, and the others with one statement; the pool may open a connection meanwhile.
const FEW: u64 = 4;

#[test]
fn single_rows_are_asked_for_together() {
    let service = Service::admitting_all(TestDatabase::postgres());
    for number in 0..10 {
        service.post_node(&format!("n{number}"), &json!({ "machine_type": format!("type{number}") }));
        service.post_job("r", &number.to_string(), &json!({ "description": format!("job {number}") }));
    }
    let get = |path: String| move |client: &Client| client.get(&path);
    let kinds = [
        ("LOCK TABLE nodes IN ACCESS EXCLUSIVE MODE", "/nodes/n", "machine_type", "type", "node not found"),
        ("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE", "/runs/r/jobs/", "description", "job ", "job was not found"),
    ];
    for (lock, path, key, text, absent) in kinds {
        let asks = (0..12).map(|number| get(format!("{path}{number}/"))).collect();
        let (answers, statements) = while_held(&service, lock, asks);
        for (number, answer) in answers.iter().enumerate() {
            match number {
                0..10 => assert_eq!(answer.json()[key], format!("{text}{number}")),
                _ => assert_eq!(answer.refusal(), (404, absent.to_owned())),
            }
        }
        assert!(statements <= FEW, "{statements} statements for {path}");
    }

    let asks = (0..10).map(|number| move |client: &Client| client.post("/runs/r/jobs/", json!({"job_id": number})));
    let (answers, statements) = while_held(&service, "LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE", asks.collect());
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.refusal(), (400, format!("job with job_id {number} already exists")));
    }
    assert!(statements <= FEW, "{statements} statements");
}

#[test]
fn a_list_is_read_once_for_all_who_ask_for_it() {
    let service = Service::admitting_all(TestDatabase::postgres());
    for number in 0..5 {
        service.post("/runs/", json!({ "name": format!("r{number}") })).json();
    }
    let get = |path: &'static str| move |client: &Client| client.get(path);
    let asks = (0..12).map(|number| get(if number % 3 == 0 { "/runs/?count=2" } else { "/runs/" })).collect();
    let (answers, statements) = while_held(&service, "LOCK TABLE runs IN ACCESS EXCLUSIVE MODE", asks);
    for (number, answer) in answers.iter().enumerate() {
        let runs = answer.json().as_array().unwrap().len();
        assert_eq!((runs, answer.header("link").is_some()), if number % 3 == 0 { (2, true) } else { (5, false) });
        assert_eq!(answer.header("etag"), answers[number % 3].header("etag"));
    }
    assert!(statements <= 2 * FEW, "{statements} statements");
}

/// An answer is never older than its question: who asks while others are being answered is not given their answer.
#[test]
fn who_asks_later_is_answered_anew() {
    let service = Service::admitting_all(TestDatabase::postgres());
    let held = service.database().hold("LOCK TABLE run_sha1s IN ACCESS EXCLUSIVE MODE");
    let before = service.statements_run();
    thread::scope(|scope| {
        let (early, late) = (service.client(), service.client());
        let early = scope.spawn(move || early.get("/runs/sha1/"));
        thread::sleep(A_MOMENT);
        let late = scope.spawn(move || late.get("/runs/sha1/"));
        thread::sleep(A_MOMENT);
        drop(held);
        assert_eq!((early.join().unwrap().status, late.join().unwrap().status), (200, 200));
    });
    assert!(service.statements_run() - before >= 2, "one reading for both");
}

/// A row that cannot be read is the trouble of those who ask for it.
#[test]
fn a_bad_row_fails_nobody_else() {
    let service = Service::admitting_all(TestDatabase::sqlite());
    for number in 0..8 {
        service.post_job("r", &number.to_string(), &json!({}));
    }
    service.database().execute("UPDATE jobs SET posted = 'never' WHERE job_id = '0'");
    thread::scope(|scope| {
        for number in 0..8 {
            let client = service.client();
            scope.spawn(move || {
                for _ in 0..50 {
                    let status = client.unread(&[], "GET", &format!("/runs/r/jobs/{number}/")).status().as_u16();
                    assert_eq!(status == 200, number != 0, "job {number}: {status}");
                }
            });
        }
    });
}

/// Of those who claim together each has a job or waits; a run that somebody keeps holds up nobody who can be served.
#[test]
fn who_can_have_a_job_does_not_wait_for_others() {
    let service = Service::admitting_all(TestDatabase::postgres());
    service.post("/queue/", json!({"queue": "q"})).json();
    for (number, run) in ["first", "free", "kept", "last"].into_iter().enumerate() {
        let job = json!({"status": "queued", "queue": "q", "priority": number});
        service.post_job(run, &number.to_string(), &job);
    }
    let claim = |client: Client| client.send("POST", "/queue/pop_queue/?queue=q", b"").json()["job_id"].clone();
    let kept = service.database().hold("SELECT * FROM runs WHERE name = 'kept' FOR UPDATE");
    let queue = service.database().hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    thread::scope(|scope| {
        let claims: Vec<_> = (0..4)
            .map(|_| {
                let client = service.client();
                let claim = scope.spawn(move || claim(client));
                thread::sleep(A_MOMENT / 3);
                claim
            })
            .collect();
        drop(queue);
        thread::sleep(A_MOMENT);
        let served: Vec<_> = claims.iter().filter(|claim| claim.is_finished()).collect();
        assert_eq!(served.len(), 2, "those before the run that is kept have theirs");
        // Nobody keeps a run while it waits for another.
        for job in ["first/jobs/0", "free/jobs/1", "last/jobs/3"] {
            service.put(&format!("/runs/{job}/"), json!({"pid": 1})).json();
        }
        drop(kept);
        let ids: Vec<_> = claims.into_iter().map(|claim| claim.join().unwrap()).collect();
        assert_eq!(ids, ["0", "1", "2", "3"]);
    });
}

/// A claim that nobody waits for any more would lose its job.
#[test]
fn who_hung_up_takes_no_job() {
    let service = Service::admitting_all(TestDatabase::postgres());
    service.post("/queue/", json!({"queue": "q"})).json();
    for number in 0..4 {
        service.post_job("r", &number.to_string(), &json!({"status": "queued", "queue": "q", "priority": number}));
    }
    let claim = |client: &Client| client.send("POST", "/queue/pop_queue/?queue=q", b"");
    let held = service.database().hold("LOCK TABLE queue IN ACCESS EXCLUSIVE MODE");
    let answers: Vec<Answer> = thread::scope(|scope| {
        let first = service.client();
        let first = scope.spawn(move || claim(&first));
        thread::sleep(A_MOMENT);
        // Some end what they ask with a line more.
        for end in ["\r\n", "\r\n\r\n"] {
            let mut gone = TcpStream::connect(service.address()).unwrap();
            let claim = "POST /queue/pop_queue/?queue=q HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n";
            gone.write_all(format!("{claim}{end}").as_bytes()).unwrap();
            thread::sleep(A_MOMENT);
            // It is reset; an end alone would only say that nothing more is asked.
            SockRef::from(&gone).set_linger(Some(Duration::ZERO)).unwrap();
        }
        thread::sleep(A_MOMENT);
        let last = service.client();
        let last = scope.spawn(move || claim(&last));
        thread::sleep(A_MOMENT);
        drop(held);
        vec![first.join().unwrap(), last.join().unwrap()]
    });
    let ids: Vec<_> = answers.iter().map(|answer| answer.json()["job_id"].clone()).collect();
    assert_eq!(ids, ["0", "1"]);
    assert_eq!(service.get("/queue/stats/?queue=q").json()["queued_jobs"], 2);
}
