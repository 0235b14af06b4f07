//! Who gets nodes, and who gives them back.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::service::Service;

/// Free nodes of type smithi.
fn with_nodes(database: TestDatabase, names: &[&str]) -> Service {
    let service = Service::on(database);
    for name in names {
        service.post_node(name, &json!({ "machine_type": "smithi", "up": true }));
    }
    service
}

fn wish(count: usize, owner: &str) -> Value {
    json!({ "count": count, "locked_by": owner, "machine_type": "smithi", "description": null })
}

fn locked(service: &Service) -> Vec<String> {
    service.each("name", "/nodes/?locked=1")
}

/// By the path of a node as by that of its lock.
fn lock_rules_hold_on_every_path(database: TestDatabase) {
    let service = with_nodes(database, &["n"]);
    let refuse = |body: Value, status: u16, message: &str| {
        let before = service.get("/nodes/n/").body;
        for answer in [
            service.put("/nodes/n/", &body),
            service.put("/nodes/n/lock/", &body),
            service.post("/nodes/n/lock", &body),
        ] {
            assert_eq!(answer.refusal(), (status, message.to_owned()), "{body}");
        }
        assert_eq!(service.get("/nodes/n/").body, before, "{body}");
    };
    refuse(json!({ "locked": true, "up": false }), 400, "Cannot lock without specifying locked_by");
    refuse(json!({ "locked": true, "locked_by": "" }), 400, "Cannot lock without specifying locked_by");
    refuse(json!({ "locked": false, "locked_by": "me" }), 403, "Cannot unlock an already-unlocked node");
    service.put("/nodes/n/", json!({ "locked": true, "locked_by": "me", "description": "job 1" })).json();
    refuse(json!({ "locked": true, "locked_by": "me" }), 403, "Cannot lock an already-locked node");
    refuse(json!({ "locked": true, "locked_by": "you", "os_type": "x" }), 403, "Cannot lock an already-locked node");
    refuse(json!({ "locked": false }), 400, "Cannot unlock without specifying locked_by");
    refuse(json!({ "locked": false, "locked_by": "you" }), 403, "Cannot unlock - locked_by values must match");
    let other_job = json!({ "locked": false, "locked_by": "me", "description": "job 2" });
    refuse(other_job, 403, "Cannot unlock - description values must match");
    // What is no lock may change while a node is locked; the same lock may be said again.
    service.put("/nodes/n/", json!({ "up": false, "arch": "arm" })).json();
    let before = service.get("/nodes/n/").body;
    service.put("/nodes/n/lock/", json!({ "locked": true, "locked_by": "me", "description": "job 1" })).json();
    assert_eq!(service.get("/nodes/n/").body, before);
    service.put("/nodes/n/", json!({ "locked": false, "locked_by": "me" })).json();
    let freed = service.get("/nodes/n/").json();
    assert_eq!(
        [&freed["locked"], &freed["locked_by"], &freed["locked_since"]],
        [&json!(false), &json!(null), &json!(null)]
    );
    assert_eq!(freed["description"], "job 1");
}

fn the_first_free_nodes_by_name_are_locked(database: TestDatabase) {
    let service = with_nodes(database, &["d", "b", "c", "a", "e"]);
    service.put("/nodes/a/", json!({ "up": false })).json();
    service.put("/nodes/c/lock/", json!({ "locked": true, "locked_by": "you" })).json();
    let answer = service.post("/nodes/lock_many/", wish(2, "me")).json();
    assert_eq!([&answer[0]["name"], &answer[1]["name"]], ["b", "d"]);
    for place in 0..2 {
        let name = answer[place]["name"].as_str().unwrap();
        assert_eq!(service.get(&format!("/nodes/{name}/")).json(), answer[place], "the answer is what is stored");
    }
    let too_few = service.post("/nodes/lock_many", wish(2, "me"));
    assert_eq!(too_few.refusal(), (503, "only 1 nodes available".to_owned()));
    assert_eq!(too_few.header("retry-after"), Some("1"));
    assert_eq!(locked(&service), ["b", "c", "d"]);
    let as_text =
        json!({ "count": "1", "locked_by": 5, "machine_type": "mira|smithi", "description": null, "arch": null });
    assert_eq!(service.post("/nodes/lock_many/", as_text).json()[0]["locked_by"], "5");
}

fn all_are_unlocked_or_none(database: TestDatabase) {
    let service = with_nodes(database, &["a", "b", "c"]);
    service.post("/nodes/lock_many/", wish(2, "me")).json();
    service.put("/nodes/c/lock/", json!({ "locked": true, "locked_by": "you" })).json();
    let unlock = |names: &[&str]| service.post("/nodes/unlock_many", json!({ "names": names, "locked_by": "me" }));
    // Whatever stands in front of the one that is refused.
    for names in [["a", "b", "c"], ["c", "b", "a"]] {
        assert_eq!(unlock(&names).refusal(), (403, "Cannot unlock - locked_by values must match".to_owned()));
    }
    assert_eq!(unlock(&["a", "b", "none"]).refusal(), (400, "Could not find all nodes!".to_owned()));
    assert_eq!(locked(&service), ["a", "b", "c"]);
    assert_eq!(unlock(&["b", "a"]).json().as_array().unwrap().len(), 2);
    assert_eq!(locked(&service), ["c"]);
}

on_both!(lock_rules_hold_on_every_path, the_first_free_nodes_by_name_are_locked, all_are_unlocked_or_none);
