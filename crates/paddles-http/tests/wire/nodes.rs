//! Lists of nodes, and guests with their hosts.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::service::Service;

fn nodes_are_listed_by_name(database: TestDatabase) {
    let service = Service::on(database);
    for name in ["b", "a-2", "B", "a1", "ä", "a 1", "A", "a10", "_"] {
        service.post_node(name, &json!({}));
    }
    let by_byte = ["A", "B", "_", "a 1", "a-2", "a1", "a10", "b", "ä"];
    assert_eq!(service.each("name", "/nodes/"), by_byte);
    assert_eq!(service.each("name", "/nodes/?count=3"), by_byte[..3]);
    assert_eq!(service.each("name", "/nodes/?count=0"), [""; 0]);
    assert_eq!(service.each("name", "/nodes/?count=4294967295"), by_byte);
}

fn filters_select_nodes(database: TestDatabase) {
    let service = Service::on(database);
    service.post_node("a", &json!({ "machine_type": "smithi", "up": true, "locked": true, "locked_by": "me" }));
    service.post_node("b", &json!({ "machine_type": "smithi", "up": true, "os_type": "ubuntu", "os_version": 22.04 }));
    service.post_node("c", &json!({ "machine_type": "mira", "up": false, "arch": "x86_64" }));
    service.post_node("d", &json!({ "machine_type": "a b" }));
    service.post_node("e", &json!({}));
    let check = |query: &str, names: &[&str]| {
        assert_eq!(service.each("name", &format!("/nodes/?{query}")), names, "{query}");
    };
    for truth in ["1", "true", "True", "TRUE", "t", "T", "yes", "Yes", "on", "ON"] {
        check(&format!("locked={truth}"), &["a"]);
        check(&format!("up={truth}"), &["a", "b"]);
    }
    for lie in ["0", "false", "False", "f", "F", "no", "NO", "off"] {
        check(&format!("locked={lie}"), &["b", "c", "d", "e"]);
        // Of a node that nobody called up or down nobody knows.
        check(&format!("up={lie}"), &["c"]);
    }
    check("machine_type=smithi", &["a", "b"]);
    check("machine_type=smithi%7Cmira", &["a", "b", "c"]);
    check("machine_type=mira|a%20b", &["c", "d"]);
    check("machine_type=mira|a+b%7C%7C", &["c", "d"]);
    check("machine_type=|", &["a", "b", "c", "d", "e"]);
    check("machine_type=&locked=&up=&os_type=&arch=", &["a", "b", "c", "d", "e"]);
    check("machine_type=SMITHI", &[]);
    check("os_type=ubuntu&os_version=22.04&locked=False&up=True&count=5", &["b"]);
    check("arch=x86_64", &["c"]);
    check("locked_by=me", &["a"]);
    check("machine_type=mira&machine_type=smithi", &["a", "b"]);
    check("unknown=x&count=1", &["a"]);
    assert_eq!(service.get("/nodes/machine_types/").json(), json!(["a b", "mira", "smithi"]));
}

/// How many hosts are shown inside each other.
fn depth(node: &Value) -> usize {
    if node["vm_host"].is_null() { 0 } else { 1 + depth(&node["vm_host"]) }
}

fn rings_of_hosts_end(database: TestDatabase) {
    let service = Service::on(database);
    for name in ["a", "b", "c", "own"] {
        service.post_node(name, &json!({ "machine_type": "vps", "up": true }));
    }
    // As older labs may have some.
    for (guest, host) in [("a", "b"), ("b", "c"), ("c", "a"), ("own", "own")] {
        let id = format!("(SELECT id FROM nodes WHERE name = '{host}')");
        service.database().execute(&format!("UPDATE nodes SET vm_host_id = {id} WHERE name = '{guest}'"));
    }
    for name in ["a", "b", "c", "own"] {
        assert!((1..=4).contains(&depth(&service.get(&format!("/nodes/{name}/")).json())), "{name}");
    }
    let list = service.get("/nodes/");
    assert!(list.body.len() < 10_000, "{}", list.body.len());
    let wish = json!({ "count": 4, "locked_by": "me", "machine_type": "vps", "description": null });
    assert_eq!(service.post("/nodes/lock_many/", wish).json().as_array().unwrap().len(), 4);
    assert_eq!(service.delete("/nodes/own/").json(), json!({}));
    assert_eq!(service.delete("/nodes/b/").json(), json!({}));
    assert_eq!(service.get("/nodes/a/").json()["vm_host"], json!(null));
    assert_eq!(service.get("/nodes/c/").json()["vm_host"]["name"], "a");
}

/// A list of guests costs no statement for each of them.
fn many_guests_share_a_host(database: TestDatabase) {
    let service = Service::on(database);
    for host in ["host0", "host1"] {
        service.post_node(host, &json!({ "machine_type": "smithi" }));
    }
    for number in 0..300 {
        let guest = json!({ "machine_type": "vps", "is_vm": true, "vm_host": format!("host{}", number % 2) });
        service.post_node(&format!("guest{number:03}"), &guest);
    }
    let before = service.statements_run();
    let guests = service.get("/nodes/?machine_type=vps").json();
    let cost = service.statements_run() - before;
    assert_eq!(guests.as_array().unwrap().len(), 300);
    assert!(guests.as_array().unwrap().iter().all(|guest| depth(guest) == 1));
    assert_eq!(guests[7]["vm_host"]["name"], "host1");
    // The pool may open a connection meanwhile, which costs statements, too.
    assert!(cost < 20, "{cost} statements");
}

fn a_host_is_known_or_nobody(database: TestDatabase) {
    let service = Service::on(database);
    service.post_node("host", &json!({}));
    service.post_node("guest", &json!({ "vm_host": "host" }));
    let before = service.get("/nodes/guest/").body;
    let refused = (400, "vm_host takes the name of a node or null".to_owned());
    assert_eq!(service.put("/nodes/guest/", json!({ "vm_host": "unknown", "up": true })).refusal(), refused);
    let lock = json!({ "vm_host": "unknown", "locked": true, "locked_by": "me" });
    assert_eq!(service.put("/nodes/guest/lock/", lock).refusal(), refused);
    assert_eq!(service.get("/nodes/guest/").body, before);
    assert_eq!(service.put("/nodes/guest/", json!({ "vm_host": null })).json(), json!({}));
    assert_eq!(service.get("/nodes/guest/").json()["vm_host"], json!(null));
}

/// Whole names, in messages as in documents.
fn names_of_nodes_come_through(database: TestDatabase) {
    let service = Service::on(database);
    for (name, path) in [("a+b&c;d#e", "a%2Bb%26c%3Bd%23e"), ("%41", "%2541"), ("ü€😀", "%C3%BC%E2%82%AC%F0%9F%98%80")]
    {
        service.post_node(name, &json!({}));
        let again = service.post("/nodes/", json!({ "name": name }));
        assert_eq!(again.refusal(), (400, format!("Node with name {name} already exists")));
        let (node, lock) = (format!("/nodes/{path}/"), format!("/nodes/{path}/lock"));
        assert_eq!(service.get(&node).json()["name"], name);
        assert_eq!(service.put(&lock, json!({ "locked": true, "locked_by": name })).json()["locked_by"], name);
        assert_eq!(service.get(&format!("/nodes/{path}/jobs/")).json(), json!([]));
        assert_eq!(service.delete(&node).json(), json!({}));
        service.post("/queue/", json!({ "queue": name })).json();
        let again = service.post("/queue/", json!({ "queue": name }));
        assert_eq!(again.refusal(), (400, format!("Queue {name} already exists")));
        let stats = service.get(&format!("/queue/stats/?queue={path}")).json();
        assert_eq!(stats, json!({ "queue": name, "queued_jobs": 0, "paused": false }));
        let error = service.get(&format!("/errors/invalid/?error_message={path}"));
        assert_eq!(error.refusal(), (400, name.to_owned()));
    }
}

on_both!(
    nodes_are_listed_by_name,
    filters_select_nodes,
    rings_of_hosts_end,
    many_guests_share_a_host,
    a_host_is_known_or_nobody,
    names_of_nodes_come_through,
);
