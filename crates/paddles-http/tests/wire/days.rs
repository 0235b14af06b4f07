//! Days and ranges of days, in UTC.

use paddles_diesel::testing::TestDatabase;
use paddles_domain::{Act, Day, LabZone, Run, RunName, Timestamp};
use paddles_http::HttpSettings;
use paddles_repository::RunCreated;
use serde_json::json;

use crate::client::text;
use crate::service::Service;

/// Stores a run that was scheduled at this moment, which a name could only tell to the second.
fn schedule(service: &Service, name: &str, moment: &str) {
    let act = Act::of_nobody(moment.parse::<Timestamp>().unwrap());
    let run = Run::new(RunName::new(name).unwrap(), LabZone::default(), act.when);
    assert_eq!(service.repository().run_create(&run, &act).unwrap(), RunCreated::Created);
}

/// Compares the names of the listed runs.
fn check(service: &Service, path: &str, names: &[&str]) {
    let separator = if path.contains('?') { '&' } else { '?' };
    assert_eq!(service.each("name", &format!("{path}{separator}fields=name")), names, "{path}");
}

fn a_day_goes_up_to_midnight(database: TestDatabase) {
    let service = Service::on(database);
    schedule(&service, "before", "2019-12-31 23:59:59.999999");
    schedule(&service, "first", "2020-01-01 00:00:00");
    schedule(&service, "last second", "2020-01-01 23:59:59");
    schedule(&service, "last moment", "2020-01-01 23:59:59.999999");
    schedule(&service, "after", "2020-01-02 00:00:00");
    let check = |path: &str, names: &[&str]| check(&service, path, names);
    let day = ["last moment", "last second", "first"];
    check("/runs/date/2020-01-01/", &day);
    check("/runs/date/2020-1-1/", &day);
    check("/runs/date/from/2020-01-01/to/2020-01-01/", &day);
    check("/runs/date/from/2020-01-01/to/2020-01-02", &["after", "last moment", "last second", "first"]);
    check("/runs/date/from/2019-12-31/to/2019-12-31", &["before"]);
    check("/runs/date/2019-12-31/", &["before"]);
    check("/runs/date/2020-01-03/", &[]);
    // Reversed.
    check("/runs/date/from/2020-01-02/to/2020-01-01/", &[]);
    // As far as days go.
    check("/runs/date/from/0001-01-01/to/9999-12-31/", &["after", "last moment", "last second", "first", "before"]);
    check("/runs/date/from/2020-01-02/to/9999-12-31/", &["after"]);
    check("/runs/date/from/0001-01-01/to/2019-12-31/", &["before"]);
    check("/runs/date/9999-12-31/", &[]);
    let days = service.get("/runs/date/").json();
    assert_eq!(days, json!(["2019-12-31", "2020-01-01", "2020-01-02"]));
}

fn since_is_strictly_after(database: TestDatabase) {
    let service = Service::on(database);
    schedule(&service, "a", "2020-01-01 00:00:00");
    schedule(&service, "b", "2020-01-01 00:00:00.000001");
    schedule(&service, "c", "2020-01-02 00:00:00");
    let check = |path: &str, names: &[&str]| check(&service, path, names);
    check("/runs/status/empty/?since=2020-01-01", &["c", "b"]);
    check("/runs/status/empty/?since=2020-01-02", &[]);
    check("/runs/status/empty/?since=2019-12-31", &["c", "b", "a"]);
    check("/runs/status/empty/?since=", &["c", "b", "a"]);
    check("/runs/date/2020-01-01/?since=2020-01-01", &["b"]);
    check("/runs/date/from/2020-01-01/to/2020-01-02/?since=2020-01-01", &["c", "b"]);
    check("/runs/status/empty/?since=2020-01-01&count=1&page=2", &["b"]);
    check("/runs/status/empty/?since=9999-12-31", &[]);
    check("/runs/status/empty/?since=0001-01-01", &["c", "b", "a"]);
}

/// Whatever the lab's clock shows: here it is a day ahead for most of the time.
fn today_is_a_day_in_utc(database: TestDatabase) {
    let settings = HttpSettings { zone: "Pacific/Kiritimati".parse().unwrap(), ..HttpSettings::default() };
    let service = Service::with(settings, database);
    service.post("/runs/", json!({ "name": "now" })).json();
    let now: Timestamp = text(&service.get("/runs/now/").json()["posted"]).parse().unwrap();
    service.delete("/runs/now/").json();
    if now.to_string().contains(" 23:59:") {
        // Midnight may pass in the middle of this.
        return;
    }
    let day = |before: u32| Day::of(now.days_before(before));
    for before in 0..3 {
        schedule(&service, &format!("{before} start"), &format!("{} 00:00:00", day(before)));
        schedule(&service, &format!("{before} end"), &format!("{} 23:59:59.9", day(before)));
    }
    let check = |path: &str, names: &[&str]| check(&service, path, names);
    check("/runs/date/today/", &["0 end", "0 start"]);
    check("/runs/date/yesterday/", &["1 end", "1 start"]);
    check(&format!("/runs/date/{}/", day(0)), &["0 end", "0 start"]);
    check("/runs/date/from/yesterday/to/today", &["0 end", "0 start", "1 end", "1 start"]);
    check("/runs/date/from/today/to/yesterday", &[]);
    check("/runs/status/empty/?since=today", &["0 end"]);
    service.post("/runs/", json!({ "name": "posted" })).json();
}

fn jobs_are_searched_by_day(database: TestDatabase) {
    let service = Service::admitting_all(database);
    service.post_job("r", "1", &json!({}));
    let check = |query: &str, found: usize| {
        assert_eq!(service.each("job_id", &format!("/jobs/?{query}&fields=job_id")).len(), found, "{query}");
    };
    check("posted_after=yesterday", 1);
    check("posted_before=yesterday", 0);
    check("posted_after=2020-01-01&posted_before=2020-01-02", 0);
    check("posted_after=9999-12-31", 0);
    check("posted_before=9999-12-31", 1);
    check("posted_before=0001-01-01", 0);
    check("posted_after=0001-01-01", 1);
}

on_both!(a_day_goes_up_to_midnight, since_is_strictly_after, today_is_a_day_in_utc, jobs_are_searched_by_day);
