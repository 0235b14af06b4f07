//! What an operator may choose, as clients notice it.

use paddles_diesel::testing::TestDatabase;
use paddles_http::{HttpSettings, RunsView};
use serde_json::json;

use crate::service::Service;

fn how_runs_are_shown_is_a_setting(database: TestDatabase) {
    let settings =
        HttpSettings { default_runs_view: RunsView::Summary, default_runs_count: 2, ..HttpSettings::default() };
    let service = Service::with(settings, database);
    for name in ["a", "b", "c"] {
        service.post("/runs/", json!({ "name": name })).json();
    }
    assert_eq!(service.get("/runs/").json().as_object().unwrap().keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(service.get("/runs/?view=full").json().as_array().unwrap().len(), 2);
    assert_eq!(service.get("/runs/a/").json(), json!({}));
    assert_eq!(service.get("/runs/a/?view=full").json()["name"], "a");
}

/// Run names and `updated` show the lab's clock; a job's `timestamp` is passed on as it came.
fn the_lab_has_a_clock_of_its_own(database: TestDatabase) {
    let settings = HttpSettings { zone: "America/Los_Angeles".parse().unwrap(), ..HttpSettings::default() };
    let service = Service::with(settings, database);
    let run = "me-2020-01-02_03:04:05-rados-main-distro-basic-mira";
    let job = json!({ "name": run, "timestamp": "2020-01-02_03:04:05", "updated": "2020-07-02 03:04:05" });
    service.post_job(run, "1", &job);
    let document = service.get(&format!("/runs/{run}/")).json();
    assert_eq!(document["scheduled"], "2020-01-02 11:04:05");
    assert_eq!(document["updated"], "2020-07-02 10:04:05");
    assert_eq!(document["jobs"][0]["updated"], "2020-07-02 10:04:05");
    assert_eq!(document["jobs"][0]["timestamp"], "2020-01-02 03:04:05");
}

fn logs_are_where_the_lab_keeps_them(database: TestDatabase) {
    let job_log_link = "https://logs.example/{job_id}/of/{run_name}?raw".parse().unwrap();
    let service = Service::with(HttpSettings { job_log_link, ..HttpSettings::default() }, database);
    service.post_job("a%20b", "1", &json!({ "name": "a b" }));
    assert_eq!(service.get("/runs/a%20b/1/").json()["log_href"], "https://logs.example/1/of/a%20b?raw");
}

on_both!(how_runs_are_shown_is_a_setting, the_lab_has_a_clock_of_its_own, logs_are_where_the_lab_keeps_them);
