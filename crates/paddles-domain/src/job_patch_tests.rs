//! The rules of a job's report, one `check` a rule.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

fn read_report(json: &str) -> Result<JobReport, ReportError> {
    let fields: Vec<(String, Box<RawValue>)> =
        serde_json::from_str::<std::collections::BTreeMap<_, _>>(json).unwrap().into_iter().collect();
    JobReport::read(fields.iter().map(|(key, json)| (key.as_str(), &**json)), LabZone::default())
}

fn read(json: &str) -> JobPatch {
    read_report(json).unwrap().patch
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn job(status: JobStatus) -> JobFacts {
    JobFacts { status, ..JobFacts::default() }
}

const NOW: &str = "2020-01-02 03:04:05.5";

#[test]
fn the_status_of_a_new_job() {
    fn check(patch: &str, expected: JobStatus) {
        assert_eq!(read(patch).create(at(NOW)).after.status, expected, "{patch}");
    }
    check("{}", JobStatus::Unknown);
    check(r#"{"status": "queued"}"#, JobStatus::Queued);
    check(r#"{"success": true}"#, JobStatus::Pass);
    check(r#"{"success": 0}"#, JobStatus::Fail);
    check(r#"{"success": null}"#, JobStatus::Unknown);
    check(r#"{"success": false, "status": "dead"}"#, JobStatus::Dead);
}

#[test]
fn the_status_after_an_update() {
    fn check(before: JobStatus, patch: &str, expected: JobStatus) {
        assert_eq!(read(patch).update(&job(before), at(NOW)).after.status, expected, "{before} {patch}");
    }
    check(JobStatus::Running, "{}", JobStatus::Running);
    check(JobStatus::Running, r#"{"status": "dead"}"#, JobStatus::Dead);
    check(JobStatus::Dead, r#"{"status": "running"}"#, JobStatus::Running);
    // A verdict is final against any status: the supervisor pushes `dead` at the end of every job.
    check(JobStatus::Pass, r#"{"status": "dead"}"#, JobStatus::Pass);
    check(JobStatus::Fail, r#"{"status": "running"}"#, JobStatus::Fail);
    check(JobStatus::Pass, r#"{"status": "dead", "success": false}"#, JobStatus::Pass);
    // `success` speaks when `status` is silent, even against a verdict.
    check(JobStatus::Running, r#"{"success": true}"#, JobStatus::Pass);
    check(JobStatus::Pass, r#"{"success": false}"#, JobStatus::Fail);
    check(JobStatus::Dead, r#"{"success": true}"#, JobStatus::Pass);
    check(JobStatus::Pass, r#"{"success": null}"#, JobStatus::Unknown);
}

#[test]
fn started_is_stamped_once() {
    fn check(before: JobStatus, started: Option<&str>, patch: &str, expected: Option<&str>) {
        let before = JobFacts { started: started.map(at), ..job(before) };
        let after = read(patch).update(&before, at(NOW)).after;
        assert_eq!(after.started, expected.map(at), "{before:?} {patch}");
    }
    let earlier = Some("2020-01-01 00:00:00");
    check(JobStatus::Queued, None, r#"{"status": "running"}"#, Some(NOW));
    check(JobStatus::Queued, earlier, r#"{"status": "running"}"#, earlier);
    check(JobStatus::Running, earlier, r#"{"status": "waiting"}"#, earlier);
    check(JobStatus::Waiting, None, r#"{"status": "running"}"#, None);
    check(JobStatus::Unknown, None, r#"{"status": "running"}"#, None);
    check(JobStatus::Queued, None, r#"{"success": true}"#, None);
    assert_eq!(read(r#"{"status": "running"}"#).create(at(NOW)).after.started, Some(at(NOW)));
    assert_eq!(read(r#"{"status": "waiting"}"#).create(at(NOW)).after.started, None);
}

#[test]
fn priority_changes_only_while_queued() {
    fn check(before: JobStatus, patch: &str, expected: Option<i32>) {
        let before = JobFacts { priority: Some(70), ..job(before) };
        let change = read(patch).update(&before, at(NOW));
        assert_eq!(change.after.priority, expected, "{before:?} {patch}");
        let written = change.values.iter().any(|(key, _)| *key == JobKey::Priority);
        assert_eq!(written, before.status == JobStatus::Queued, "{before:?} {patch}");
        assert!(change.values.iter().any(|(key, _)| *key == JobKey::Owner), "the other keys apply");
    }
    check(JobStatus::Queued, r#"{"priority": 5, "owner": "o"}"#, Some(5));
    check(JobStatus::Queued, r#"{"priority": null, "owner": "o"}"#, None);
    check(JobStatus::Queued, r#"{"priority": 5, "owner": "o", "status": "running"}"#, Some(5));
    check(JobStatus::Running, r#"{"priority": 5, "owner": "o"}"#, Some(70));
    check(JobStatus::Pass, r#"{"priority": 5, "owner": "o", "status": "queued"}"#, Some(70));
}

#[test]
fn updated_is_now_or_what_the_report_says() {
    fn check(patch: &str, expected: &str) {
        assert_eq!(read(patch).create(at(NOW)).updated, at(expected), "{patch}");
    }
    check("{}", NOW);
    check(r#"{"updated": null}"#, NOW);
    check(r#"{"updated": "2014-03-31 21:25:43"}"#, "2014-03-31 21:25:43");
    check(r#"{"updated": "2014-03-31 21:25:43.678901"}"#, "2014-03-31 21:25:43");
}

#[test]
fn ids_are_read_where_a_job_may_be_new() {
    fn check(report: &str, expected: Option<&str>) {
        let job_id = read_report(report).unwrap().job_id;
        assert_eq!(job_id.as_ref().map(JobId::as_str), expected, "{report}");
    }
    check(r#"{"job_id": "7"}"#, Some("7"));
    check(r#"{"job-id": 7}"#, Some("7"));
    check("{}", None);
}

#[test]
fn a_report_is_refused_with_a_sentence() {
    fn check(report: &str, message: &str) {
        assert_eq!(read_report(report).unwrap_err().to_string(), message, "{report}");
    }
    let statuses = "Job status must be one of: queued, waiting, running, pass, fail, dead, unknown";
    check(r#"{"status": "bogus"}"#, statuses);
    check(r#"{"status": null}"#, statuses);
    check(r#"{"status": {}}"#, statuses);
    check(r#"{"updated": "yesterday"}"#, "updated takes a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null");
    check(r#"{"job_id": null}"#, "could not find required key: 'job_id'");
    check(r#"{"job_id": ""}"#, "could not find required key: 'job_id'");
    check(r#"{"job_id": "a/b"}"#, "job_id takes text without slashes or NUL characters, other than '.' and '..'");
    check(r#"{"job_id": {}}"#, "job_id takes text or a number");
}

#[test]
fn a_key_that_comes_twice_counts_once() {
    let twice: [(&str, Box<RawValue>); 2] = [
        ("os-type", RawValue::from_string("\"rhel\"".into()).unwrap()),
        ("os_type", RawValue::from_string("\"centos\"".into()).unwrap()),
    ];
    let patch = JobPatch::read(twice.iter().map(|(key, json)| (*key, &**json)), LabZone::default()).unwrap();
    assert_eq!(patch.text(JobKey::OsType), Some("centos"));
    assert_eq!(patch.create(at(NOW)).values.len(), 1);
}

fn any_json() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("{}".to_owned()),
        Just("[1]".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e12..1e12).prop_map(|number: f64| format!("{number:?}")),
        "[a-z_0-9:. -]{0,12}".prop_map(|text| format!("{text:?}")),
        prop::sample::select(&JobStatus::ALL[..]).prop_map(|status| format!("\"{status}\"")),
    ]
}

fn any_fields() -> impl Strategy<Value = Vec<(String, Box<RawValue>)>> {
    let names: Vec<&str> = JobKey::all().map(JobKey::name).chain(["status", "updated", "job_id", "tube"]).collect();
    let field = (prop::sample::select(names), any_json());
    prop::collection::vec(field, 0..8).prop_map(|fields| {
        fields.into_iter().map(|(key, json)| (key.to_owned(), RawValue::from_string(json).unwrap())).collect()
    })
}

proptest! {
    #[test]
    fn a_patch_is_refused_whole_or_applied_whole(
        fields in any_fields(),
        before in prop::sample::select(&JobStatus::ALL[..]),
    ) {
        let borrowed = || fields.iter().map(|(key, json)| (key.as_str(), &**json));
        let every_field_reads = fields.iter().all(|field| {
            JobPatch::read(std::iter::once((field.0.as_str(), &*field.1)), LabZone::default()).is_ok()
        });
        let patch = JobPatch::read(borrowed(), LabZone::default());
        prop_assert_eq!(patch.is_ok(), every_field_reads);
        if let Ok(patch) = patch {
            let change = patch.update(&job(before), at(NOW));
            for (name, json) in borrowed().filter(|(name, _)| *name != "priority" || before == JobStatus::Queued) {
                let Some(key) = JobKey::from_name(name) else { continue };
                let last = borrowed().rfind(|field| field.0 == name).unwrap_or((name, json));
                let written = change.values.iter().find(|(written, _)| *written == key);
                prop_assert_eq!(written.map(|(_, value)| value.clone()), Some(key.read(last.1).unwrap()));
            }
        }
    }
}
