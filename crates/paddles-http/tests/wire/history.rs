//! Lists that are walked by their links to the next page.

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::service::Service;

/// Runs and jobs, a few of each scheduled at the same time.
fn filled(database: TestDatabase) -> Service {
    let service = Service::admitting_all(database);
    for number in 0..20 {
        let day = 1 + number * 7 % 5;
        let user = if number % 2 == 0 { "ann" } else { "bob" };
        let run = format!("{user}-2020-01-0{day}_00:00:00-rados-main-testing-{number}-mira");
        let job = json!({ "status": "pass", "user": user, "sha1": "ab", "description": "d" });
        service.post_job(&run, &number.to_string(), &job);
    }
    service
}

/// Where the link to the next page leads, as a client resolves it.
fn next(answer: &Answer, path: &str) -> Option<String> {
    let query = answer.header("link")?.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    assert!(query.starts_with('?'), "{query}");
    Some(format!("{}{query}", path.split('?').next().unwrap()))
}

/// Follows the links from `path` on.
fn walk(service: &Service, path: &str, count: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut page = Some(path.to_owned());
    while let Some(path) = page {
        let answer = service.get(&path);
        let shown = answer.json();
        let shown = shown.as_array().unwrap();
        assert!(shown.len() <= count);
        page = next(&answer, &path);
        assert_eq!(page.is_some(), shown.len() == count, "{path}");
        rows.extend(shown.iter().cloned());
        assert!(rows.len() <= 100, "{path:?} and so on without end");
    }
    rows
}

fn links_lead_through_all_history(database: TestDatabase) {
    let service = filled(database);
    for list in [
        "/runs/?fields=name,id",
        "/runs/user/ann/?fields=name",
        "/runs/date/from/2020-01-01/to/2020-01-04?fields=name",
        "/runs/suite/rados/sha1/a/?fields=name&since=2020-01-02",
        "/jobs/?fields=name,job_id",
        "/jobs/?fields=job_id&user=bob&status=pass",
    ] {
        let whole = service.get(&format!("{list}&count=100")).json();
        assert!(whole.as_array().unwrap().len() >= 10, "{list}");
        for count in [1, 3, 5, 10, 100] {
            assert_eq!(json!(walk(&service, &format!("{list}&count={count}"), count)), whole, "{list} by {count}");
        }
        // From a numbered page on.
        let rest = walk(&service, &format!("{list}&count=3&page=2"), 3);
        assert_eq!(json!(rest), json!(whole.as_array().unwrap()[3..]), "{list}");
    }
}

fn links_keep_what_was_asked(database: TestDatabase) {
    let service = filled(database);
    let link = |path: &str| service.get(path).header("link").map(str::to_owned);
    let given = link("/runs/?view=summary&page=2&count=2&fields=&x=%20y&&before=").unwrap();
    let (query, place) = given.split_once("before=").unwrap();
    assert_eq!(query, "<?view=summary&count=2&fields=&x=%20y&");
    assert!(place.ends_with(">; rel=\"next\"") && place.starts_with("20"), "{place}");
    assert!(link("/runs/user/ann/?count=1").unwrap().starts_with("<?count=1&before=2020-01-05T00:00:00_"));
    assert!(link("/jobs/").unwrap().starts_with("<?before=20"));
    assert_eq!(service.head("/runs/?count=1").header("link"), link("/runs/?count=1").as_deref());
    assert_eq!(service.get("/runs/").header("access-control-expose-headers"), Some("ETag, Link, X-Request-Id"));
    // Nothing comes behind these.
    for path in
        ["/runs/", "/runs/?count=0", "/runs/user/nobody/", "/runs/user/", "/jobs/?status=no", "/jobs/?sha1=none"]
    {
        assert_eq!(link(path), None, "{path}");
    }
    assert_eq!(service.get("/runs/?before=0001-01-01T00:00:00_1").json(), json!([]));
    assert_eq!(service.get("/runs/?before=9999-12-31T23:59:59_1&fields=name").json().as_array().unwrap().len(), 20);
    // Lists without history ignore it, like any other parameter that they do not know.
    assert_eq!(service.get("/runs/queued/?before=x").json(), json!([]));
}

/// Times that an older service stored, and that are shown as the first or the last that can be.
const FAR: &str = "CASE id % 6 WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' WHEN 2 THEN '0044-03-15 BC' \
    WHEN 3 THEN '12026-01-01' WHEN 4 THEN '0001-01-01' ELSE posted END";

#[test]
fn links_lead_through_times_that_cannot_be_shown() {
    let service = filled(TestDatabase::postgres());
    service.database().execute(&format!("UPDATE runs SET posted = {FAR}; UPDATE jobs SET posted = {FAR}"));
    service.database().execute("UPDATE runs SET scheduled = posted");
    for list in [
        "/runs/?fields=name",
        "/runs/user/ann/?fields=name",
        "/jobs/?fields=job_id",
        "/jobs/?fields=job_id&description=d",
    ] {
        let whole = service.get(&format!("{list}&count=100")).json();
        assert!(whole.as_array().unwrap().len() >= 10, "{list}");
        for count in [1, 2, 3, 5] {
            assert_eq!(json!(walk(&service, &format!("{list}&count={count}"), count)), whole, "{list} by {count}");
        }
    }
    // Behind a row that is gone.
    for (time, count) in [("'infinity'", 3), ("'-infinity'", 3)] {
        service.database().execute(&format!("UPDATE runs SET posted = {time}"));
        let mut names = service.run_names();
        let path = format!("/runs/?fields=name&count={count}");
        let link = next(&service.get(&path), &path).unwrap();
        service.delete(&format!("/runs/{}/", names[count - 1])).json();
        let rest: Vec<Value> = names.split_off(count).into_iter().map(|name| json!({ "name": name })).collect();
        assert_eq!(walk(&service, &link, count), rest, "{time}");
    }
}

on_both!(links_lead_through_all_history, links_keep_what_was_asked);
