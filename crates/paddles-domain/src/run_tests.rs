//! How a run follows its jobs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{JobPatch, JobStatus};

fn at(second: u32) -> Timestamp {
    format!("2020-01-02 03:04:{second:02}").parse().unwrap()
}

fn run() -> Run {
    Run::new(RunName::new("u-2020-01-02_03:04:05-rados-main-distro-basic-mira").unwrap(), LabZone::default(), at(0))
}

fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}

fn in_status(status: JobStatus, started: Option<Timestamp>) -> JobChange {
    let after = JobFacts { status, started, ..JobFacts::default() };
    JobChange { after, updated: at(9), values: Vec::new() }
}

#[test]
fn a_run_starts_with_the_job_that_turns_it_to_running() {
    let mut run = run();
    run.follow(&id("1"), None, &in_status(JobStatus::Queued, None));
    assert_eq!((run.status, run.started), (RunStatus::Queued, None));

    run.follow(&id("2"), None, &in_status(JobStatus::Running, Some(at(2))));
    assert_eq!((run.status, run.started), (RunStatus::Running, Some(at(2))));

    let running = in_status(JobStatus::Running, Some(at(3)));
    run.follow(&id("3"), None, &running);
    assert_eq!(run.started, Some(at(2)), "it ran already");

    run.forget(&running.after, run.first_job.clone());
    run.follow(&id("2"), Some(&running.after), &in_status(JobStatus::Pass, Some(at(2))));
    assert_eq!(run.status, RunStatus::Queued);
    run.follow(&id("4"), None, &in_status(JobStatus::Running, None));
    assert_eq!((run.status, run.started), (RunStatus::Running, Some(at(2))), "a job without a start tells none");
    assert_eq!(run.updated, Some(at(9)));
}

#[test]
fn a_run_is_told_again_by_its_name_and_its_first_job() {
    let zone = LabZone::default();
    let told = run();
    let blank = Run { user: None, scheduled: Some(at(9)), suite: None, branch: Some("x".to_owned()), ..told.clone() };
    assert_eq!(blank.told_again(&RunParts::default(), zone), told);
    let first = RunParts { suite: Some("fs".to_owned()), ..RunParts::default() };
    assert_eq!(told.told_again(&first, zone), Run { suite: Some("fs".to_owned()), ..told.clone() });
    let odd = Run { name: RunName::new("odd").unwrap(), ..told.clone() };
    assert_eq!(odd.told_again(&RunParts::default(), zone), odd, "what neither tells stays");
}

#[test]
fn a_job_corrects_what_the_name_told() {
    fn check(key: JobKey, value: Option<&str>, told: impl Fn(&Run) -> &Option<String>) {
        let mut run = run();
        let mut patch = JobPatch::default();
        patch.set(key, value.map(|text| Value::Text(text.to_owned())));
        patch.set(JobKey::User, Some(Value::Text("else".to_owned())));
        run.follow(&id("1"), None, &patch.create(at(1)));
        assert_eq!(told(&run).as_deref(), value, "{key:?}");
        assert_eq!(run.user.as_deref(), Some("u"));
    }
    check(JobKey::Suite, Some("fs:multi"), |run| &run.suite);
    check(JobKey::Branch, Some("wip-1"), |run| &run.branch);
    check(JobKey::MachineType, None, |run| &run.machine_type);
}

#[test]
fn the_first_job_is_the_lowest_id_as_text() {
    fn check(ids: &[&str], expected: &str) {
        let mut run = run();
        for text in ids {
            let mut patch = JobPatch::default();
            patch.set(JobKey::Sha1, Some(Value::Text(format!("sha1 of {text}"))));
            run.follow(&id(text), None, &patch.create(at(1)));
        }
        let first = run.first_job.unwrap();
        assert_eq!((first.job_id.as_str(), first.sha1), (expected, Some(format!("sha1 of {expected}"))));
    }
    check(&["9", "10", "2"], "10");
    check(&["1", "2"], "1");
    check(&["b", "a", "B"], "B");
}

/// One thing that happens to one of a few jobs.
#[derive(Debug, Clone)]
enum Event {
    Report(usize, JobStatus, Option<i32>),
    Removal(usize),
}

fn any_event() -> impl Strategy<Value = Event> {
    let status = prop::sample::select(&JobStatus::ALL[..]);
    prop_oneof![
        4 => (0_usize..6, status, prop::option::of(0..9)).prop_map(|(job, status, priority)| Event::Report(job, status, priority)),
        1 => (0_usize..6).prop_map(Event::Removal),
    ]
}

proptest! {
    #[test]
    fn a_run_equals_a_recount_after_any_events(events in prop::collection::vec(any_event(), 0..50)) {
        let mut run = run();
        let mut jobs: BTreeMap<JobId, JobFacts> = BTreeMap::new();
        for event in events {
            match event {
                Event::Report(job, status, priority) => {
                    let job_id = id(&job.to_string());
                    let before = jobs.get(&job_id).cloned();
                    let mut patch = JobPatch::with_status(status);
                    patch.set(JobKey::Priority, priority.map(Value::Integer));
                    let change = match &before {
                        Some(before) => patch.update(before, at(1)),
                        None => patch.create(at(1)),
                    };
                    run.follow(&job_id, before.as_ref(), &change);
                    jobs.insert(job_id, change.after);
                }
                Event::Removal(job) => {
                    if let Some(gone) = jobs.remove(&id(&job.to_string())) {
                        let first = jobs.iter().next().map(|(job_id, facts)| FirstJob::new(job_id.clone(), facts));
                        run.forget(&gone, first);
                    }
                }
            }
        }
        let mut recount = RunResults::default();
        for facts in jobs.values() {
            recount.add(facts.status);
        }
        prop_assert_eq!(run.results, recount);
        prop_assert_eq!(run.status, recount.run_status());
        let first = jobs.iter().next().map(|(job_id, facts)| FirstJob::new(job_id.clone(), facts));
        prop_assert_eq!(run.first_job, first);
    }
}
