//! Nodes that cannot be, and values that their keys do not take.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::bad_reports::no_objects;
use crate::service::Service;

const MISSING: &str = "could not find required key: 'name'";
const WORD: &str = "name takes another text than lock_many, unlock_many, machine_types, job_stats";
const SEGMENT: &str = "name takes text without slashes or NUL characters, other than '.' and '..'";
const TOO_LONG: &str = "name takes at most 1024 characters (2600 bytes)";
const HOST: &str = "vm_host takes the name of a node or null";

fn new_nodes_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    let check = |body: &str, message: &str| {
        assert_eq!(service.post("/nodes/", body).refusal(), (400, message.to_owned()), "{body}");
        assert_eq!(service.get("/nodes/").json(), json!([]), "{body}");
    };
    let check_name = |name: &str, message: &str| check(&format!("{{\"name\": {name}, \"up\": true}}"), message);
    for (body, message) in no_objects() {
        check(&body, &message);
    }
    check("{}", MISSING);
    check_name("null", MISSING);
    check_name("\"\"", MISSING);
    check_name("5", "name takes text");
    check_name("true", "name takes text");
    check_name("[\"n\"]", "name takes text");
    check_name("{}", "name takes text");
    check_name("\"\\ud800\"", "name takes text");
    check_name("\"a/b\"", SEGMENT);
    check_name("\"a\\u0000b\"", SEGMENT);
    check_name("\".\"", SEGMENT);
    check_name("\"..\"", SEGMENT);
    check_name(&format!("\"{}\"", "n".repeat(1_025)), TOO_LONG);
    check_name(&format!("\"{}\"", "€".repeat(1_000)), TOO_LONG);
    check_name("\"lock_many\"", WORD);
    check_name("\"unlock_many\"", WORD);
    check_name("\"machine_types\"", WORD);
    check_name("\"job_stats\"", WORD);
    for nobody in ["", ", \"locked_by\": null", ", \"locked_by\": \"\""] {
        check_name(&format!("\"n\", \"locked\": true{nobody}"), "Cannot lock without specifying locked_by");
    }
    // A node is no host of itself before it is there.
    check_name("\"n\", \"vm_host\": \"n\"", HOST);
}

/// Keys with values that neither a new node nor an update nor a lock takes.
fn bad_keys() -> Vec<(String, String)> {
    let row = |key: &str, json: &str, message: &str| {
        (format!("{{\"name\": \"new\", \"{key}\": {json}}}"), format!("{key} takes {message}"))
    };
    let text = "text without NUL characters, a number or null";
    let truth = "true, false, 0, 1 or null";
    let long = format!("\"{}\"", "l".repeat(1_025));
    let mut rows = Vec::new();
    for key in ["description", "os_type", "os_version", "arch", "mac_address", "ssh_pub_key"] {
        rows.extend(["{}", "[\"a\"]", "\"a\\u0000b\"", "\"\\ud800\""].map(|json| row(key, json, text)));
    }
    for key in ["up", "is_vm", "locked"] {
        rows.extend(["\"yes\"", "\"true\"", "2", "-1", "{}", "[]"].map(|json| row(key, json, truth)));
    }
    for key in ["machine_type", "locked_by"] {
        rows.extend(["{}", "[]", "\"\\u0000\""].map(|json| row(key, json, text)));
        rows.push(row(key, &long, "text of at most 1024 characters, a number or null"));
    }
    rows.extend(["\"\"", "\"a/b\"", "\"..\"", "\"unknown\"", "5"].map(|json| row("vm_host", json, &HOST[14..])));
    rows.extend(["{}", "[]", "\"\\u0000\""].map(|json| row("vm_host", json, text)));
    rows
}

fn values_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    service.post_node("known", &json!({ "description": "spare", "up": true }));
    let before = service.get("/nodes/").body;
    for (body, message) in bad_keys() {
        for answer in [
            service.post("/nodes/", &body),
            service.put("/nodes/known/", &body),
            service.put("/nodes/known/lock/", &body),
            service.post("/nodes/known/lock/", &body),
        ] {
            assert_eq!(answer.refusal(), (400, message.clone()), "{body}");
        }
        assert_eq!(service.get("/nodes/").body, before, "{body}");
    }
    for (body, message) in no_objects() {
        for path in ["/nodes/known/", "/nodes/known/lock/"] {
            assert_eq!(service.put(path, &body).refusal(), (400, message.clone()), "{path} {body}");
        }
    }
    assert_eq!(service.get("/nodes/").body, before);
}

fn hosts_and_owners_are_refused(database: TestDatabase) {
    let service = Service::on(database);
    service.post_node("host", &json!({ "up": true, "locked": true, "locked_by": "me" }));
    service.post_node("guest", &json!({ "vm_host": "host" }));
    let before = service.get("/nodes/").body;
    let ring = "vm_host takes another node than the node itself and those that run on it";
    let taken = "Cannot lock an already-locked node";
    for (body, status, message) in [
        (json!({ "vm_host": "host" }), 400, ring),
        (json!({ "vm_host": "guest" }), 400, ring),
        (json!({ "locked_by": "you" }), 403, taken),
        (json!({ "locked_by": null, "up": false }), 403, taken),
    ] {
        assert_eq!(service.put("/nodes/host/", body.clone()).refusal(), (status, message.to_owned()), "{body}");
        assert_eq!(service.get("/nodes/").body, before, "{body}");
    }
    assert_eq!(service.put("/nodes/host/", json!({ "locked_by": "me", "up": true })).json(), json!({}));
}

/// A report is never lost for a target that no node could be called by.
fn targets_that_no_url_reaches_are_no_nodes(database: TestDatabase) {
    let service = Service::admitting_all(database);
    let targets = json!({ "ubuntu@lock_many": "a", "machine_types": "b", "job_stats": null, "ubuntu@n": "c" });
    service.post_job("r", "1", &json!({ "targets": targets, "status": "running" }));
    assert_eq!(service.each("name", "/nodes/"), ["n"]);
    assert_eq!(service.get("/runs/r/jobs/1/").json()["targets"], targets);
    assert_eq!(service.put("/runs/r/jobs/1/", json!({ "targets": { "unlock_many": "d" } })).json(), json!({}));
    assert_eq!(service.each("name", "/nodes/"), ["n"]);
}

fn values_are_taken(database: TestDatabase) {
    let service = Service::on(database);
    service.post_node("n", &json!({ "up": true }));
    let check = |sent: &str, key: &str, expected: serde_json::Value| {
        assert_eq!(service.put("/nodes/n/", format!("{{{sent}}}")).json(), json!({}), "{sent}");
        let shown: String = sent.chars().take(200).collect();
        assert_eq!(service.get("/nodes/n/").json()[key], expected, "{shown}");
    };
    let long = "l".repeat(100_000);
    check(&format!("\"description\": \"{long}\""), "description", json!(long));
    check(&format!("\"ssh_pub_key\": \"{long}\""), "ssh_pub_key", json!(long));
    check("\"os_version\": 22.04", "os_version", json!("22.04"));
    check("\"os_version\": \"\"", "os_version", json!(""));
    check("\"description\": \"ü😀+&%41;#\"", "description", json!("ü😀+&%41;#"));
    check("\"up\": 0", "up", json!(false));
    check("\"up\": null", "up", json!(null));
    check("\"is_vm\": 1", "is_vm", json!(true));
    check("\"mac-address\": \"a\"", "mac_address", json!("a"));
    check("\"name\": \"renamed\", \"user\": {}, \"locked_since\": \"never\"", "name", json!("n"));
    check("\"locked\": null, \"is_vm\": null", "locked", json!(false));
    check("", "arch", json!(null));
}

fn absent_nodes_are_not_found(database: TestDatabase) {
    let service = Service::on(database);
    let check = |method: &str, path: &str, message: &str| {
        let answer = service.send(method, path, b"{\"locked\": true, \"locked_by\": \"me\"}");
        assert_eq!(answer.refusal(), (404, message.to_owned()), "{method} {path}");
    };
    let long = "n".repeat(5_000);
    for name in ["unknown", "a%00b", "a%2Fb", "%2E%2E", "%", "%C3%BC%20", &long] {
        for path in ["", "jobs/", "job_stats/", "jobs/?status=finished", "jobs/?count=1&page=2"] {
            check("GET", &format!("/nodes/{name}/{path}"), "node not found");
            assert_eq!(service.head(&format!("/nodes/{name}/{path}")).status, 404);
        }
        check("DELETE", &format!("/nodes/{name}/"), "node not found");
        check("PUT", &format!("/nodes/{name}/"), "attempted to update a non-existent node");
        for method in ["PUT", "POST", "GET", "DELETE"] {
            check(method, &format!("/nodes/{name}/lock/"), "node not found");
        }
        assert_eq!(service.put(&format!("/nodes/{name}/lock/"), "{").status, 404, "absence is told first");
    }
    check("GET", "/nodes/%FF/", "resource was not found");
    check("PUT", "/nodes/%FF/lock/", "resource was not found");
    assert_eq!(service.get("/nodes/").json(), json!([]));
}

on_both!(
    hosts_and_owners_are_refused,
    targets_that_no_url_reaches_are_no_nodes,
    new_nodes_are_refused,
    values_are_refused,
    values_are_taken,
    absent_nodes_are_not_found
);
