//! Requests with an `Idempotency-Key`.

use std::thread;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::service::Service;

fn keyed(service: &Service, key: &str, path: &str, body: &Value) -> Answer {
    service.send_with(&[("Idempotency-Key", key)], "POST", path, body.to_string().as_bytes())
}

fn what_is_sent_again_is_answered_as_before(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let queued = |queue: &str| json!({ "status": "queued", "queue": queue, "priority": 1 });
    let node = |name: &str| json!({ "name": name, "machine_type": "mira", "up": true });
    let wish = json!({ "count": 1, "locked_by": "me", "machine_type": "mira", "description": null });
    service.post_node("first", &node("first"));
    service.post_node("second", &node("second"));
    let steps = [
        ("/runs/", json!({ "name": "r" })),
        ("/queue/", json!({ "queue": "q" })),
        ("/nodes/", json!({ "name": "n" })),
        ("/runs/r/jobs/", queued("q")),
        ("/runs/r/jobs/batch/", json!({ "jobs": [queued("q"), queued("q"), "no job"] })),
        ("/nodes/lock_many/", wish),
        ("/queue/pop_queue/?queue=q", json!({})),
    ];
    for (path, body) in &steps {
        let first = keyed(&service, path, path, body);
        assert_eq!(first.status, 200, "{path}: {}", first.body);
        for _ in 0..2 {
            assert_eq!(keyed(&service, path, path, body).body, first.body, "{path}");
        }
        // Without the key it is another request.
        assert_ne!(service.post(path, body).body, first.body, "{path}");
    }
    assert_eq!(service.get("/runs/r/").json()["results"]["total"], 3 + 3);
    assert_eq!(service.get("/nodes/?locked=1").json().as_array().unwrap().len(), 2);
}

fn a_key_is_for_one_request(database: TestDatabase) {
    let service = Service::on(database);
    assert_eq!(keyed(&service, "k", "/runs/", &json!({ "name": "a" })).json(), json!({}));
    let reused = (422, "Idempotency-Key takes another key: this one was used for another request".to_owned());
    assert_eq!(keyed(&service, "k", "/runs/", &json!({ "name": "b" })).refusal(), reused);
    assert_eq!(keyed(&service, "\"k\"", "/nodes/", &json!({ "name": "a" })).refusal(), reused);
    assert_eq!(service.run_names(), ["a"]);
    for odd in ["", "a b", &"k".repeat(256)] {
        let refusal = (400, "Idempotency-Key takes 1 to 255 visible characters of ASCII".to_owned());
        assert_eq!(keyed(&service, odd, "/runs/", &json!({ "name": "c" })).refusal(), refusal, "{odd:?}");
    }
    // What was refused may be asked for again under its key.
    let exists = (400, "run with name a already exists".to_owned());
    assert_eq!(keyed(&service, "other", "/runs/", &json!({ "name": "a" })).refusal(), exists);
    service.delete("/runs/a/").json();
    assert_eq!(keyed(&service, "other", "/runs/", &json!({ "name": "a" })).json(), json!({}));
}

fn one_key_from_many_clients_is_done_once(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let body = json!({ "status": "queued", "queue": "q" });
    let answers: Vec<Value> = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| keyed(&service, "k", "/runs/r/jobs/", &body).json())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(service.job_ids("r").len(), 1);
}

fn without_a_key_it_costs_nothing(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let cost = |change: &dyn Fn() -> Answer| {
        let before = service.statements_run();
        assert_eq!(change().status, 200);
        service.statements_run() - before
    };
    service.post("/runs/", json!({ "name": "warm" })).json();
    let bare = cost(&|| service.post("/runs/", json!({ "name": "a" })));
    let keyed = cost(&|| keyed(&service, "k", "/runs/", &json!({ "name": "b" })));
    // begin, insert, who did it, commit; with a key it is taken, old ones are forgotten, and what came of it is kept.
    assert_eq!((bare, keyed), (4, 7));
}

on_both!(
    what_is_sent_again_is_answered_as_before,
    a_key_is_for_one_request,
    one_key_from_many_clients_is_done_once,
    without_a_key_it_costs_nothing,
);
