//! Times that Postgres holds and the wire cannot say: `infinity`, years before the first and after the last.

use super::doctor::{doctor, findings};
use super::lab::{ask, lab_of, paddles_prints, psql};
use crate::service::Service;

const FAR: &str = "\
    UPDATE jobs SET posted = '-infinity' WHERE id = 200; \
    UPDATE jobs SET posted = 'infinity', updated = 'infinity' WHERE id = 201; \
    UPDATE jobs SET posted = '0044-03-15 BC', started = '-infinity' WHERE id = 202; \
    UPDATE jobs SET posted = '294276-01-01', updated = '12026-01-01' WHERE id = 203; \
    UPDATE jobs SET status = 'running', updated = '-infinity' WHERE id = 204; \
    UPDATE jobs SET status = 'queued', posted = '-infinity' WHERE id = 205; \
    INSERT INTO jobs (run_id, job_id, name, status, posted, updated) SELECT run_id, job_id, name, 'dead', 'infinity', 'infinity' \
        FROM jobs WHERE id = 206; \
    UPDATE runs SET posted = 'infinity', scheduled = '-infinity', updated = 'infinity' WHERE id = 3; \
    UPDATE nodes SET locked_since = 'infinity' WHERE id = 1; \
    INSERT INTO queue (queue, paused_by, paused_since) VALUES ('far', 'me', '-infinity')";

#[test]
fn are_counted_and_shown_as_the_first_and_last_days() {
    let database = lab_of("1k");
    let changed = psql(&database, FAR);
    assert_eq!(changed.code, Some(0), "{changed:?}");
    let counts_are_right = || {
        let found = findings(&doctor(&database, &["--json"]));
        assert!(!found.iter().any(|one| one.starts_with("problem: counts")), "{found:?}");
    };
    paddles_prints(&database, &["adopt"]);
    counts_are_right();
    assert_eq!(ask(&database, "SELECT posted, updated FROM jobs WHERE id = 201"), ["infinity|infinity"], "it stays");

    let service = Service::start(&database);
    let client = service.client();
    for path in ["/runs/?count=10000", "/nodes/", "/queue/", "/nodes/job_stats/", "/metrics"] {
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    let job = |id: u32| {
        let sql = format!(
            "SELECT '/runs/' || runs.name || '/jobs/' || job_id || '/' FROM jobs \
            JOIN runs ON runs.id = run_id WHERE jobs.id = {id}"
        );
        ask(&database, &sql).concat()
    };
    assert_eq!(client.read(&job(201))["posted"], "9999-12-31 23:59:59.999999");
    assert_eq!(client.read(&job(202))["posted"], "0001-01-01 00:00:00");
    assert_eq!(client.read(&job(203))["updated"], "9999-12-31 23:59:59.999999");

    let expired = paddles_prints(&database, &["admin", "expire-jobs", "--yes", "--json"]);
    assert_eq!(ask(&database, "SELECT status FROM jobs WHERE id IN (204, 205)"), ["dead", "dead"], "{expired}");
    // What follows counts on from there.
    for id in [200, 201, 203] {
        assert_eq!(client.put(&job(id), &serde_json::json!({ "status": "dead" })).status, 200);
    }
    counts_are_right();
}
