//! Wishes to lock or unlock several nodes that are refused, and leave every lock as it was.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::bad_reports::no_objects;
use crate::service::Service;

const FIELDS_TO_LOCK: &str = "must pass these fields: count, locked_by, machine_type, description";
const FIELDS_TO_UNLOCK: &str = "must pass these fields: names, locked_by";
const TOO_FEW: &str = "cannot lock less than 1 node";
const NO_NUMBER: &str = "count takes a whole number";
const NO_TYPE: &str = "must specify machine_type";
const UNKNOWN: &str = "Could not find all nodes!";

/// A node that is free, and one that `me` has.
fn with_nodes(database: TestDatabase) -> Service {
    let service = Service::on(database);
    service.post_node("free", &json!({ "machine_type": "smithi", "up": true }));
    service.post_node("mine", &json!({ "machine_type": "smithi", "up": true, "locked": true, "locked_by": "me" }));
    service
}

fn locking_many_is_refused(database: TestDatabase) {
    let service = with_nodes(database);
    let before = service.get("/nodes/").body;
    let check = |body: &str, status: u16, message: &str| {
        let shown: String = body.chars().take(200).collect();
        assert_eq!(service.post("/nodes/lock_many/", body).refusal(), (status, message.to_owned()), "{shown}");
        assert_eq!(service.get("/nodes/").body, before, "{shown}");
    };
    for (body, message) in no_objects() {
        check(&body, 400, &message);
    }
    let keys = ["\"count\": 1", "\"locked_by\": \"me\"", "\"machine_type\": \"smithi\"", "\"description\": null"];
    check("{}", 400, FIELDS_TO_LOCK);
    for missing in keys {
        let rest: Vec<&str> = keys.into_iter().filter(|key| *key != missing).collect();
        check(&format!("{{{}}}", rest.join(", ")), 400, FIELDS_TO_LOCK);
    }
    let wish = |key: &str, json: &str| {
        let rest: Vec<&str> = keys.into_iter().filter(|known| !known.starts_with(&format!("\"{key}\""))).collect();
        format!("{{\"{key}\": {json}, {}}}", rest.join(", "))
    };
    for few in ["0", "-1", "\"0\"", "-99999999999"] {
        check(&wish("count", few), 400, TOO_FEW);
    }
    for odd in ["\"x\"", "1.5", "null", "true", "[]", "{}", "\"\"", "1e400", "\"1\\u0000\""] {
        check(&wish("count", odd), 400, NO_NUMBER);
    }
    for huge in ["2", "2.0", "5000000000", "99999999999999999999", "9223372036854775807", "\"4294967296\""] {
        check(&wish("count", huge), 503, "only 1 nodes available");
    }
    for none in ["\"\"", "null", "\"|\"", "\"||\""] {
        check(&wish("machine_type", none), 400, NO_TYPE);
    }
    for odd in ["5", "true", "[\"smithi\"]", "{}", "\"smithi\\u0000\"", "\"\\ud800\""] {
        check(&wish("machine_type", odd), 400, "machine_type takes text without NUL characters");
    }
    for other in ["\"mira\"", "\"Smithi\"", "\"smithi \"", "\"smith%\""] {
        check(&wish("machine_type", other), 503, "only 0 nodes available");
    }
    let many = |count: usize| format!("\"smithi{}\"", "|t".repeat(count));
    check(&wish("machine_type", &many(40_000)), 400, "machine_type takes at most 1000 types");
    let text = "text without NUL characters, a number or null";
    for key in ["description", "os_type", "os_version", "arch", "locked_by"] {
        check(&wish(key, "{}"), 400, &format!("{key} takes {text}"));
        check(&wish(key, "\"\\u0000\""), 400, &format!("{key} takes {text}"));
    }
    for nobody in ["null", "\"\""] {
        check(&wish("locked_by", nobody), 400, "Cannot lock without specifying locked_by");
    }
    check(&wish("arch", "\"arm\""), 503, "only 0 nodes available");
}

fn unlocking_many_is_refused(database: TestDatabase) {
    let service = with_nodes(database);
    let before = service.get("/nodes/").body;
    let check = |body: &str, status: u16, message: &str| {
        let shown: String = body.chars().take(200).collect();
        assert_eq!(service.post("/nodes/unlock_many/", body).refusal(), (status, message.to_owned()), "{shown}");
        assert_eq!(service.get("/nodes/").body, before, "{shown}");
    };
    for (body, message) in no_objects() {
        check(&body, 400, &message);
    }
    check("{}", 400, FIELDS_TO_UNLOCK);
    check("{\"names\": [\"mine\"]}", 400, FIELDS_TO_UNLOCK);
    check("{\"locked_by\": \"me\"}", 400, FIELDS_TO_UNLOCK);
    check("{\"names\": [\"mine\"], \"locked_by\": \"me\", \"description\": null}", 400, FIELDS_TO_UNLOCK);
    let check_names = |names: &str, status: u16, message: &str| {
        check(&format!("{{\"names\": {names}, \"locked_by\": \"me\"}}"), status, message);
    };
    for odd in ["\"mine\"", "null", "5", "{}"] {
        check_names(odd, 400, &format!("'names' must be a list; got: {odd}"));
    }
    for odd in ["[5]", "[\"mine\", 5]", "[null]", "[[\"mine\"]]"] {
        check_names(odd, 400, &format!("names takes a list of text; got: {odd}"));
    }
    for unknown in ["unknown", "MINE", "mine ", "a/b", "", "..", "a\\u0000b"] {
        check_names(&format!("[\"mine\", \"{unknown}\"]"), 400, UNKNOWN);
    }
    check_names("[\"mine\", \"mine\"]", 400, UNKNOWN);
    check_names(&format!("[\"{}\"]", "n".repeat(5_000)), 400, UNKNOWN);
    let many: Vec<String> = (0..70_000).map(|number| format!("\"n{number}\"")).collect();
    check_names(&format!("[\"mine\", {}]", many.join(",")), 400, "names takes at most 10000 names");
    check_names(&format!("[\"mine\", {}]", many[..9_999].join(",")), 400, UNKNOWN);
    check_names("[\"mine\", \"free\"]", 403, "Cannot unlock an already-unlocked node");
    let check_owner = |owner: &str, status: u16, message: &str| {
        check(&format!("{{\"names\": [\"mine\"], \"locked_by\": {owner}}}"), status, message);
    };
    check_owner("\"you\"", 403, "Cannot unlock - locked_by values must match");
    check_owner("null", 400, "Cannot unlock without specifying locked_by");
    check_owner("\"\"", 400, "Cannot unlock without specifying locked_by");
    check_owner("{}", 400, "locked_by takes text without NUL characters, a number or null");
    check_owner("\"\\u0000\"", 400, "locked_by takes text without NUL characters, a number or null");
}

fn no_names_unlock_nothing(database: TestDatabase) {
    let service = with_nodes(database);
    let before = service.get("/nodes/").body;
    assert_eq!(service.post("/nodes/unlock_many/", json!({ "names": [], "locked_by": "me" })).json(), json!([]));
    assert_eq!(service.get("/nodes/").body, before);
}

on_both!(locking_many_is_refused, unlocking_many_is_refused, no_names_unlock_nothing);
