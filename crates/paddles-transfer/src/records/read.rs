//! Reading records.

use std::collections::HashMap;

use paddles_domain::{
    Document, FieldError, Job, JobId, JobKey, JobStatus, JobValues, Kind, NameError, Node, NodeName, Queue, QueueName,
    Run, RunName, RunResults, RunStatus, Timestamp, Value, target_nodes,
};
use paddles_repository::PlacedJob;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{AS_TEXT, RecordError};

/// The members of an object; of a key that comes twice the last counts.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Members<'a> {
    #[serde(borrow)]
    members: HashMap<std::borrow::Cow<'a, str>, &'a RawValue>,
}

impl<'a> Members<'a> {
    /// What `json` holds, which must be an object.
    pub(crate) fn of(json: &'a RawValue) -> Result<Self, RecordError> {
        Ok(serde_json::from_str(json.get())?)
    }

    /// The value of `key`; null counts as none.
    pub(crate) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.members.get(key).copied().filter(|json| json.get() != "null")
    }

    /// The only member, if there is one and no other.
    pub(crate) fn only(&self) -> Option<(&str, &'a RawValue)> {
        let mut members = self.members.iter();
        let (key, json) = members.next()?;
        members.next().is_none().then_some((key, *json))
    }

    pub(crate) fn text(&self, key: &'static str) -> Result<Option<String>, RecordError> {
        let error = FieldError { key, takes: "text or null" };
        self.get(key).map(|json| serde_json::from_str(json.get()).map_err(|_| error.into())).transpose()
    }

    fn name(&self, key: &'static str) -> Result<String, RecordError> {
        self.text(key)?.ok_or_else(|| NameError::Missing { key }.into())
    }

    fn time(&self, key: &'static str) -> Result<Option<Timestamp>, RecordError> {
        let error = FieldError { key, takes: "a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null" };
        self.text(key)?.map(|text| text.parse().map_err(|_| error.into())).transpose()
    }

    fn truth(&self, key: &'static str) -> Result<Option<bool>, RecordError> {
        let error = FieldError { key, takes: "true, false or null" };
        self.get(key).map(|json| serde_json::from_str(json.get()).map_err(|_| error.into())).transpose()
    }

    fn number(&self, key: &'static str) -> Result<Option<i32>, RecordError> {
        let error = FieldError { key, takes: "a whole number of 32 bits or null" };
        self.get(key).map(|json| serde_json::from_str(json.get()).map_err(|_| error.into())).transpose()
    }
}

/// A run, and what whoever kept it told of its jobs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadRun {
    pub(crate) run: Run,
    pub(crate) status: Option<RunStatus>,
    pub(crate) results: Option<RunResults>,
    /// Values that the service would refuse, and no database might take.
    pub(crate) left_out: Vec<FieldError>,
}

impl ReadRun {
    /// A sentence on each value that it comes without.
    pub(crate) fn tell(&self) -> impl Iterator<Item = String> {
        let name = &self.run.name;
        self.left_out.iter().map(move |error| format!("{name} comes without its {}: {error}", error.key))
    }
}

pub(crate) fn read_run(members: &Members<'_>) -> Result<ReadRun, RecordError> {
    read_run_called(RunName::new(members.name("name")?)?, members)
}

/// A run without a look at its name.
pub(crate) fn read_run_called(name: RunName, members: &Members<'_>) -> Result<ReadRun, RecordError> {
    let mut left_out = Vec::new();
    // A run takes these over from its jobs.
    let mut text = |key: JobKey| match members.get(key.name()).map(|json| key.read(json)) {
        Some(Ok(Some(Value::Text(text)))) => Some(text),
        Some(Err(error)) => {
            left_out.push(error);
            None
        }
        _ => None,
    };
    let run = Run {
        name,
        user: text(JobKey::User),
        scheduled: members.time("scheduled")?,
        suite: text(JobKey::Suite),
        branch: text(JobKey::Branch),
        machine_type: text(JobKey::MachineType),
        posted: members.time("posted")?,
        started: members.time("started")?,
        updated: members.time("updated")?,
        status: RunStatus::Empty,
        results: RunResults::default(),
        first_job: None,
    };
    let status = members.text("status")?.and_then(|words| words.parse().ok());
    let results = members.get("results").map(read_results).transpose()?;
    Ok(ReadRun { run, status, results, left_out })
}

fn read_results(json: &RawValue) -> Result<RunResults, RecordError> {
    let members = Members::of(json)?;
    let count =
        |status: JobStatus| members.get(status.as_str()).and_then(|count| count.get().parse().ok()).unwrap_or(0);
    Ok(RunResults::from_counts(count))
}

/// A job, and what it comes without.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadJob {
    pub(crate) placed: PlacedJob,
    /// Values that the service would refuse, and no database might take.
    pub(crate) left_out: Vec<FieldError>,
}

impl ReadJob {
    /// A sentence on each value that it comes without.
    pub(crate) fn tell(&self) -> impl Iterator<Item = String> {
        let Job { run, job_id, .. } = &self.placed.job;
        self.left_out.iter().map(move |error| format!("{run}/{job_id} comes without its {}: {error}", error.key))
    }
}

/// A job of `run` as a server shows it. Of where it ran its targets tell.
pub(crate) fn read_job(run: &RunName, members: &Members<'_>) -> Result<ReadJob, RecordError> {
    let job_id = members.get("job_id").ok_or(NameError::Missing { key: "job_id" })?;
    let mut job = Job {
        run: run.clone(),
        job_id: JobId::read(job_id)?,
        status: members.text("status")?.map_or(Ok(JobStatus::Unknown), |word| word.parse())?,
        posted: members.time("posted")?,
        started: members.time("started")?,
        updated: members.time("updated")?,
        values: JobValues::default(),
    };
    let (mut nodes, mut left_out) = (Vec::new(), Vec::new());
    for key in JobKey::all() {
        let value = match (members.get(key.name()), key.kind()) {
            (None, _) => continue,
            // Reporters write it another way than servers do.
            (Some(_), Kind::NameTime) => members.time(key.name())?.map(Value::Time),
            (Some(json), Kind::Targets) => {
                if let Ok(Some(Value::Document(targets))) = key.read(json) {
                    nodes = target_nodes(&targets);
                }
                // Older services took any JSON: it stays as it stood, and tells of no node.
                Document::new(json).map(Value::Document)
            }
            (Some(json), _) => key.read(json).unwrap_or_else(|error| {
                left_out.push(error);
                None
            }),
        };
        job.values.set(key, value);
    }
    Ok(ReadJob { placed: PlacedJob { job, nodes }, left_out })
}

/// A job as an archive keeps it. Its nodes may be called as no node is now.
pub(crate) fn read_placed_job(members: &Members<'_>) -> Result<ReadJob, RecordError> {
    let run = RunName::new(members.name("run")?)?;
    let mut read = read_job(&run, members)?;
    let placed = &mut read.placed;
    let names: Vec<String> =
        members.get("nodes").map(|json| serde_json::from_str(json.get())).transpose()?.unwrap_or_default();
    placed.nodes = names.into_iter().map(NodeName::from_stored).collect();
    if let Some(texts) = members.get(AS_TEXT) {
        let texts: HashMap<String, String> = serde_json::from_str(texts.get())?;
        for key in JobKey::all() {
            if let Some(text) = texts.get(key.name()) {
                placed.job.values.set(key, Document::from_stored(text.as_str()).map(Value::Document));
            }
        }
    }
    Ok(read)
}

pub(crate) fn read_node(members: &Members<'_>) -> Result<Node, RecordError> {
    // Servers show the whole host.
    let host = match members.get("vm_host") {
        Some(json) if json.get().starts_with('{') => Members::of(json)?.text("name")?,
        _ => members.text("vm_host")?,
    };
    Ok(Node {
        name: NodeName::new(members.name("name")?)?,
        description: members.text("description")?,
        up: members.truth("up")?,
        machine_type: members.text("machine_type")?,
        is_vm: members.truth("is_vm")?.unwrap_or(false),
        vm_host: host.map(NodeName::new).transpose()?,
        os_type: members.text("os_type")?,
        os_version: members.text("os_version")?,
        arch: members.text("arch")?,
        locked: members.truth("locked")?.unwrap_or(false),
        locked_since: members.time("locked_since")?,
        locked_by: members.text("locked_by")?,
        mac_address: members.text("mac_address")?,
        ssh_pub_key: members.text("ssh_pub_key")?,
    })
}

pub(crate) fn read_queue(members: &Members<'_>) -> Result<Queue, RecordError> {
    Ok(Queue {
        name: QueueName::new(members.name("queue")?)?,
        paused_by: members.text("paused_by")?,
        paused_since: members.time("paused_since")?,
        pause_duration: members.number("pause_duration")?,
        paused_until: members.time("paused_until")?,
    })
}
