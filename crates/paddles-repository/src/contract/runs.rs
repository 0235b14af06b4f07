//! Runs are stored, listed and deleted.

use paddles_domain::{JobPatch, LabZone, Run, RunStatus};

use super::{act, at, job, page, post, run};
use crate::{Repository, RunCreated};

fn create(lab: &dyn Repository, name: &str, second: u32) -> RunCreated {
    lab.run_create(&Run::new(run(name), LabZone::default(), at(second)), &act(second)).unwrap()
}

pub fn a_new_run_is_empty(lab: &dyn Repository) {
    let name = "me-2013-09-25_23:00:06-rados-master-testing-basic-plana";
    assert_eq!(lab.run_get(&run(name)).unwrap(), None);
    let new = Run::new(run(name), LabZone::default(), at(1));
    assert_eq!(lab.run_create(&new, &act(1)).unwrap(), RunCreated::Created);
    let stored = lab.run_get(&run(name)).unwrap().unwrap().record;
    assert_eq!(stored, new);
    assert_eq!(stored.status, RunStatus::Empty);
}

pub fn a_name_is_taken_once(lab: &dyn Repository) {
    assert_eq!(create(lab, "r", 1), RunCreated::Created);
    assert_eq!(create(lab, "r", 2), RunCreated::AlreadyExists);
    assert_eq!(create(lab, "R", 3), RunCreated::Created);
    assert_eq!(lab.run_get(&run("r")).unwrap().unwrap().record.posted, Some(at(1)));
}

fn names(lab: &dyn Repository, number: u64, count: u32) -> Vec<String> {
    let runs = lab.run_list(page(number, count).into()).unwrap();
    runs.into_iter().map(|run| run.record.name.to_string()).collect()
}

pub fn runs_are_listed_newest_first(lab: &dyn Repository) {
    for (name, second) in [("second", 2), ("first", 1), ("third", 3), ("third too", 3)] {
        create(lab, name, second);
    }
    assert_eq!(names(lab, 1, 100), ["third too", "third", "second", "first"]);
    assert_eq!(names(lab, 1, 3), ["third too", "third", "second"]);
    assert_eq!(names(lab, 2, 3), ["first"]);
    assert!(names(lab, 1, 0).is_empty());
}

pub fn a_page_beyond_the_end_is_empty(lab: &dyn Repository) {
    create(lab, "r", 1);
    assert!(names(lab, 2, 1).is_empty());
    assert!(names(lab, u64::MAX, 10_000).is_empty());
}

pub fn a_deleted_run_takes_its_jobs(lab: &dyn Repository) {
    post(lab, "gone", "1", JobPatch::default(), 1);
    post(lab, "stays", "1", JobPatch::default(), 1);
    assert!(lab.run_delete(&run("gone"), &act(99)).unwrap());
    assert!(!lab.run_delete(&run("gone"), &act(99)).unwrap());
    assert_eq!(lab.run_get(&run("gone")).unwrap(), None);
    assert_eq!(lab.job_get(&run("gone"), &job("1")).unwrap(), None);
    assert!(lab.job_get(&run("stays"), &job("1")).unwrap().is_some());
}

pub fn odd_names_come_back(lab: &dyn Repository) {
    let long = "n".repeat(1_024);
    let wide = "€".repeat(800);
    for name in ["a+b", "a&b;c#d", "%41", "ü?", "it's \"so\"", " ", &long, &wide] {
        assert_eq!(create(lab, name, 1), RunCreated::Created);
        assert_eq!(lab.run_get(&run(name)).unwrap().unwrap().record.name.as_str(), name);
    }
}

pub fn a_recount_finds_what_reports_counted(lab: &dyn Repository) {
    assert_eq!(lab.run_recount(&run("r"), Some(&act(1))).unwrap(), None);
    create(lab, "empty", 1);
    for id in ["2", "1", "3"] {
        post(lab, "r", id, JobPatch::default(), 1);
    }
    for name in ["empty", "r"] {
        let kept = lab.run_get(&run(name)).unwrap().unwrap().record;
        assert_eq!(lab.run_recount(&run(name), Some(&act(2))).unwrap(), Some((kept.clone(), kept.clone())));
        assert_eq!(lab.run_get(&run(name)).unwrap().unwrap().record, kept);
    }
}
