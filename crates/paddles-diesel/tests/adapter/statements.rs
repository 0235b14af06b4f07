//! How many statements a question costs: never one for each run or job.

use paddles_domain::{
    Act, Admission, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, QueueName, QueuePatch, Run, RunName,
    Timestamp, Value,
};
use paddles_repository::{JobKeys, JobRepository, JobUpdated, NewJob, Page, QueueHead, QueueRepository, RunRepository};

use crate::Lab;

fn act() -> Act {
    Act::of_nobody(now())
}

fn now() -> Timestamp {
    "2020-01-02 03:04:05".parse().unwrap()
}

fn run(name: &str) -> RunName {
    RunName::new(name).unwrap()
}

fn job(id: u32) -> JobId {
    JobId::new(id.to_string()).unwrap()
}

fn queue() -> QueueName {
    QueueName::new("q").unwrap()
}

fn new_job(id: u32) -> NewJob {
    let mut patch = JobPatch::with_status(JobStatus::Running);
    patch.set(JobKey::Description, Some(Value::Text("rados/basic".to_owned())));
    let report = JobReport { job_id: Some(job(id)), patch };
    NewJob { run: run("r"), report, admission: Admission::Deployed, zone: LabZone::default() }
}

/// Counts the statements of a question, asked a second time so that opening a connection does not count.
fn check<T>(lab: &Lab, at_most: u64, question: impl Fn() -> T, answered: impl Fn(T) -> bool) {
    question();
    let before = lab.repository.statements_run();
    assert!(answered(question()));
    let statements = lab.repository.statements_run() - before;
    assert!((1..=at_most).contains(&statements), "{statements} statements, at most {at_most} are allowed");
}

/// What differs between the databases: where a statement is a round trip, busy changes are one.
struct Costs {
    heartbeat: u64,
    /// For each of 32 callers.
    claims: u64,
}

fn questions_cost_few_statements(lab: &Lab, costs: &Costs) {
    let repository = &lab.repository;
    for number in 0..100 {
        let new = Run::new(run(&format!("run {number}")), LabZone::default(), now());
        repository.run_create(&new, &act()).unwrap();
    }
    for id in 0..300 {
        repository.job_create(&new_job(id), &act()).unwrap();
    }
    let id = repository.run_get(&run("r")).unwrap().unwrap().id;
    let page = Page::new(1, 100).unwrap();

    check(lab, 1, || repository.run_list(page.into()).unwrap(), |runs| runs.len() == 100);
    check(lab, 1, || repository.job_page(id, None, 300).unwrap(), |jobs| jobs.len() == 300);
    check(lab, 1, || repository.job_get(&run("r"), &job(7)).unwrap(), |job| job.is_some());
    check(
        lab,
        2,
        || {
            let rows = repository.job_index(&run("r"), None).unwrap().unwrap();
            repository.job_rows(&rows, JobKeys::ALL).unwrap()
        },
        |jobs| jobs.len() == 300,
    );
    let heartbeat = JobPatch::default();
    let beat = || repository.job_update(&run("r"), &job(7), &heartbeat, &act()).unwrap();
    check(lab, costs.heartbeat, beat, |updated| updated != JobUpdated::NotFound);
    let jobs: Vec<_> = (0..32).map(|id| (run("r"), job(id))).collect();
    check(lab, 1, || repository.job_get_each(&jobs).unwrap(), |jobs| jobs.iter().all(Option::is_some));
    check(lab, 1, || repository.job_is_known(&jobs[..1]).unwrap(), |known| known == [true]);
    check(lab, 1, || repository.job_is_known(&jobs).unwrap(), |known| known == [true; 32]);

    repository.queue_create(&queue(), &QueuePatch::default(), &act()).unwrap();
    for id in 1_000..1_064 {
        let mut new = new_job(id);
        new.report.patch = JobPatch::with_status(JobStatus::Queued);
        new.report.patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
        repository.job_create(&new, &act()).unwrap();
    }
    let claims = || repository.queue_claim_each(&queue(), &vec![act(); 32]).unwrap();
    check(lab, costs.claims, claims, |heads| heads.iter().all(|head| matches!(head, QueueHead::Job(_))));
}

#[test]
fn questions_cost_few_statements_on_sqlite() {
    questions_cost_few_statements(&Lab::sqlite(), &Costs { heartbeat: 5, claims: 10 });
}

#[test]
fn questions_cost_few_statements_on_postgres() {
    questions_cost_few_statements(&Lab::postgres(), &Costs { heartbeat: 1, claims: 9 });
}
