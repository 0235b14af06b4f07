//! Jobs that may be there already, and many jobs at once: what comes of it is what single reports would have made.

use paddles_domain::{
    Admission, Document, JobKey, JobPatch, JobReport, JobStatus, LabZone, NodeName, Refused, RunResults, Timestamp,
    Value,
};

use super::races::{THREADS, at_once, check_counts};
use super::{act, at, job, new_job, page, post, run, status, texts};
use crate::{JobCreated, JobKeys, JobSearch, JobUpserted, NewJob, NewJobs, Repository, RunCondition, RunIndex};

fn jobs_of(name: &str, reports: &[(Option<&str>, JobPatch)]) -> NewJobs {
    let reports = reports.iter().map(|(id, patch)| JobReport { job_id: id.map(job), patch: patch.clone() });
    NewJobs { run: run(name), reports: reports.collect(), admission: Admission::Deployed, zone: LabZone::default() }
}

fn created(id: &str, status: JobStatus) -> JobCreated {
    JobCreated::Created(job(id), status)
}

pub fn a_report_creates_or_updates(lab: &dyn Repository) {
    let report = |state| new_job("r", Some("1"), status(state));
    let first = lab.job_upsert(&report(JobStatus::Queued), &act(1)).unwrap();
    assert_eq!(first, JobUpserted::Created(JobStatus::Queued));
    let second = lab.job_upsert(&report(JobStatus::Running), &act(2)).unwrap();
    assert_eq!(second, JobUpserted::Updated { before: JobStatus::Queued, after: JobStatus::Running });
    let shown = lab.job_get(&run("r"), &job("1")).unwrap().unwrap().record;
    assert_eq!((shown.posted, shown.started, shown.updated), (Some(at(1)), Some(at(2)), Some(at(2))));
    check_counts(lab, "r");
}

pub fn an_upsert_is_admitted_like_a_post(lab: &dyn Repository) {
    let stranger = NewJob { admission: Admission::Documented, ..new_job("r", Some("1"), JobPatch::default()) };
    assert_eq!(lab.job_upsert(&stranger, &act(1)).unwrap(), JobUpserted::Refused(Refused::UnknownRun));
    assert_eq!(lab.run_get(&run("r")).unwrap(), None);
    let own = NewJob { admission: Admission::Documented, ..new_job("r", Some("1"), texts(&[(JobKey::Name, "r")])) };
    assert_eq!(lab.job_upsert(&own, &act(1)).unwrap(), JobUpserted::Created(JobStatus::Unknown));
    // Once the run is there.
    let updated = JobUpserted::Updated { before: JobStatus::Unknown, after: JobStatus::Unknown };
    assert_eq!(lab.job_upsert(&stranger, &act(2)).unwrap(), updated);
}

/// A job of its own kind for each number.
fn patch_of(number: usize) -> JobPatch {
    let mut patch = status(JobStatus::ALL[number % JobStatus::ALL.len()]);
    let sha1 = format!("sha{}", number % 3);
    let texts = [
        (JobKey::Sha1, sha1.as_str()),
        (JobKey::Flavor, "default"),
        (JobKey::Suite, "rados"),
        (JobKey::MachineType, "smithi"),
        (JobKey::Description, "rados/basic"),
    ];
    for (key, text) in texts {
        patch.set(key, Some(Value::Text(text.to_owned())));
    }
    if number.is_multiple_of(4) {
        let targets = format!("{{\"u@n{}\": null, \"u@n{}\": null}}", number % 5, (number + 3) % 5);
        patch.set(JobKey::Targets, Document::from_stored(targets).map(Value::Document));
    }
    patch
}

/// What lists, filters and statistics tell of a run, without its name.
#[derive(Debug, PartialEq)]
struct Told {
    results: RunResults,
    started: Option<Timestamp>,
    sha1s: Vec<String>,
    jobs_of_nodes: Vec<usize>,
    described: usize,
}

fn told(lab: &dyn Repository, name: &str) -> Told {
    let stored = lab.run_get(&run(name)).unwrap().unwrap().record;
    let jobs_of_node = |number: usize| {
        let node = NodeName::new(format!("n{number}")).unwrap();
        lab.job_index_of_node(&node, Some(name), None, None).unwrap().unwrap_or_default().len()
    };
    let search = JobSearch { description: Some("rados/".to_owned()), ..JobSearch::default() };
    Told {
        results: stored.results,
        started: stored.started,
        sha1s: lab.run_index(RunIndex::Sha1, &[RunCondition::User(stored.user.unwrap_or_default())]).unwrap(),
        jobs_of_nodes: (0..5).map(jobs_of_node).collect(),
        described: lab.job_search(&search, page(1, 1000).into()).unwrap().len(),
    }
}

pub fn jobs_are_added_together(lab: &dyn Repository) {
    const JOBS: usize = 250;
    let ids: Vec<String> = (0..JOBS).map(|number| format!("{number:03}")).collect();
    let mut reports = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let mut patch = patch_of(number);
        patch.set(JobKey::Name, Some(Value::Text("many".to_owned())));
        reports.push((Some(id.as_str()), patch));
    }
    let outcomes = lab.job_create_many(&jobs_of("many", &reports), &act(1)).unwrap();
    let expected = ids.iter().enumerate().map(|(number, id)| created(id, JobStatus::ALL[number % 7]));
    assert_eq!(outcomes, expected.collect::<Vec<_>>());
    check_counts(lab, "many");
    let together = told(lab, "many");
    let stats = lab.job_stats(at(0), None).unwrap();

    lab.run_delete(&run("many"), &act(2)).unwrap();
    for (number, id) in ids.iter().enumerate() {
        let mut patch = patch_of(number);
        patch.set(JobKey::Name, Some(Value::Text("many".to_owned())));
        post(lab, "many", id, patch, 1);
    }
    assert_eq!(told(lab, "many"), together);
    assert_eq!(lab.job_stats(at(0), None).unwrap(), stats);
    let rows = lab.job_index(&run("many"), None).unwrap().unwrap();
    assert_eq!(lab.job_rows(&rows, JobKeys::ALL).unwrap().len(), JOBS);
}

pub fn a_refused_job_does_not_hold_up_others(lab: &dyn Repository) {
    let queued = || {
        let mut patch = status(JobStatus::Queued);
        patch.set(JobKey::Queue, Some(Value::Text("q".to_owned())));
        patch
    };
    let named = || texts(&[(JobKey::Name, "r")]);
    let mut new = jobs_of(
        "r",
        &[
            (Some("early"), JobPatch::default()),
            (None, named()),
            (Some("1"), named()),
            (Some("1"), status(JobStatus::Pass)),
            (None, queued()),
            (Some("2"), JobPatch::default()),
        ],
    );
    new.admission = Admission::Documented;
    let outcomes = lab.job_create_many(&new, &act(1)).unwrap();
    let JobCreated::Created(picked, JobStatus::Queued) = outcomes[4].clone() else { panic!("{:?}", outcomes[4]) };
    assert_eq!(
        outcomes,
        [
            // Before the run is there.
            JobCreated::Refused(Refused::UnknownRun),
            JobCreated::Refused(Refused::NoJobId),
            created("1", JobStatus::Unknown),
            JobCreated::AlreadyExists(job("1")),
            created(picked.as_str(), JobStatus::Queued),
            created("2", JobStatus::Unknown),
        ]
    );
    assert!(picked != job("1") && picked != job("2"));
    check_counts(lab, "r");

    let again = lab.job_create_many(&jobs_of("r", &[(Some("2"), status(JobStatus::Dead))]), &act(2)).unwrap();
    assert_eq!(again, [JobCreated::AlreadyExists(job("2"))]);
    let strangers = NewJobs { admission: Admission::Documented, ..jobs_of("other", &[(Some("1"), named())]) };
    assert_eq!(lab.job_create_many(&strangers, &act(2)).unwrap(), [JobCreated::Refused(Refused::UnknownRun)]);
    assert_eq!(lab.run_get(&run("other")).unwrap(), None);
    assert_eq!(lab.job_create_many(&jobs_of("nothing", &[]), &act(2)).unwrap(), []);
    assert_eq!(lab.run_get(&run("nothing")).unwrap(), None);
}

pub fn ids_are_picked_for_many(lab: &dyn Repository) {
    for number in 1..40 {
        post(lab, "r", &number.to_string(), JobPatch::default(), 1);
    }
    let mut reports = vec![(Some("41"), JobPatch::default()), (Some("43"), JobPatch::default())];
    reports.extend((0..30).map(|_| (None, JobPatch::default())));
    let outcomes = lab.job_create_many(&jobs_of("r", &reports), &act(1)).unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, JobCreated::Created(..))), "{outcomes:?}");
    assert!(matches!(
        lab.job_create(&new_job("r", None, JobPatch::default()), &act(1)).unwrap(),
        JobCreated::Created(..)
    ));
    assert_eq!(lab.run_get(&run("r")).unwrap().unwrap().record.results.total(), 39 + 32 + 1);
    check_counts(lab, "r");
}

pub fn one_job_is_upserted_at_once(lab: &dyn Repository) {
    for round in 0..10 {
        let name = format!("r{round}");
        let outcomes =
            at_once(|_| lab.job_upsert(&new_job(&name, Some("1"), status(JobStatus::Running)), &act(1)).unwrap());
        let created = outcomes.iter().filter(|outcome| matches!(outcome, JobUpserted::Created(_))).count();
        let updated = outcomes.iter().filter(|outcome| matches!(outcome, JobUpserted::Updated { .. })).count();
        assert_eq!((created, updated), (1, THREADS - 1));
        check_counts(lab, &name);
    }
}

/// Of the same jobs, by batches and single reports, on the same nodes: each job is created once, and nothing deadlocks.
pub fn batches_come_at_once(lab: &dyn Repository) {
    for round in 0..5 {
        let name = format!("r{round}");
        let outcomes = at_once(|number| {
            let ids: Vec<String> = (0..20).map(|id| ((id + number * 3) % 24).to_string()).collect();
            if number.is_multiple_of(4) {
                let single = |id: &String| {
                    let patch = patch_of(id.parse().unwrap());
                    lab.job_create(&new_job(&name, Some(id), patch), &act(1)).unwrap()
                };
                return ids.iter().map(single).collect();
            }
            let reports: Vec<_> = ids.iter().map(|id| (Some(id.as_str()), patch_of(id.parse().unwrap()))).collect();
            // Runs besides the shared one meet on nodes and descriptions alone.
            let run = if number.is_multiple_of(3) { format!("{name} {number}") } else { name.clone() };
            let outcomes = lab.job_create_many(&jobs_of(&run, &reports), &act(1)).unwrap();
            if run == name { outcomes } else { Vec::new() }
        });
        let created = outcomes.iter().flatten().filter(|outcome| matches!(outcome, JobCreated::Created(..))).count();
        assert_eq!(created, 24, "each once");
        check_counts(lab, &name);
    }
}
