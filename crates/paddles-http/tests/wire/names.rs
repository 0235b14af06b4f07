//! Names of any characters, in paths, documents, messages and links.

use paddles_diesel::testing::TestDatabase;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::client::text;
use crate::service::{ADDRESS, Service};

const NAMES: [&str; 16] = [
    "teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana",
    "a b",
    " a",
    "ü€😀",
    "100%",
    "%41",
    "%2F",
    "a+b",
    "a&b=c;d",
    "a?b",
    "a#b",
    "\"quoted\" 'both' `ways`",
    "back\\slash",
    "<b>{name}<b>|[0]^~@:!$*(),",
    "line\nbreak\ttab\u{7f}",
    "...",
];

fn names_come_through(database: TestDatabase) {
    let service = Service::admitting_all(database);
    for name in NAMES {
        let escaped = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
        let (run, job) = (format!("/runs/{escaped}/"), format!("/runs/{escaped}/jobs/{escaped}/"));
        service.post(&format!("{run}jobs/"), json!({ "job_id": name })).json();

        let already_there = service.post("/runs/", json!({ "name": name }));
        assert_eq!(already_there.refusal(), (400, format!("run with name {name} already exists")));
        let already_there = service.post(&format!("{run}jobs/"), json!({ "job_id": name }));
        assert_eq!(already_there.refusal(), (400, format!("job with job_id {name} already exists")));

        let document = service.get(&run).json();
        assert_eq!((&document["name"], &document["jobs"][0]["job_id"]), (&json!(name), &json!(name)));
        assert_eq!(service.get(&run).body, get_link(&service, &document["href"]), "{name}");
        let summary = service.get(&format!("{run}?view=summary")).json();
        assert_eq!(service.get(&job).body, get_link(&service, &summary[name]["href"]), "{name}");
        let fields = service.get(&format!("{run}jobs/?fields=href,log_href")).json();
        assert_eq!(service.get(&job).body, get_link(&service, &fields[0]["href"]), "{name}");
        assert!(!text(&fields[0]["log_href"]).contains([' ', '"', '#', '?', '<', '\n']), "{name}");

        service.put(&job, json!({ "owner": name })).json();
        assert_eq!(service.get(&job).json()["owner"], name);
        service.delete(&job).json();
        service.delete(&run).json();
        assert!(service.run_names().is_empty(), "{name}");
    }
}

fn get_link(service: &Service, link: &serde_json::Value) -> String {
    let link = text(link);
    let answer = service.get(link.strip_prefix(ADDRESS).expect("the public address comes first"));
    assert_eq!(answer.status, 200, "{link}");
    answer.body
}

/// teuthology does not escape the colons of its names, nor any other character.
fn names_need_no_more_escapes_than_a_url_does(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("me-2020-01-02_03:04:05-rados:x+y,z@(1)", "1", &json!({}));
    assert_eq!(service.run_names(), ["me-2020-01-02_03:04:05-rados:x+y,z@(1)"]);
}

on_both!(names_come_through, names_need_no_more_escapes_than_a_url_does);
