//! Jobs are reported, read and deleted, and their run follows.

use paddles_domain::{Admission, Document, JobKey, JobPatch, JobStatus, Kind, Refused, Run, RunStatus, Value};

use super::{act, at, job, new_job, post, run, status};
use crate::{JobCreated, JobKeys, JobUpdated, RecordId, Repository};

/// A value of its own for every key.
pub(super) fn a_value(key: JobKey) -> Value {
    let number = key as i32;
    match key.kind() {
        Kind::Text | Kind::IndexedText => Value::Text(format!("{} é 'quoted' ? $1", key.name())),
        Kind::Integer => Value::Integer(i32::MIN + number),
        Kind::Boolean => Value::Boolean(number % 2 == 0),
        Kind::Document | Kind::Targets => Value::Document(
            Document::from_stored(format!("{{\"{}\": [1.50, null, \"\\u00e9\"]}}", key.name())).unwrap(),
        ),
        Kind::NameTime => Value::Time("2014-03-31 21:25:43".parse().unwrap()),
    }
}

fn full_patch() -> JobPatch {
    let mut patch = status(JobStatus::Queued);
    for key in JobKey::all() {
        patch.set(key, Some(a_value(key)));
    }
    patch
}

fn get_run(lab: &dyn Repository, name: &str) -> Run {
    lab.run_get(&run(name)).unwrap().unwrap().record
}

pub fn every_key_comes_back(lab: &dyn Repository) {
    post(lab, "r", "empty", JobPatch::default(), 1);
    let empty = lab.job_get(&run("r"), &job("empty")).unwrap().unwrap().record;
    assert_eq!((empty.run, empty.job_id, empty.status), (run("r"), job("empty"), JobStatus::Unknown));
    assert_eq!((empty.posted, empty.started, empty.updated), (Some(at(1)), None, Some(at(1))));
    for key in JobKey::all() {
        assert_eq!(empty.values.get(key), None, "{key:?}");
    }

    post(lab, "r", "full", full_patch(), 2);
    lab.job_update(&run("r"), &job("empty"), &full_patch(), &act(3)).unwrap();
    for id in ["full", "empty"] {
        let full = lab.job_get(&run("r"), &job(id)).unwrap().unwrap().record;
        for key in JobKey::all() {
            let expected = (id == "full" || key != JobKey::Priority).then(|| a_value(key));
            assert_eq!(full.values.get(key), expected.as_ref(), "{id} {key:?}");
        }
    }
}

pub fn a_job_creates_its_run_if_admitted(lab: &dyn Repository) {
    let mut new = new_job("r", Some("1"), JobPatch::default());
    new.admission = Admission::Documented;
    assert_eq!(lab.job_create(&new, &act(1)).unwrap(), JobCreated::Refused(Refused::UnknownRun));
    assert_eq!(lab.run_get(&run("r")).unwrap(), None, "a refusal leaves nothing behind");

    new.report.patch.set(JobKey::Name, Some(Value::Text("r".to_owned())));
    assert_eq!(lab.job_create(&new, &act(1)).unwrap(), JobCreated::Created(job("1"), JobStatus::Unknown));
    assert_eq!(get_run(lab, "r").posted, Some(at(1)));

    let mut nameless = new_job("r", Some("2"), JobPatch::default());
    nameless.admission = Admission::Documented;
    assert!(matches!(lab.job_create(&nameless, &act(1)).unwrap(), JobCreated::Created(..)));
}

pub fn an_id_is_taken_once(lab: &dyn Repository) {
    post(lab, "r", "7", status(JobStatus::Queued), 1);
    let again = new_job("r", Some("7"), status(JobStatus::Pass));
    assert_eq!(lab.job_create(&again, &act(2)).unwrap(), JobCreated::AlreadyExists(job("7")));
    assert_eq!(get_run(lab, "r").status, RunStatus::Queued);
    post(lab, "other", "7", JobPatch::default(), 1);
}

pub fn ids_are_picked(lab: &dyn Repository) {
    for number in 1..20 {
        post(lab, "r", &number.to_string(), JobPatch::default(), 1);
    }
    let mut picked = Vec::new();
    for _ in 0..3 {
        match lab.job_create(&new_job("r", None, JobPatch::default()), &act(2)).unwrap() {
            JobCreated::Created(id, _) => picked.push(id),
            other => panic!("{other:?}"),
        }
    }
    for (place, id) in picked.iter().enumerate() {
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        assert!(!picked[..place].contains(id), "{id} came twice");
        assert!(lab.job_get(&run("r"), id).unwrap().is_some());
    }
    let mut refused = new_job("r", None, JobPatch::default());
    refused.admission = Admission::Documented;
    assert_eq!(lab.job_create(&refused, &act(3)).unwrap(), JobCreated::Refused(Refused::NoJobId));
}

pub fn a_patch_changes_what_it_says(lab: &dyn Repository) {
    post(lab, "r", "1", full_patch(), 1);
    let mut patch = status(JobStatus::Running);
    patch.set(JobKey::Owner, Some(Value::Text("somebody".to_owned())));
    patch.set(JobKey::Tasks, None);
    let updated = lab.job_update(&run("r"), &job("1"), &patch, &act(2)).unwrap();
    assert_eq!(updated, JobUpdated::Updated { before: JobStatus::Queued, after: JobStatus::Running });

    let read = lab.job_get(&run("r"), &job("1")).unwrap().unwrap().record;
    assert_eq!(
        (read.status, read.posted, read.started, read.updated),
        (JobStatus::Running, Some(at(1)), Some(at(2)), Some(at(2)))
    );
    for key in JobKey::all() {
        let expected = match key {
            JobKey::Owner => Some(Value::Text("somebody".to_owned())),
            JobKey::Tasks => None,
            _ => Some(a_value(key)),
        };
        assert_eq!(read.values.get(key), expected.as_ref(), "{key:?}");
    }

    lab.job_update(&run("r"), &job("1"), &status(JobStatus::Pass), &act(3)).unwrap();
    let dead = lab.job_update(&run("r"), &job("1"), &status(JobStatus::Dead), &act(4)).unwrap();
    assert_eq!(dead, JobUpdated::Updated { before: JobStatus::Pass, after: JobStatus::Pass });
}

pub fn a_missing_job_is_not_updated(lab: &dyn Repository) {
    let patch = status(JobStatus::Pass);
    assert_eq!(lab.job_update(&run("r"), &job("1"), &patch, &act(1)).unwrap(), JobUpdated::NotFound);
    assert_eq!(lab.run_get(&run("r")).unwrap(), None);
    post(lab, "r", "2", JobPatch::default(), 1);
    assert_eq!(lab.job_update(&run("r"), &job("1"), &patch, &act(1)).unwrap(), JobUpdated::NotFound);
    assert_eq!(get_run(lab, "r").results.total(), 1);
}

pub fn the_run_follows_its_jobs(lab: &dyn Repository) {
    post(lab, "r", "1", status(JobStatus::Queued), 1);
    post(lab, "r", "2", status(JobStatus::Queued), 2);
    assert_eq!(get_run(lab, "r").status, RunStatus::Queued);

    let mut running = status(JobStatus::Running);
    running.set(JobKey::Suite, Some(Value::Text("fs".to_owned())));
    running.set(JobKey::Branch, None);
    lab.job_update(&run("r"), &job("2"), &running, &act(3)).unwrap();
    let read = get_run(lab, "r");
    assert_eq!((read.status, read.started, read.updated), (RunStatus::Running, Some(at(3)), Some(at(3))));
    assert_eq!((read.suite.as_deref(), read.branch.as_deref()), (Some("fs"), None));

    lab.job_update(&run("r"), &job("1"), &status(JobStatus::Pass), &act(4)).unwrap();
    lab.job_update(&run("r"), &job("2"), &status(JobStatus::Fail), &act(5)).unwrap();
    let read = get_run(lab, "r");
    assert_eq!((read.status, read.updated), (RunStatus::FinishedFail, Some(at(5))));
    assert_eq!((read.results.count(JobStatus::Pass), read.results.count(JobStatus::Fail)), (1, 1));
    assert_eq!(read.results.total(), 2);
}

pub fn the_first_job_shows_in_the_run(lab: &dyn Repository) {
    let with_sha1 = |sha1: &str, priority| {
        let mut patch = status(JobStatus::Queued);
        patch.set(JobKey::Sha1, Some(Value::Text(sha1.to_owned())));
        patch.set(JobKey::Priority, Some(Value::Integer(priority)));
        patch
    };
    let shown = |lab: &dyn Repository| {
        let first = get_run(lab, "r").first_job.unwrap();
        (first.job_id.to_string(), first.sha1.unwrap_or_default(), first.priority)
    };
    post(lab, "r", "9", with_sha1("nine", 9), 1);
    assert_eq!(shown(lab), ("9".into(), "nine".into(), Some(9)));
    post(lab, "r", "10", with_sha1("ten", 10), 2);
    post(lab, "r", "2", with_sha1("two", 2), 3);
    assert_eq!(shown(lab), ("10".into(), "ten".into(), Some(10)));
    lab.job_update(&run("r"), &job("10"), &with_sha1("ten again", 11), &act(4)).unwrap();
    lab.job_update(&run("r"), &job("2"), &with_sha1("two again", 3), &act(5)).unwrap();
    assert_eq!(shown(lab), ("10".into(), "ten again".into(), Some(11)));
    assert!(lab.job_delete(&run("r"), &job("10"), &act(99)).unwrap());
    assert_eq!(shown(lab), ("2".into(), "two again".into(), Some(3)));
}

pub fn a_deleted_job_is_forgotten(lab: &dyn Repository) {
    post(lab, "r", "1", status(JobStatus::Pass), 1);
    post(lab, "r", "2", status(JobStatus::Running), 2);
    assert!(lab.job_delete(&run("r"), &job("2"), &act(99)).unwrap());
    assert!(!lab.job_delete(&run("r"), &job("2"), &act(99)).unwrap());
    assert!(!lab.job_delete(&run("none"), &job("2"), &act(99)).unwrap());
    assert_eq!(lab.job_get(&run("r"), &job("2")).unwrap(), None);
    assert_eq!(get_run(lab, "r").status, RunStatus::FinishedPass);
    assert!(lab.job_delete(&run("r"), &job("1"), &act(99)).unwrap());
    let empty = get_run(lab, "r");
    assert_eq!((empty.status, empty.results.total(), empty.first_job), (RunStatus::Empty, 0, None));
}

pub fn jobs_come_page_by_page_in_text_order(lab: &dyn Repository) {
    for number in [5, 100, 30, 7, 2, 1000] {
        post(lab, "r", &number.to_string(), full_patch(), 1);
    }
    post(lab, "other", "6", JobPatch::default(), 1);
    let id = lab.run_get(&run("r")).unwrap().unwrap().id;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let jobs = lab.job_page(id, after.as_ref(), 4).unwrap();
        assert!(jobs.iter().all(|job| job.record.values.get(JobKey::Tasks).is_some()));
        seen.extend(jobs.iter().map(|job| job.record.job_id.to_string()));
        if jobs.len() < 4 {
            break;
        }
        after = jobs.last().map(|job| job.record.job_id.clone());
    }
    assert_eq!(seen, ["100", "1000", "2", "30", "5", "7"]);
}

pub fn many_are_found_together(lab: &dyn Repository) {
    for number in 0..40 {
        post(lab, &format!("r{}", number % 3), &number.to_string(), full_patch(), 1);
    }
    let name = |number: usize| (run(&format!("r{}", number % 3)), job(&number.to_string()));
    for asked in
        [vec![], vec![name(7)], vec![name(8), (run("r2"), job("7")), name(7), name(8), (run("none"), job("7"))]]
    {
        let found = lab.job_get_each(&asked).unwrap();
        let one_by_one: Vec<_> = asked.iter().map(|(run, job)| lab.job_get(run, job).unwrap()).collect();
        assert_eq!(found, one_by_one);
        let known: Vec<bool> = one_by_one.iter().map(Option::is_some).collect();
        assert_eq!(lab.job_is_known(&asked).unwrap(), known);
    }
    let all: Vec<_> = (0..40).rev().map(name).collect();
    let found = lab.job_get_each(&all).unwrap();
    assert!(found.iter().zip(&all).all(|(found, (_, job))| found.as_ref().unwrap().record.job_id == *job));
    assert_eq!(lab.job_is_known(&all).unwrap(), [true; 40]);
}

pub fn jobs_are_indexed_newest_first(lab: &dyn Repository) {
    assert_eq!(lab.job_index(&run("r"), None).unwrap(), None);
    assert_eq!(lab.job_list(&run("r"), None, JobKeys::NONE).unwrap(), None);
    post(lab, "r", "0", JobPatch::default(), 0);
    assert!(lab.job_delete(&run("r"), &job("0"), &act(99)).unwrap());
    assert_eq!(lab.job_index(&run("r"), None).unwrap(), Some(vec![]));

    for (id, state, second) in [("5", JobStatus::Queued, 2), ("10", JobStatus::Pass, 1), ("1", JobStatus::Queued, 2)] {
        post(lab, "r", id, status(state), second);
    }
    let listed = |state| {
        let rows = lab.job_index(&run("r"), state).unwrap().unwrap();
        let jobs = lab.job_rows(&rows, JobKeys::NONE).unwrap();
        assert_eq!(lab.job_list(&run("r"), state, JobKeys::NONE).unwrap().unwrap(), jobs);
        jobs.into_iter().map(|job| job.record.job_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None), ["1", "5", "10"]);
    assert_eq!(listed(Some(JobStatus::Queued)), ["1", "5"]);
    assert!(listed(Some(JobStatus::Dead)).is_empty());
}

pub fn only_wanted_keys_are_read(lab: &dyn Repository) {
    post(lab, "r", "1", full_patch(), 1);
    let rows = lab.job_index(&run("r"), None).unwrap().unwrap();
    let keys = JobKeys::NONE.with(JobKey::Tasks).with(JobKey::Description);
    let [read] = lab.job_rows(&rows, keys).unwrap().try_into().unwrap();
    for key in JobKey::all() {
        let wanted = key == JobKey::Tasks || key == JobKey::Description;
        assert_eq!(read.record.values.get(key), wanted.then(|| a_value(key)).as_ref(), "{key:?}");
    }
    let text = JobKeys::NONE.with(JobKey::Description);
    let [listed] = lab.job_list(&run("r"), None, text).unwrap().unwrap().try_into().unwrap();
    assert_eq!(listed.record.values.get(JobKey::Description), Some(&a_value(JobKey::Description)));
    assert_eq!(listed.record.values.get(JobKey::Tasks), None);
    assert!(keys.hold_documents() && JobKeys::ALL.hold_documents() && !text.hold_documents());
    assert!(lab.job_rows(&[], JobKeys::ALL).unwrap().is_empty());
    assert!(lab.job_rows(&[RecordId(i32::MAX)], JobKeys::ALL).unwrap().is_empty());
}

pub fn large_documents_come_back(lab: &dyn Repository) {
    let text = "x".repeat(300_000);
    let mut patch = JobPatch::default();
    patch.set(JobKey::Overrides, Document::from_stored(format!("[\"{text}\"]")).map(Value::Document));
    patch.set(JobKey::FailureReason, Some(Value::Text(text.clone())));
    post(lab, "r", "1", patch, 1);
    let read = lab.job_get(&run("r"), &job("1")).unwrap().unwrap().record;
    assert_eq!(read.values.get(JobKey::FailureReason), Some(&Value::Text(text.clone())));
    match read.values.get(JobKey::Overrides) {
        Some(Value::Document(document)) => assert_eq!(document.as_json(), format!("[\"{text}\"]")),
        other => panic!("{other:?}"),
    }
}
