//! Query parameters that are refused.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::service::Service;

const PAGE: &str = "page takes a whole number from 1";
const COUNT: &str = "count takes a whole number from 0 to 10000";
const BEFORE: &str = "before takes what the link to a next page has, like 2026-03-01T20:24:03.500000_4711";
const BEFORE_AND_PAGE: &str = "before and page exclude each other";
const FIELDS: &str = "an invalid field was specified";

fn parameters_are_refused(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({}));
    let check = |path: &str, message: &str| {
        assert_eq!(service.get(path).refusal(), (400, message.to_owned()), "{path}");
        assert_eq!(service.head(path).status, 400, "{path}");
    };
    check("/runs/?page=0", PAGE);
    check("/runs/?page=-1", PAGE);
    check("/runs/?page=one", PAGE);
    check("/runs/?page=1.5", PAGE);
    check("/runs/?page=99999999999999999999", PAGE);
    check("/runs/?count=1000000000", COUNT);
    check("/runs/?count=99999999999999999999", COUNT);
    check("/runs/?count=abc", COUNT);
    check("/runs/?count=-1", COUNT);
    check("/runs/?count=%FF", COUNT);
    check("/runs/?count=1&count=abc", COUNT);
    for list in ["/runs/", "/runs/suite/rados/", "/runs/date/from/2020-01-01/to/2020-01-02/", "/jobs/"] {
        for place in
            ["r", "7", "none", "none_x", "2020-01-01_7", "2020-01-01T00:00:00_", "2020-13-01T00:00:00_7", "%00"]
        {
            check(&format!("{list}?before={place}"), BEFORE);
        }
        check(&format!("{list}?before=none_99999999999"), BEFORE);
        check(&format!("{list}?before=none_7&page=1"), BEFORE_AND_PAGE);
        check(&format!("{list}?before=x&page=x"), BEFORE_AND_PAGE);
        check(&format!("{list}?before=none_7&count=x"), COUNT);
    }
    check("/runs/?fields=owner", FIELDS);
    check("/runs/?fields=name,,status", FIELDS);
    check("/runs/?fields=name,%20status", FIELDS);
    check("/runs/?fields=results", FIELDS);
    check("/runs/?fields=jobs", FIELDS);
    check("/runs/?fields=%00", FIELDS);
    check("/audit/?kind=nope", "kind takes run, job, node, queue, token");
    check("/audit/?kind=Run&count=1", "kind takes run, job, node, queue, token");
    check("/runs/?view=long", "view takes full or summary");
    check("/runs/r/?view=long", "view takes full or summary");
    check("/runs/r/jobs/?fields=results", FIELDS);
    check("/runs/r/jobs/?fields=job_id,,status", FIELDS);
    check("/runs/r/jobs/?fields=query", FIELDS);
}

fn parameters_are_taken(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({ "status": "pass" }));
    service.post_job("r", "2", &json!({}));
    let check = |path: &str, expected: serde_json::Value| assert_eq!(service.get(path).json(), expected, "{path}");
    check("/runs/?page=18446744073709551615", json!([]));
    check("/runs/?page=18446744073709551615&count=0", json!([]));
    check("/runs/?page=9223372036854775807&count=10000", json!([]));
    check("/runs/?fields=,name,", json!([{ "name": "r" }]));
    check("/runs/?fields=name,name", json!([{ "name": "r" }]));
    check("/runs/?fields=name&page=&count=", json!([{ "name": "r" }]));
    check("/runs/?fields=name&machine_type=x&=&&%", json!([{ "name": "r" }]));
    check("/runs/?fields=name%2Cstatus&count=01", json!([{ "name": "r", "status": "unknown" }]));
    check("/runs/r/jobs/?fields=job_id", json!([{ "job_id": "2" }, { "job_id": "1" }]));
    check("/runs/r/jobs/?fields=job_id&status=pass", json!([{ "job_id": "1" }]));
    check("/runs/r/jobs/?fields=job_id&status=dead", json!([]));
    // A word that is no status selects nothing, as in the service that clients know.
    check("/runs/r/jobs/?fields=job_id&status=finished", json!([]));
    check("/runs/r/jobs/?fields=job_id&status=", json!([{ "job_id": "2" }, { "job_id": "1" }]));
    check(
        "/runs/r/jobs/?fields=,status,job_id,",
        json!([
            { "job_id": "2", "status": "unknown" },
            { "job_id": "1", "status": "pass" },
        ]),
    );
    assert_eq!(service.get("/runs/r/?fields=name").json()["jobs"].as_array().unwrap().len(), 2);
}

on_both!(parameters_are_refused, parameters_are_taken);
