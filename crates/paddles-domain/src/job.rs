//! A job as it is read.

use std::fmt;

use serde_json::value::RawValue;

use crate::value::read_text;
use crate::{FieldError, JobFacts, JobKey, JobStatus, NameError, ReportError, RunName, Timestamp, Value, check_name};

/// The id of a job inside its run: text, mostly digits, of 1 to 1,024 characters. Ids sort as text, which clients see in
/// the order of a run's jobs.
///
/// An id names a job only together with its run: labs' counters have restarted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct JobId(String);

impl JobId {
    /// The id `text`, if it can be one.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check_name("job_id", &text)?;
        Ok(Self(text))
    }

    /// An id that a database kept. It was checked when it came, or came before there were checks.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Reads an id from a report, where it is text or a number.
    pub fn read(json: &RawValue) -> Result<Self, ReportError> {
        if json.get() == "null" {
            return Err(NameError::Missing { key: "job_id" }.into());
        }
        let not_an_id = FieldError { key: "job_id", takes: "text or a number" };
        let text = match json.get().as_bytes() {
            [b't' | b'f', ..] => None,
            _ => read_text(json.get()),
        };
        Ok(Self::new(text.ok_or(not_an_id)?)?)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One test: what a reporter told about it, and what the service keeps beside that.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// The run to which it belongs.
    pub run: RunName,
    /// Its id in that run.
    pub job_id: JobId,
    /// Its state.
    pub status: JobStatus,
    /// When it was first heard of.
    pub posted: Option<Timestamp>,
    /// When it started to run.
    pub started: Option<Timestamp>,
    /// When it was last heard of.
    pub updated: Option<Timestamp>,
    /// What reporters told.
    pub values: JobValues,
}

impl Job {
    /// What the rules need to know of it.
    pub fn facts(&self) -> JobFacts {
        let text = |key| match self.values.get(key) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let priority = match self.values.get(JobKey::Priority) {
            Some(Value::Integer(priority)) => Some(*priority),
            _ => None,
        };
        JobFacts {
            status: self.status,
            started: self.started,
            sha1: text(JobKey::Sha1),
            flavor: text(JobKey::Flavor),
            priority,
        }
    }
}

/// The values of a job's keys.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Vec<Option<Value>>")]
pub struct JobValues(Vec<Option<Value>>);

/// Values that were not written for these keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is not one value for each key")]
pub struct OtherKeys;

impl TryFrom<Vec<Option<Value>>> for JobValues {
    type Error = OtherKeys;

    fn try_from(values: Vec<Option<Value>>) -> Result<Self, OtherKeys> {
        if values.len() == JobKey::COUNT { Ok(Self(values)) } else { Err(OtherKeys) }
    }
}

impl Default for JobValues {
    fn default() -> Self {
        Self(vec![None; JobKey::COUNT])
    }
}

impl JobValues {
    /// The value of `key`; `None` is null.
    pub fn get(&self, key: JobKey) -> Option<&Value> {
        self.0[key as usize].as_ref()
    }

    /// Sets the value of `key`.
    pub fn set(&mut self, key: JobKey, value: Option<Value>) {
        self.0[key as usize] = value;
    }
}
