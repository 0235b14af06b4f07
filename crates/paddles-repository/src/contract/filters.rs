//! Runs and jobs are selected, and distinct values listed.

use paddles_domain::{JobKey, JobPatch, JobStatus};

use super::{act, at, job, page, post, rows, run, status, texts};
use crate::{JobKeys, JobSearch, Repository, RunCondition, RunIndex};

/// Three runs of two users, with jobs that tell them apart.
fn fill(lab: &dyn Repository) {
    let rados = "ann-2013-01-01_00:00:00-rados-next-testing-basic-plana";
    let nfs = "ann-2013-01-02_12:00:00-nfs-next-testing-basic-vps";
    let big = "bob-2013-01-02_23:59:59-big-main-testing-basic-plana";
    for (name, sha1, flavor) in [(rados, "aa1", "default"), (nfs, "aa2", "debug"), (big, "ab%", "default")] {
        post(lab, name, "1", texts(&[(JobKey::Sha1, sha1), (JobKey::Flavor, flavor)]), 1);
        post(lab, name, "2", status(JobStatus::Pass), 1);
    }
    lab.job_update(&run(rados), &job("1"), &status(JobStatus::Pass), &act(2)).unwrap();
}

fn selected(lab: &dyn Repository, conditions: &[RunCondition]) -> Vec<String> {
    let runs = lab.run_filter(conditions, page(1, 100).into()).unwrap();
    runs.into_iter().filter_map(|run| run.record.suite).collect()
}

pub fn conditions_select_runs(lab: &dyn Repository) {
    fill(lab);
    let check = |conditions: &[RunCondition], suites: &[&str]| {
        assert_eq!(selected(lab, conditions), suites, "{conditions:?}");
    };
    let user = || RunCondition::User("ann".into());
    check(&[], &["big", "nfs", "rados"]);
    check(&[user()], &["nfs", "rados"]);
    check(&[RunCondition::User("an".into())], &[]);
    check(&[RunCondition::User("Ann".into())], &[]);
    check(&[RunCondition::Branch("next".into()), user()], &["nfs", "rados"]);
    check(&[RunCondition::MachineType("plana".into())], &["big", "rados"]);
    check(&[RunCondition::Status("finished pass".into())], &["rados"]);
    check(&[RunCondition::Status("no status".into())], &[]);
    check(&[RunCondition::Suite("nfs".into()), user()], &["nfs"]);
    check(&[RunCondition::Sha1Prefix("aa".into())], &["nfs", "rados"]);
    check(&[RunCondition::Sha1Prefix("aa1".into())], &["rados"]);
    check(&[RunCondition::Sha1Prefix("a%".into())], &[]);
    check(&[RunCondition::Sha1Prefix("ab%".into())], &["big"]);
    check(&[RunCondition::Flavor("default".into())], &["big", "rados"]);
    check(&[RunCondition::Sha1Prefix("a".into()), RunCondition::Flavor("debug".into())], &["nfs"]);
    let day = |from: &str, until: &str| RunCondition::Scheduled(from.parse().unwrap(), until.parse().unwrap());
    check(&[day("2013-01-02 00:00:00", "2013-01-03 00:00:00")], &["big", "nfs"]);
    check(&[day("2013-01-01 00:00:00", "2013-01-02 12:00:00"), user()], &["rados"]);
    let after = RunCondition::ScheduledAfter("2013-01-01 00:00:00".parse().unwrap());
    check(&[after, user()], &["nfs"]);

    let second = lab.run_filter(&[], page(2, 1).into()).unwrap();
    assert_eq!(second[0].record.suite.as_deref(), Some("nfs"));
    assert!(lab.run_filter(&[user()], page(3, 1).into()).unwrap().is_empty());
}

pub fn indexes_list_distinct_values(lab: &dyn Repository) {
    fill(lab);
    // A run whose name tells nothing has empty parts, which are left out; its day is that of its posting.
    post(lab, "nothing", "1", JobPatch::default(), 1);
    let check = |index: RunIndex, conditions: &[RunCondition], values: &[&str]| {
        assert_eq!(lab.run_index(index, conditions).unwrap(), values, "{index:?} {conditions:?}");
    };
    check(RunIndex::Branch, &[], &["main", "next"]);
    check(RunIndex::Date, &[], &["2013-01-01", "2013-01-02", "2020-01-02"]);
    check(RunIndex::MachineType, &[], &["plana", "vps"]);
    check(RunIndex::Status, &[], &["finished pass", "unknown"]);
    check(RunIndex::Suite, &[], &["big", "nfs", "rados"]);
    check(RunIndex::User, &[], &["ann", "bob"]);
    check(RunIndex::Sha1, &[], &["aa1", "aa2", "ab%"]);
    check(RunIndex::Flavor, &[], &["debug", "default"]);
    let bob = [RunCondition::User("bob".into())];
    check(RunIndex::Suite, &bob, &["big"]);
    check(RunIndex::Sha1, &bob, &["ab%"]);
    check(RunIndex::Flavor, &bob, &["default"]);
    check(RunIndex::Date, &bob, &["2013-01-02"]);
    check(RunIndex::Flavor, &[RunCondition::Sha1Prefix("aa".into())], &["debug", "default"]);
    check(RunIndex::Suite, &[RunCondition::User("nobody".into())], &[]);
}

pub fn odd_values_match_whole(lab: &dyn Repository) {
    for (number, branch) in ["it's", "100%", "_", "\"q\" ? $1", "wip-ü"].into_iter().enumerate() {
        post(lab, &format!("r{number}"), "1", texts(&[(JobKey::Branch, branch)]), 1);
        let found = lab.run_filter(&[RunCondition::Branch(branch.into())], page(1, 10).into()).unwrap();
        assert_eq!(found.len(), 1, "{branch}");
    }
}

pub fn queued_runs_come_earliest_first(lab: &dyn Repository) {
    for (name, state) in [
        ("u-2013-01-03_00:00:00-rados-a-testing-basic-vps", JobStatus::Queued),
        ("u-2013-01-01_00:00:00-rados-b-testing-basic-vps", JobStatus::Queued),
        ("u-2013-01-02_00:00:00-rados-c-testing-basic-vps", JobStatus::Running),
    ] {
        post(lab, name, "1", status(state), 1);
        post(lab, name, "2", status(JobStatus::Fail), 1);
    }
    let branches = || -> Vec<_> {
        lab.run_queued(page(1, 100)).unwrap().into_iter().filter_map(|run| run.record.branch).collect()
    };
    assert_eq!(branches(), ["b", "a"]);
    let name = run("u-2013-01-01_00:00:00-rados-b-testing-basic-vps");
    lab.job_update(&name, &job("1"), &status(JobStatus::Running), &act(2)).unwrap();
    assert_eq!(branches(), ["a"]);
}

pub fn counted_parts_follow_their_jobs(lab: &dyn Repository) {
    let sha1s = || lab.run_index(RunIndex::Sha1, &[]).unwrap();
    post(lab, "r", "1", texts(&[(JobKey::Sha1, "old")]), 1);
    post(lab, "r", "2", texts(&[(JobKey::Sha1, "old")]), 1);
    lab.job_update(&run("r"), &job("1"), &texts(&[(JobKey::Sha1, "new")]), &act(2)).unwrap();
    assert_eq!(sha1s(), ["new", "old"]);
    lab.job_update(&run("r"), &job("2"), &texts(&[(JobKey::Sha1, "new")]), &act(2)).unwrap();
    assert_eq!(sha1s(), ["new"]);
    assert!(selected(lab, &[RunCondition::Sha1Prefix("old".into())]).is_empty());
    lab.job_delete(&run("r"), &job("1"), &act(99)).unwrap();
    assert_eq!(sha1s(), ["new"]);
    lab.job_delete(&run("r"), &job("2"), &act(99)).unwrap();
    assert!(sha1s().is_empty());

    post(lab, "r", "3", texts(&[(JobKey::Sha1, "third"), (JobKey::Flavor, "f")]), 1);
    assert!(lab.run_delete(&run("r"), &act(99)).unwrap());
    assert!(sha1s().is_empty() && lab.run_index(RunIndex::Flavor, &[]).unwrap().is_empty());
}

pub fn jobs_are_found(lab: &dyn Repository) {
    for number in 0..6_u32 {
        let branch = if number % 2 == 0 { "even" } else { "odd" };
        let description = format!("rados/{{100%_done {number}}}");
        let keys = [(JobKey::Branch, branch), (JobKey::User, "ann"), (JobKey::Description, &description)];
        post(lab, &format!("r{}", number % 2), &number.to_string(), texts(&keys), number);
    }
    post(lab, "r0", "6", status(JobStatus::Pass), 6);
    let check = |search: JobSearch, expected: &[&str]| {
        let rows = rows(&lab.job_search(&search, page(1, 4).into()).unwrap());
        let jobs = lab.job_rows(&rows, JobKeys::NONE).unwrap();
        let ids: Vec<_> = jobs.iter().map(|job| job.record.job_id.as_str()).collect();
        assert_eq!(ids, expected, "{search:?}");
    };
    let any = JobSearch::default;
    let description = |text: &str| JobSearch { description: Some(text.to_owned()), ..any() };
    check(any(), &["6", "5", "4", "3"]);
    check(JobSearch { status: Some(JobStatus::Pass), ..any() }, &["6"]);
    check(JobSearch { branch: Some("odd".into()), ..any() }, &["5", "3", "1"]);
    check(JobSearch { user: Some("ann".into()), branch: Some("even".into()), ..any() }, &["4", "2", "0"]);
    check(JobSearch { sha1: Some("none".into()), ..any() }, &[]);
    check(description("100%_done 3"), &["3"]);
    check(description("DONE"), &[]);
    check(description("100_"), &[]);
    check(description("!"), &[]);
    check(JobSearch { posted_after: Some(at(4)), ..any() }, &["6", "5"]);
    check(JobSearch { posted_before: Some(at(1)), ..any() }, &["0"]);
    assert_eq!(lab.job_search(&any(), page(2, 4).into()).unwrap().len(), 3);
    assert!(lab.job_search(&any(), page(9, 4).into()).unwrap().is_empty());
}
