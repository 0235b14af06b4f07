//! What is counted beside jobs is right again after a recount.

use paddles_diesel::recount;
use paddles_domain::{Act, Admission, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, RunName, Value};
use paddles_repository::{JobRepository, NewJob, RunCondition, RunIndex, RunRepository};

use crate::Lab;

/// `unchecked` lets rows refer to what is not there.
fn counts_come_from_jobs(lab: &Lab, unchecked: &str) {
    let act = Act::of_nobody("2020-01-02 03:04:05".parse().unwrap());
    let run = RunName::new("r").unwrap();
    for (id, status, sha1) in
        [("2", JobStatus::Pass, "b"), ("1", JobStatus::Queued, "a"), ("3", JobStatus::Unknown, "b")]
    {
        let mut patch = JobPatch::with_status(status);
        patch.set(JobKey::Sha1, Some(Value::Text(sha1.to_owned())));
        patch.set(JobKey::Flavor, Some(Value::Text("default".to_owned())));
        let report = JobReport { job_id: Some(JobId::new(id).unwrap()), patch };
        let new = NewJob { run: run.clone(), report, admission: Admission::Deployed, zone: LabZone::default() };
        lab.repository.job_create(&new, &act).unwrap();
    }
    let seen = || {
        let found = lab.repository.run_get(&run).unwrap().unwrap().record;
        let sha1s = lab.repository.run_index(RunIndex::Sha1, &[]).unwrap();
        let flavors = lab.repository.run_index(RunIndex::Flavor, &[RunCondition::Sha1Prefix("b".to_owned())]).unwrap();
        (found.results, found.first_job, sha1s, flavors)
    };
    let kept = seen();
    lab.database.execute(
        "UPDATE runs SET jobs_queued = 7, jobs_pass = 0, jobs_unknown = 0, first_job_id = NULL, first_job_sha1 = 'x'; \
         DELETE FROM run_flavors; UPDATE run_sha1s SET sha1 = 'c' WHERE sha1 = 'a'; \
         INSERT INTO runs (name, jobs_dead, first_job_id) VALUES ('empty', 3, 'gone')",
    );
    assert_ne!(seen(), kept);
    // Of a run and on a node that are not there, as old labs have some.
    let loose = "INSERT INTO jobs (run_id, job_id, status, sha1, flavor) VALUES (99, '9', 'pass', 'z', 'default'); \
        INSERT INTO job_nodes (node_id, job_id) SELECT 99, id FROM jobs WHERE job_id = '9'";
    lab.database.execute(&format!("{unchecked}; {loose}"));

    recount(&lab.database.url().parse().unwrap()).unwrap();
    assert_eq!(seen(), kept);
    let empty = lab.repository.run_get(&RunName::new("empty").unwrap()).unwrap().unwrap().record;
    assert_eq!((empty.results.total(), empty.first_job), (0, None));
}

#[test]
fn counts_come_from_jobs_on_sqlite() {
    counts_come_from_jobs(&Lab::sqlite(), "PRAGMA foreign_keys = off");
}

#[test]
fn counts_come_from_jobs_on_postgres() {
    let constraints = "ALTER TABLE jobs DROP CONSTRAINT jobs_run_id_fkey; \
        ALTER TABLE job_nodes DROP CONSTRAINT job_nodes_node_id_fkey";
    counts_come_from_jobs(&Lab::postgres(), constraints);
}
