//! Where else the documentation of paddles and the servers that labs run differ; none of it depends on the admission.

use paddles_diesel::testing::TestDatabase;
use paddles_domain::Admission;
use serde_json::{Value, json};

use crate::client::text;
use crate::service::{ADDRESS, Service};

fn hold_when_documented(database: TestDatabase) {
    hold(&Service::admitting(Admission::Documented, database));
}

fn hold_when_deployed(database: TestDatabase) {
    hold(&Service::admitting(Admission::Deployed, database));
}

fn hold(service: &Service) {
    lists_hold_100_runs_as_an_array_unless_asked(service);
    links_are_text_and_lead_to_what_they_name(service);
    kernels_of_monitors_are_stored(service);
}

fn lists_hold_100_runs_as_an_array_unless_asked(service: &Service) {
    for number in 0..101 {
        service.post("/runs/", json!({ "name": format!("r{number}") })).json();
    }
    let check = |path: &str, is_array: bool, expected: usize| {
        let list = service.get(path).json();
        let found = if is_array { list.as_array().map(Vec::len) } else { list.as_object().map(serde_json::Map::len) };
        assert_eq!(found, Some(expected), "{path}");
    };
    check("/runs/", true, 100);
    check("/runs/?view=full", true, 100);
    check("/runs/?view=", true, 100);
    check("/runs/?view=summary", false, 100);
    check("/runs/?view=summary&count=7", false, 7);
    check("/runs/?count=7", true, 7);
    check("/runs/?count=7&page=15", true, 3);
    check("/runs/?count=7&page=16", true, 0);
    check("/runs/?count=0", true, 0);
    check("/runs/?count=10000", true, 101);
    assert_eq!(service.get("/runs/?count=2&fields=name").json(), json!([{ "name": "r100" }, { "name": "r99" }]));
}

fn links_are_text_and_lead_to_what_they_name(service: &Service) {
    service.post_job("linked", "1", &json!({ "name": "linked" }));
    let follow = |link: &Value| {
        let path = text(link);
        service.get(path.strip_prefix(ADDRESS).expect("the public address comes first")).json()
    };
    assert_eq!(follow(&service.get("/runs/").json()[0]["href"])["name"], "linked");
    assert_eq!(follow(&service.get("/runs/linked/").json()["href"])["name"], "linked");
    assert_eq!(follow(&service.get("/runs/?view=summary").json()["linked"]["href"])["name"], "linked");
    assert_eq!(follow(&service.get("/runs/linked/?view=summary").json()["1"]["href"])["job_id"], "1");
    assert_eq!(follow(&service.get("/runs/linked/jobs/?fields=href").json()[0]["href"])["job_id"], "1");
}

fn kernels_of_monitors_are_stored(service: &Service) {
    service.post("/runs/", json!({ "name": "kernels" })).json();
    let check = |job_id: &str, sent: Value, expected: [Option<&str>; 2]| {
        service.post_job("kernels", job_id, &sent);
        let job = service.get(&format!("/runs/kernels/jobs/{job_id}/")).json();
        assert_eq!([job["mon_a_kernel_sha1"].as_str(), job["mon_b_kernel_sha1"].as_str()], expected, "{sent}");
    };
    check("1", json!({ "mon.a_kernel_sha1": "a", "mon.b_kernel_sha1": "b" }), [Some("a"), Some("b")]);
    check("2", json!({ "mon-a-kernel-sha1": "a", "mon.b-kernel-sha1": "b" }), [Some("a"), Some("b")]);
    check("3", json!({ "mon_a_kernel_sha1": "a" }), [Some("a"), None]);
}

on_both!(hold_when_documented, hold_when_deployed);
