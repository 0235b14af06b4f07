//! Lists of selected runs and jobs, and the values by which they are selected.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::service::Service;

const RADOS: &str = "ann-2020-01-01_00:00:00-rados-next-testing-basic-plana";
const NFS: &str = "ann-2020-01-02_12:00:00-nfs-next-testing-basic-vps";
const BIG: &str = "bob-2020-01-03_23:59:59-big-main-testing-basic-plana";

/// A run of each suite, each with two jobs of its own commit and flavor.
fn with_runs(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    for (run, sha1, flavor) in [(RADOS, "aa1", "default"), (NFS, "aa2", "debug"), (BIG, "a_%", "default")] {
        let description = format!("100%_{sha1}");
        let job = json!({ "sha1": sha1, "flavor": flavor, "description": description, "status": "pass", "user": "u" });
        service.post_job(run, "1", &job);
        service.post_job(run, "2", &job);
    }
    service
}

/// Compares the suites of the listed runs.
fn check(service: &Service, path: &str, suites: &[&str]) {
    let separator = if path.contains('?') { '&' } else { '?' };
    assert_eq!(service.each("suite", &format!("{path}{separator}fields=suite")), suites, "{path}");
}

fn filters_select_runs(database: TestDatabase) {
    let service = with_runs(database);
    let check = |path: &str, suites: &[&str]| check(&service, path, suites);
    check("/runs/branch/next/", &["nfs", "rados"]);
    check("/runs/machine_type/plana/user/bob/", &["big"]);
    check("/runs/status/finished%20pass/", &["big", "nfs", "rados"]);
    check("/runs/user/Ann/", &[]);
    check("/runs/user/an/", &[]);
    check("/runs/flavors/default/", &["big", "rados"]);
    check("/runs/suite/rados/?count=10000", &["rados"]);
    check("/runs/sha1/aa/", &["nfs", "rados"]);
    check("/runs/sha1/AA/", &[]);
    // No wildcards.
    check("/runs/sha1/a_/", &["big"]);
    check("/runs/sha1/_/", &[]);
    check("/runs/sha1/%25/", &[]);
    check("/runs/sha1/a_%25/", &["big"]);
    // Commit and flavor together, in any order.
    check("/runs/sha1/aa/flavor/default/", &["rados"]);
    check("/runs/flavors/default/sha1/aa/", &["rados"]);
    check("/runs/sha1/aa/user/ann/flavor/debug/", &["nfs"]);
    check("/runs/sha1/aa1/flavor/debug/", &[]);
}

fn indexes_list_values_of_selected_runs(database: TestDatabase) {
    let service = with_runs(database);
    let check = |path: &str, values: Value| assert_eq!(service.get(path).json(), values, "{path}");
    check("/runs/branch/", json!(["main", "next"]));
    check("/runs/date/", json!(["2020-01-01", "2020-01-02", "2020-01-03"]));
    check("/runs/sha1/", json!(["a_%", "aa1", "aa2"]));
    check("/runs/flavors/", json!(["debug", "default"]));
    check("/runs/user/ann/sha1/", json!(["aa1", "aa2"]));
    check("/runs/suite/rados/flavor/", json!(["default"]));
    check("/runs/flavors/default/sha1/", json!(["a_%", "aa1"]));
    check("/runs/sha1/aa/flavor/", json!(["debug", "default"]));
    check("/runs/sha1/aa2/flavor/", json!(["debug"]));
    check("/runs/date/2020-01-02/user/", json!(["ann"]));
    check("/runs/user/nobody/sha1/", json!([]));
}

fn lists_have_pages(database: TestDatabase) {
    let service = with_runs(database);
    let check = |path: &str, suites: &[&str]| check(&service, path, suites);
    for list in ["/runs/status/finished%20pass/", "/runs/date/from/2020-01-01/to/2020-01-03/"] {
        check(&format!("{list}?count=2"), &["big", "nfs"]);
        check(&format!("{list}?count=2&page=2"), &["rados"]);
        check(&format!("{list}?count=2&page=3"), &[]);
        check(&format!("{list}?count=0"), &[]);
        check(&format!("{list}?page=18446744073709551615"), &[]);
    }
    let job_ids = |query: &str| service.each("job_id", &format!("/jobs/?fields=job_id&{query}"));
    assert_eq!(job_ids("count=3"), ["2", "1", "2"]);
    assert_eq!(job_ids("count=4&page=2"), ["2", "1"]);
    assert!(job_ids("page=2").is_empty());
    assert!(job_ids("page=18446744073709551615").is_empty());
    assert!(job_ids("count=0").is_empty());
    for number in 3..9 {
        service.post_job(RADOS, &number.to_string(), &json!({ "status": "queued" }));
    }
    assert_eq!(job_ids("").len(), 10);
    check("/runs/queued/", &["rados"]);
}

fn jobs_are_searched(database: TestDatabase) {
    let service = with_runs(database);
    let check = |query: &str, found: usize| {
        let jobs = service.get(&format!("/jobs/?{query}&fields=name,job_id")).json();
        assert_eq!(jobs.as_array().unwrap().len(), found, "{query}");
    };
    check("description=100%25_aa", 4);
    check("description=100%25_a_%25", 2);
    check("description=0%25%25", 0);
    check("description=1_0", 0);
    check("description=AA", 0);
    check("description=%5C", 0);
    check("description=+", 0);
    check("sha1=aa", 0);
    check("sha1=aa1", 2);
    check("sha1=aa1&branch=none", 2);
    check("branch=none", 0);
    check("status=pass&user=u", 6);
    check("status=finished", 0);
    check("status=&user=&description=&posted_after=&sha1=", 6);
    check("unknown=x&count=5", 5);
}

/// On every list, and exactly the fields that were asked for.
fn fields_are_for_every_list(database: TestDatabase) {
    let service = with_runs(database);
    service.post("/queue/", json!({ "queue": "q" })).json();
    let job = json!({ "status": "queued", "queue": "q", "targets": { "me@n": "k" } });
    service.post_job(RADOS, "3", &job);
    let run = json!({ "suite": "rados", "status": "queued" });
    for path in
        ["/runs/suite/rados/", "/runs/date/2020-01-01/", "/runs/date/from/2020-01-01/to/2020-01-01", "/runs/queued/"]
    {
        assert_eq!(service.get(&format!("{path}?fields=suite,status")).json(), json!([run]), "{path}");
        let summary = service.get(&format!("{path}?view=summary")).json();
        assert_eq!(summary.as_object().unwrap().keys().collect::<Vec<_>>(), [RADOS], "{path}");
    }
    let job = json!({ "job_id": "3", "queue": "q" });
    for path in ["/jobs/?count=1&", "/nodes/n/jobs/?", &format!("/runs/{RADOS}/jobs/?status=queued&")] {
        assert_eq!(service.get(&format!("{path}fields=job_id,queue")).json(), json!([job]), "{path}");
    }
    let queued = service.post("/queue/queued_jobs/?fields=job_id,queue", json!({ "queue": "q" }));
    assert_eq!(queued.json(), json!([job]));
}

on_both!(
    filters_select_runs,
    indexes_list_values_of_selected_runs,
    lists_have_pages,
    jobs_are_searched,
    fields_are_for_every_list,
);
