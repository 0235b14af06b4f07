//! A run, and how it follows its jobs.

use crate::{JobChange, JobFacts, JobId, JobKey, LabZone, RunName, RunResults, RunStatus, Timestamp, Value};

/// A set of jobs that were scheduled together.
///
/// It carries its jobs' counts and what lists show of its first job, so that a page of runs needs no job at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it is called; no two runs share a name.
    pub name: RunName,
    /// Who scheduled it.
    pub user: Option<String>,
    /// When it was scheduled, or posted if its name does not tell.
    pub scheduled: Option<Timestamp>,
    /// The suite that its jobs come from.
    pub suite: Option<String>,
    /// The branch of Ceph under test.
    pub branch: Option<String>,
    /// The type of the machines.
    pub machine_type: Option<String>,
    /// When it was first heard of.
    pub posted: Option<Timestamp>,
    /// When the job started that last turned it to running.
    pub started: Option<Timestamp>,
    /// When one of its jobs was last heard of.
    pub updated: Option<Timestamp>,
    /// Its status, which follows from the results.
    pub status: RunStatus,
    /// How many of its jobs are in each state.
    pub results: RunResults,
    /// Its first job.
    pub first_job: Option<FirstJob>,
}

/// What a run shows of its first job, the one with the lowest id as text: clients rerun a run by its `sha1`, `flavor` and
/// `priority`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstJob {
    /// Its id.
    pub job_id: JobId,
    /// The commit under test.
    pub sha1: Option<String>,
    /// The flavor of the build.
    pub flavor: Option<String>,
    /// Its place in the queue.
    pub priority: Option<i32>,
}

/// What a job tells of its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunParts {
    /// The suite that it comes from.
    pub suite: Option<String>,
    /// The branch of Ceph under test.
    pub branch: Option<String>,
    /// The type of its machines.
    pub machine_type: Option<String>,
}

impl FirstJob {
    /// What a run shows of the job `job_id` of which `facts` hold.
    pub fn new(job_id: JobId, facts: &JobFacts) -> Self {
        Self { job_id, sha1: facts.sha1.clone(), flavor: facts.flavor.clone(), priority: facts.priority }
    }
}

impl Run {
    /// A run without jobs, of which only its name is known.
    ///
    /// ```
    /// use paddles_domain::{LabZone, Run, RunName, RunStatus};
    ///
    /// let name = RunName::new("me-2020-01-02_03:04:05-rados-main-distro-basic-mira")?;
    /// let run = Run::new(name, LabZone::default(), "2020-01-02 04:00:00".parse()?);
    /// assert_eq!(run.status, RunStatus::Empty);
    /// assert_eq!(run.suite.as_deref(), Some("rados"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(name: RunName, zone: LabZone, now: Timestamp) -> Self {
        let parts = name.tell(zone);
        Self {
            name,
            user: Some(parts.user),
            scheduled: Some(parts.scheduled.unwrap_or(now)),
            suite: Some(parts.suite),
            branch: Some(parts.branch),
            machine_type: Some(parts.machine_type),
            posted: Some(now),
            started: None,
            updated: None,
            status: RunStatus::Empty,
            results: RunResults::default(),
            first_job: None,
        }
    }

    /// Follows a job that was added (`before` is `None`) or changed.
    ///
    /// Suite, branch and machine type that the job tells replace what the run's name told, null included.
    pub fn follow(&mut self, job_id: &JobId, before: Option<&JobFacts>, change: &JobChange) {
        let status_before = self.status;
        self.count(job_id, before, &change.after);
        let turned_to_running = self.status == RunStatus::Running && status_before != RunStatus::Running;
        if turned_to_running && change.after.started.is_some() {
            self.started = change.after.started;
        }
        self.updated = Some(change.updated);
        for (key, value) in &change.values {
            let part = match key {
                JobKey::Suite => &mut self.suite,
                JobKey::Branch => &mut self.branch,
                JobKey::MachineType => &mut self.machine_type,
                _ => continue,
            };
            *part = match value {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
        }
    }

    /// Counts a job that was added (`before` is `None`) or changed: results, status and first job follow, and nothing else
    /// does.
    pub fn count(&mut self, job_id: &JobId, before: Option<&JobFacts>, after: &JobFacts) {
        if let Some(before) = before {
            self.results.remove(before.status);
        }
        self.results.add(after.status);
        self.status = self.results.run_status();
        let comes_first = self.first_job.as_ref().is_none_or(|first| *job_id <= first.job_id);
        if comes_first {
            self.first_job = Some(FirstJob::new(job_id.clone(), after));
        }
    }

    /// The run as its name, read by the lab's clock in `zone`, and its first job tell it: the job knows better, and what
    /// neither tells stays.
    #[must_use]
    pub fn told_again(&self, first_job: &RunParts, zone: LabZone) -> Self {
        let by_name = self.name.tell(zone);
        let part = |of_job: &Option<String>, of_name: String, kept: &Option<String>| {
            let of_name = (!of_name.is_empty()).then_some(of_name);
            of_job.clone().or(of_name).or_else(|| kept.clone())
        };
        Self {
            user: part(&None, by_name.user, &self.user),
            scheduled: by_name.scheduled.or(self.scheduled),
            suite: part(&first_job.suite, by_name.suite, &self.suite),
            branch: part(&first_job.branch, by_name.branch, &self.branch),
            machine_type: part(&first_job.machine_type, by_name.machine_type, &self.machine_type),
            ..self.clone()
        }
    }

    /// What is told of the run itself: the same without its jobs.
    #[must_use]
    pub fn without_jobs(&self) -> Self {
        Self { status: RunStatus::Empty, results: RunResults::default(), first_job: None, ..self.clone() }
    }

    /// Follows the removal of a job that was in the state `gone`; `first_job` is the first of those left.
    pub fn forget(&mut self, gone: &JobFacts, first_job: Option<FirstJob>) {
        self.results.remove(gone.status);
        self.status = self.results.run_status();
        self.first_job = first_job;
    }

    /// Follows the return of a job that was deleted; suite, branch and machine type stay what others told since.
    pub fn take_back(&mut self, job_id: &JobId, job: &JobFacts) {
        self.results.add(job.status);
        self.status = self.results.run_status();
        if self.first_job.as_ref().is_none_or(|first| *job_id < first.job_id) {
            self.first_job = Some(FirstJob::new(job_id.clone(), job));
        }
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
