//! Tables and checks of the lab's own beside ours, which the database keeps to.

use paddles_diesel::testing::TestDatabase;
use serde_json::json;

use crate::answer::Answer;
use crate::service::Service;

/// Notes of people about jobs, an owner that no job may have, and a description that no two jobs may have.
const ON_POSTGRES: &str = "\
    CREATE TABLE notes (job_id integer REFERENCES jobs (id)); \
    ALTER TABLE jobs ADD CONSTRAINT lab_check CHECK (owner <> 'bad')";
const ON_SQLITE: &str = "\
    CREATE TABLE notes (job_id integer REFERENCES jobs (id)); \
    ALTER TABLE jobs ADD COLUMN lab text CONSTRAINT lab_check CHECK (owner <> 'bad')";
const ON_BOTH: &str = "\
    INSERT INTO notes SELECT id FROM jobs WHERE job_id = '1'; \
    CREATE UNIQUE INDEX lab_one_of_each ON jobs (description)";

fn what_a_rule_of_the_lab_forbids_is_refused_whole(database: TestDatabase) {
    let is_postgres = database.url().starts_with("postgres");
    let (rules, key, unique) = if is_postgres {
        (ON_POSTGRES, "notes_job_id_fkey", "lab_one_of_each")
    } else {
        (ON_SQLITE, "FOREIGN KEY", "jobs.description")
    };
    let service = Service::admitting_all(database);
    for id in ["1", "2"] {
        service.post_job("r", id, &json!({ "description": id, "status": "running", "targets": { "ubuntu@m1": null } }));
    }
    service.database().execute(rules);
    service.database().execute(ON_BOTH);
    let shown = || ["/runs/r/", "/runs/", "/nodes/m1/jobs/", "/audit/"].map(|path| service.get(path).body);
    let before = shown();
    let check = |answer: Answer, rule: &str| {
        let (status, message) = answer.refusal();
        assert_eq!(status, 409, "{message}");
        assert!(message.starts_with("the database refuses it: ") && message.contains(rule), "{message}");
    };
    check(service.delete("/runs/r/jobs/1/"), key);
    check(service.delete("/runs/r/"), key);
    check(service.put("/runs/r/jobs/2/", json!({ "owner": "bad", "status": "pass" })), "lab_check");
    check(service.post("/runs/r/jobs/", json!({ "job_id": "3", "owner": "bad" })), "lab_check");
    check(service.post("/runs/new/jobs/", json!({ "job_id": "3", "owner": "bad" })), "lab_check");
    check(service.put("/runs/r/jobs/3/?upsert=1", json!({ "owner": "bad" })), "lab_check");
    let jobs = json!([{ "job_id": "4" }, { "job_id": "5", "owner": "bad" }]);
    check(service.post("/runs/r/jobs/batch/", json!({ "jobs": jobs })), "lab_check");
    // It is no job of this id that is there.
    check(service.post("/runs/r/jobs/", json!({ "job_id": "3", "description": "1" })), unique);
    check(service.put("/runs/r/jobs/3/?upsert=1", json!({ "description": "1" })), unique);
    check(service.put("/runs/r/jobs/2/", json!({ "description": "1" })), unique);
    assert_eq!(shown(), before);

    let known = service.post("/runs/r/jobs/", json!({ "job_id": "2", "description": "3" })).refusal();
    assert_eq!(known.0, 400, "{known:?}");
    service.put("/runs/r/jobs/2/", json!({ "owner": "good" })).json();
    service.delete("/runs/r/jobs/2/").json();
}

on_both!(what_a_rule_of_the_lab_forbids_is_refused_whole);
