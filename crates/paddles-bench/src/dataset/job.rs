//! A job of the history.

use chrono::{NaiveDateTime, TimeDelta};
use paddles_domain::JobStatus;

use super::documents::Documents;
use super::node::{NODES, node_name};
use super::run::Run;
use super::words::{OWNER, REASONS, SYSTEMS, one_of};
use super::{Cell, numbers, sha1};

/// Columns of [`Job::row`].
pub(crate) const JOB_COLUMNS: [&str; 40] = [
    "id",
    "posted",
    "started",
    "updated",
    "run_id",
    "status",
    "archive_path",
    "description",
    "duration",
    "email",
    "failure_reason",
    "flavor",
    "job_id",
    "kernel",
    "last_in_suite",
    "machine_type",
    "name",
    "nuke_on_error",
    "os_type",
    "os_version",
    "overrides",
    "owner",
    "priority",
    "pid",
    "repo",
    "roles",
    "success",
    "branch",
    "seed",
    "sha1",
    "suite",
    "suite_branch",
    "suite_sha1",
    "targets",
    "tasks",
    "teuthology_branch",
    "teuthology_sha1",
    "\"user\"",
    "\"verbose\"",
    "queue",
];

/// A job and the nodes that it ran on.
pub(crate) struct Job {
    /// Its row's number.
    pub(crate) id: u32,
    /// Numbers of the rows of its nodes, each once.
    pub(crate) nodes: Vec<u32>,
    row: Vec<Cell>,
}

/// The state of a job: of a live run some are not finished.
pub(super) fn status_of(seed: u64, run: &Run, place: u32) -> JobStatus {
    let drawn = numbers(seed, 3, run.id, place).u32(..100);
    match (run.is_live, drawn) {
        (true, ..78) | (false, ..82) => JobStatus::Pass,
        (true, 78..90) | (false, 82..95) => JobStatus::Fail,
        (true, 90..95) | (false, _) => JobStatus::Dead,
        (true, 95) => JobStatus::Running,
        (true, 96..99) => JobStatus::Queued,
        (true, _) => JobStatus::Waiting,
    }
}

impl Job {
    pub(super) fn new(seed: u64, run: &Run, place: u32, ends: NaiveDateTime) -> Self {
        let mut numbers = numbers(seed, 4, run.id, place);
        let status = status_of(seed, run, place);
        let is_queued = status == JobStatus::Queued;
        let is_finished = matches!(status, JobStatus::Pass | JobStatus::Fail);

        let places = distinct_places(one_of(&[1, 2, 2, 3, 4], &mut numbers), &mut numbers);
        let system = one_of(&SYSTEMS, &mut numbers);
        let documents = Documents::new(run, place, &places, &mut numbers);

        let posted = (run.scheduled + TimeDelta::milliseconds(60) * i32::try_from(place).unwrap_or(0)).min(ends);
        let started = (!is_queued).then(|| (posted + TimeDelta::seconds(numbers.i64(60..20_000))).min(ends));
        let duration = is_finished.then(|| numbers.u32(200..14_000));
        let ran = TimeDelta::seconds(i64::from(duration.unwrap_or(0)) + numbers.i64(0..900));
        let updated = (started.unwrap_or(posted) + ran).min(ends);
        let reason = matches!(status, JobStatus::Fail | JobStatus::Dead).then(|| {
            let reason = one_of(&REASONS, &mut numbers).replace("{host}", &node_name(places[0]));
            reason.replace("{number}", &numbers.u32(..9_999).to_string())
        });
        let success = is_finished.then_some(status == JobStatus::Pass);
        let job_id = run.job_id(place);
        let id = run.first_job + place;

        let row = vec![
            id.into(),
            posted.into(),
            started.into(),
            updated.into(),
            run.id.into(),
            status.as_str().into(),
            format!("/home/teuthworker/archive/{}/{job_id}", run.name).into(),
            documents.description(system).into(),
            duration.into(),
            "ceph-qa@ceph.io".into(),
            reason.into(),
            run.flavor.into(),
            job_id.into(),
            r#"{"kdb": true, "sha1": "distro"}"#.into(),
            (place + 1 == run.jobs).into(),
            run.machine_type.into(),
            run.name.as_str().into(),
            true.into(),
            system.0.into(),
            system.1.into(),
            documents.overrides.to_string().into(),
            OWNER.into(),
            one_of(&[50, 70, 100, 150], &mut numbers).into(),
            numbers.u32(..1_000_000).to_string().into(),
            "https://github.com/ceph/ceph.git".into(),
            documents.roles.to_string().into(),
            success.into(),
            run.branch.into(),
            (1_000 + run.id).into(),
            run.sha1.as_str().into(),
            run.suite.into(),
            run.branch.into(),
            run.suite_sha1.as_str().into(),
            (!is_queued).then(|| documents.targets.to_string()).into(),
            documents.tasks.to_string().into(),
            "main".into(),
            sha1(&mut numbers).into(),
            run.user.into(),
            false.into(),
            run.machine_type.into(),
        ];
        // A queued job has no machines yet.
        let mut nodes: Vec<u32> = if is_queued { Vec::new() } else { places.iter().map(|place| place + 1).collect() };
        nodes.sort_unstable();
        Self { id, nodes, row }
    }

    /// In the order of [`JOB_COLUMNS`].
    pub(crate) fn row(&self) -> &[Cell] {
        &self.row
    }
}

fn distinct_places(count: usize, numbers: &mut fastrand::Rng) -> Vec<u32> {
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let place = numbers.u32(..NODES);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}
