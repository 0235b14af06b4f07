//! Filters and searches for what no list takes or holds.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

const NAME: &str = "ann-2020-01-02_03:04:05-rados-main-testing-basic-mira";

fn with_run(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    let job = json!({ "status": "queued", "sha1": "abc", "flavor": "default", "targets": { "n": "k" }, "queue": "q" });
    service.post_job(NAME, "1", &job);
    service
}

/// Every list that takes what lists take.
const LISTS: [&str; 7] = [
    "/runs/",
    "/runs/user/ann/",
    "/runs/date/from/2020-01-01/to/2020-01-02/",
    "/runs/suite/",
    "/runs/queued/",
    "/jobs/",
    "/nodes/n/jobs/",
];

fn parameters_of_lists_are_refused(database: TestDatabase) {
    let service = with_run(database);
    let check = |path: &str, message: &str| {
        assert_eq!(service.get(path).refusal(), (400, message.to_owned()), "{path}");
        assert_eq!(service.head(path).status, 400, "{path}");
    };
    for list in LISTS {
        for page in ["0", "-1", "x", "1.5", "99999999999999999999"] {
            check(&format!("{list}?page={page}"), "page takes a whole number from 1");
        }
        for count in ["-1", "x", "1.5", "10001", "99999999999999999999", "%00", "%FF"] {
            check(&format!("{list}?count={count}"), "count takes a whole number from 0 to 10000");
        }
        for fields in ["bogus", "jobs", "query", "target_nodes", "results", "name,,status", "%00", "name,%20status"] {
            check(&format!("{list}?fields={fields}"), "an invalid field was specified");
        }
    }
    for count in ["-1", "x", "1.5", "4294967296", "", "%00"] {
        check(&format!("/nodes/?count={count}"), "count must be an integer");
    }
    for days in ["0", "-1", "x", "1.5", "5000000000", "%00"] {
        check(&format!("/nodes/job_stats/?since_days={days}"), "since_days must be a positive integer");
    }
    let truth = "takes 1, 0, true, false, t, f, yes, no, on or off";
    for word in ["maybe", "2", "-1", "%20true", "%00", "null", "none"] {
        check(&format!("/nodes/?locked={word}"), &format!("locked {truth}"));
        check(&format!("/nodes/?up={word}"), &format!("up {truth}"));
    }
    let no_day = "date format must match %Y-%m-%d";
    for day in [
        "bad",
        "2020-13-01",
        "0000-01-01",
        "2020-02-30",
        "20-01-01",
        "2020-01-01%2000:00:00",
        "Today",
        "%00",
        "%FF",
        "10000-1-1",
    ] {
        check(&format!("/runs/user/ann/?since={day}"), no_day);
        check(&format!("/jobs/?posted_after={day}"), no_day);
        check(&format!("/jobs/?posted_before={day}"), no_day);
        if day != "%FF" {
            check(&format!("/runs/date/{day}/"), no_day);
            check(&format!("/runs/user/ann/date/from/{day}/to/2020-01-01/"), no_day);
            check(&format!("/runs/date/from/2020-01-01/to/{day}"), no_day);
        }
    }
}

/// Words that are no path of filters.
fn other_paths_are_not_found(database: TestDatabase) {
    let service = with_run(database);
    for path in [
        "/runs/date/from/",
        "/runs/date/from/2020-01-01/",
        "/runs/date/from/2020-01-01/to/",
        "/runs/date/from/2020-01-01/till/2020-01-02/",
        "/runs/date/from/2020-01-01/to/2020-01-02/user/",
        "/runs/user/ann/bogus/",
        "/runs/user/ann/bogus/x/",
        "/runs/user/ann/user/ann/",
        "/runs/user/ann/flavors/default/",
        "/runs/user/ann/queued/",
        "/runs/user/%FF/",
        "/runs/sha1/%C3/",
        "/runs/user/ann/%FF/",
    ] {
        assert_eq!(service.get(path).refusal(), (404, "resource was not found".to_owned()), "{path}");
    }
    for path in ["/runs/date/from", "/runs/date/from/2020-01-01/to"] {
        assert_eq!(service.get(path).header("location"), Some(&*format!("{path}/")), "{path}");
    }
}

/// Postgres holds no NUL and refuses a statement with one.
fn odd_values_select_nothing(database: TestDatabase) {
    let service = with_run(database);
    let long = "v".repeat(5_000);
    let check = |path: &str| {
        let shown: String = path.chars().take(100).collect();
        assert_eq!(service.get(path).json(), json!([]), "{shown}");
    };
    for value in ["%00", "ann%00", "%F0%9F%98%80", "%25", "_", "'", "%5C", "a%0Ab", "a%2Fb", "?", "%EF%BF%BD", &long] {
        let value = value.replace('?', "%3F");
        for word in ["branch", "machine_type", "status", "suite", "user", "sha1", "flavors"] {
            check(&format!("/runs/{word}/{value}/"));
            check(&format!("/runs/{word}/{value}/date/"));
        }
        for word in ["description", "status", "sha1", "branch", "user"] {
            check(&format!("/jobs/?{word}={value}"));
        }
        for word in ["machine_type", "os_type", "os_version", "arch", "locked_by"] {
            check(&format!("/nodes/?{word}={value}"));
        }
        for word in ["name", "status"] {
            check(&format!("/nodes/n/jobs/?{word}={value}"));
        }
        for word in ["machine_type", "paused_by"] {
            check(&format!("/queue/?{word}={value}"));
        }
        assert_eq!(service.get(&format!("/nodes/job_stats/?machine_type={value}")).json(), json!({}));
        let error = service.get(&format!("/errors/invalid/?error_message={value}"));
        assert_eq!(error.refusal().0, 400);
    }
}

fn filters_nest_deep(database: TestDatabase) {
    let service = with_run(database);
    let path = |count: usize| format!("/runs{}/", "/user/ann/suite/rados".repeat(count));
    assert_eq!(service.each("name", &path(50)), [NAME]);
    assert_eq!(service.get(&format!("{}date/", path(50))).json(), json!(["2020-01-02"]));
    let too_deep = (400, "at most 200 filters nest".to_owned());
    assert_eq!(service.get(&path(1_000)).refusal(), too_deep);
    assert_eq!(service.get(&format!("{}date/", path(1_000))).refusal(), too_deep);
}

fn long_searches_are_refused_or_empty(database: TestDatabase) {
    let service = with_run(database);
    let search = |count: usize| service.get(&format!("/jobs/?description={}", "%25".repeat(count)));
    assert_eq!(search(10_000).json(), json!([]));
    assert_eq!(search(10_001).refusal(), (400, "description takes at most 10000 characters".to_owned()));
    assert_eq!(service.get(&format!("/jobs/?description={}", "d".repeat(60_000))).status, 400);
    let types = |count: usize| format!("/nodes/?machine_type=mira{}", "%7Ct".repeat(count));
    assert_eq!(service.get(&types(999)).json(), json!([]));
    let too_many = (400, "machine_type takes at most 1000 types".to_owned());
    assert_eq!(service.get(&types(1_000)).refusal(), too_many);
}

on_both!(
    parameters_of_lists_are_refused,
    other_paths_are_not_found,
    odd_values_select_nothing,
    filters_nest_deep,
    long_searches_are_refused_or_empty,
);
