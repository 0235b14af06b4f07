//! A claim beside somebody who holds the head of the queue.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_domain::{Act, Admission, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, QueueName, QueuePatch};
use paddles_domain::{RunName, Value};
use paddles_repository::{JobRepository, NewJob, QueueHead, QueueRepository};

use crate::Lab;

#[test]
fn a_job_that_somebody_holds_is_passed_over() {
    let lab = Lab::postgres();
    let act = Act::of_nobody("2020-01-02 03:04:05".parse().unwrap());
    let queue = QueueName::new("q").unwrap();
    lab.repository.queue_create(&queue, &QueuePatch::default(), &act).unwrap();
    for id in ["1", "2", "3"] {
        let mut patch = JobPatch::with_status(JobStatus::Queued);
        patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
        let report = JobReport { job_id: Some(JobId::new(id).unwrap()), patch };
        let run = RunName::new("r").unwrap();
        let new = NewJob { run, report, admission: Admission::Deployed, zone: LabZone::default() };
        lab.repository.job_create(&new, &act).unwrap();
    }
    let mut holder = PgConnection::establish(lab.database.url()).unwrap();
    holder.batch_execute("BEGIN; SELECT id FROM jobs WHERE job_id IN ('1', '2') FOR UPDATE").unwrap();
    let claimed = || match lab.repository.queue_claim(&queue, &act).unwrap() {
        QueueHead::Job(job) => Some(job.record.job_id.to_string()),
        QueueHead::Empty | QueueHead::Paused => None,
    };
    assert_eq!(claimed().as_deref(), Some("3"));
    assert_eq!(claimed(), None, "the others are held");
    holder.batch_execute("ROLLBACK").unwrap();
    assert_eq!(claimed().as_deref(), Some("1"));
}
