//! What a report says about a job, and what it may change.

use serde_json::value::RawValue;

use crate::value::read_text;
use crate::{FieldError, Heartbeat, JobId, JobKey, JobStatus, LabZone, NameError, Timestamp, Value, normalise_key};

/// What a report wants to change about a job: a checked, sparse set of keys and values.
///
/// Reports are whole YAML configurations written as JSON, and a refused one is retried ten times and then stops a
/// dispatcher. So unknown keys are ignored, fractions round, numeric text is a number and numbers become text; what is
/// left is refused with a sentence that names the key.
///
/// ```
/// use paddles_domain::{JobKey, JobPatch, JobStatus, LabZone, Timestamp, Value};
/// use serde_json::value::RawValue;
///
/// let fields: Vec<(&str, Box<RawValue>)> = vec![
///     ("status", serde_json::from_str("\"running\"")?),
///     ("nuke-on-error", serde_json::from_str("1")?),
///     ("tube", serde_json::from_str("\"smithi\"")?),
/// ];
/// let fields = fields.iter().map(|(key, json)| (*key, &**json));
/// let patch = JobPatch::read(fields, LabZone::default())?;
/// assert_eq!(patch.get(JobKey::NukeOnError), Some(Some(&Value::Boolean(true))));
///
/// let now: Timestamp = "2020-01-02 03:04:05".parse()?;
/// let change = patch.create(now);
/// assert_eq!(change.after.status, JobStatus::Running);
/// assert_eq!(change.after.started, Some(now));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobPatch {
    status: Option<JobStatus>,
    updated: Option<Timestamp>,
    values: Vec<(JobKey, Option<Value>)>,
}

/// A report of a job that may be new: an id, if it came with one, and what it says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobReport {
    /// The id that the reporter gave; `None` asks the server to pick one.
    pub job_id: Option<JobId>,
    /// What the report says.
    pub patch: JobPatch,
}

/// A report that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A key with a value that it does not take.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A `job_id` that cannot be one.
    #[error(transparent)]
    JobId(#[from] NameError),
    /// A `status` that is none.
    #[error(transparent)]
    Status(#[from] crate::UnknownJobStatus),
}

impl JobReport {
    /// Reads a report from the members of a JSON object.
    pub fn read<'a>(
        fields: impl Iterator<Item = (&'a str, &'a RawValue)> + Clone,
        zone: LabZone,
    ) -> Result<Self, ReportError> {
        let mut job_id = None;
        for (key, json) in fields.clone() {
            if normalise_key(key) == "job_id" {
                job_id = Some(JobId::read(json)?);
            }
        }
        Ok(Self { job_id, patch: JobPatch::read(fields, zone)? })
    }
}

impl JobPatch {
    /// Reads a patch from the members of a JSON object. Of a key that comes twice the last counts, as it does in
    /// Python; `job_id`, which never changes, is passed over.
    pub fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a RawValue)>, zone: LabZone) -> Result<Self, ReportError> {
        let mut patch = Self::default();
        for (key, json) in fields {
            match &*normalise_key(key) {
                "status" => patch.status = Some(read_text(json.get()).unwrap_or_default().parse()?),
                "updated" => patch.updated = read_updated(json.get(), zone)?,
                name => {
                    if let Some(key) = JobKey::from_name(name) {
                        patch.set(key, key.read(json)?);
                    }
                }
            }
        }
        Ok(patch)
    }

    /// The patch that sets nothing but `status`.
    pub fn with_status(status: JobStatus) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Sets `key` to `value`, or to null.
    pub fn set(&mut self, key: JobKey, value: Option<Value>) {
        match self.values.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => self.values.push((key, value)),
        }
    }

    /// The value that the patch gives `key`: `None` if it does not speak of it, `Some(None)` if it sets null.
    pub fn get(&self, key: JobKey) -> Option<Option<&Value>> {
        let (_, value) = self.values.iter().find(|(known, _)| *known == key)?;
        Some(value.as_ref())
    }

    /// What the patch says about `key`, as text; `None` also where it sets null.
    pub fn text(&self, key: JobKey) -> Option<&str> {
        match self.get(key)?? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The change that makes a new job of this patch.
    pub fn create(self, now: Timestamp) -> JobChange {
        let status = self.wanted_status().unwrap_or(JobStatus::Unknown);
        let started = (status == JobStatus::Running).then_some(now);
        let after = JobFacts { status, started, ..JobFacts::default() };
        self.change(after, now)
    }

    /// The change that this patch makes to a job of which `before` holds.
    ///
    /// - A verdict (pass, fail) stays whatever `status` says; `success` alone may still change it.
    /// - `started` is stamped once, when the job turns from queued to running.
    /// - `priority` changes only while the job is queued; otherwise that key alone is passed over.
    pub fn update(mut self, before: &JobFacts, now: Timestamp) -> JobChange {
        let status = match self.status {
            Some(_) if before.status.is_verdict() => before.status,
            _ => self.wanted_status().unwrap_or(before.status),
        };
        let starts = before.status == JobStatus::Queued && status == JobStatus::Running;
        let started = before.started.or(starts.then_some(now));
        if before.status != JobStatus::Queued {
            self.values.retain(|(key, _)| *key != JobKey::Priority);
        }
        let after = JobFacts { status, started, ..before.clone() };
        self.change(after, now)
    }

    /// This patch as a heartbeat, if it is one for a job that is in one of [`Heartbeat::states`].
    pub fn heartbeat(&self, now: Timestamp) -> Option<Heartbeat> {
        let is_followed = self.values.iter().any(|(key, _)| Heartbeat::is_followed(*key));
        let verdicts = JobStatus::ALL.into_iter().filter(|state| state.is_verdict());
        let states = match (self.status, self.wanted_status()) {
            // A verdict stays whatever the status says.
            (Some(status), _) => {
                Some(std::iter::once(status).chain(verdicts.filter(|state| *state != status)).collect())
            }
            (None, Some(of_success)) => Some(vec![of_success]),
            (None, None) => None,
        };
        let updated = self.updated.unwrap_or(now);
        (!is_followed).then(|| Heartbeat { states, updated, values: self.values.clone() })
    }

    /// The status that the patch asks for: `success` speaks when `status` is silent.
    fn wanted_status(&self) -> Option<JobStatus> {
        let success = || match self.get(JobKey::Success)? {
            Some(Value::Boolean(success)) => Some(JobStatus::of_success(Some(*success))),
            _ => Some(JobStatus::of_success(None)),
        };
        self.status.or_else(success)
    }

    fn change(self, mut after: JobFacts, now: Timestamp) -> JobChange {
        for (key, value) in &self.values {
            match (key, value) {
                (JobKey::Sha1, value) => after.sha1 = text_of(value.as_ref()),
                (JobKey::Flavor, value) => after.flavor = text_of(value.as_ref()),
                (JobKey::Priority, Some(Value::Integer(priority))) => after.priority = Some(*priority),
                (JobKey::Priority, _) => after.priority = None,
                _ => {}
            }
        }
        JobChange { after, updated: self.updated.unwrap_or(now), values: self.values }
    }
}

/// What the rules need to know of a job that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFacts {
    /// Its status.
    pub status: JobStatus,
    /// When it started to run.
    pub started: Option<Timestamp>,
    /// The commit under test.
    pub sha1: Option<String>,
    /// The flavor of the build.
    pub flavor: Option<String>,
    /// Its place in the queue: lower goes first.
    pub priority: Option<i32>,
}

impl Default for JobFacts {
    fn default() -> Self {
        Self { status: JobStatus::Unknown, started: None, sha1: None, flavor: None, priority: None }
    }
}

/// What is to be stored of a job after a patch was applied, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct JobChange {
    /// The facts that hold afterwards.
    pub after: JobFacts,
    /// When the job was last heard of: now, or what the report said.
    pub updated: Timestamp,
    /// The keys to write; all others keep what they have.
    pub values: Vec<(JobKey, Option<Value>)>,
}

fn text_of(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Whole seconds, since the deployed server keeps no more. Null says nothing.
fn read_updated(json: &str, zone: LabZone) -> Result<Option<Timestamp>, FieldError> {
    if json == "null" {
        return Ok(None);
    }
    let time = read_text(json).and_then(|text| zone.read_date_time(&text));
    let error = FieldError { key: "updated", takes: "a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null" };
    time.map(|time| Some(time.whole_seconds())).ok_or(error)
}

#[cfg(test)]
#[path = "job_patch_tests.rs"]
mod tests;
