//! Runs on the wire.

use paddles_domain::{JobStatus, Run};
use paddles_repository::Stored;

use super::JsonObject;
use crate::links::Links;

/// What a run without jobs shows for the sha1 and flavor of its first job: clients expect text.
const NO_JOB: &str = "none";

/// A field that a client may ask of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunField {
    Id,
    Name,
    Status,
    User,
    Scheduled,
    Suite,
    Branch,
    MachineType,
    Posted,
    Started,
    Updated,
    Href,
    Priority,
}

impl RunField {
    pub(crate) const ALL: [Self; 13] = [
        Self::Id,
        Self::Name,
        Self::Status,
        Self::User,
        Self::Scheduled,
        Self::Suite,
        Self::Branch,
        Self::MachineType,
        Self::Posted,
        Self::Started,
        Self::Updated,
        Self::Href,
        Self::Priority,
    ];

    /// What a run document begins with.
    pub(crate) const DOCUMENT: [Self; 12] = [
        Self::Name,
        Self::Href,
        Self::Status,
        Self::User,
        Self::Suite,
        Self::Branch,
        Self::MachineType,
        Self::Priority,
        Self::Scheduled,
        Self::Posted,
        Self::Started,
        Self::Updated,
    ];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Status => "status",
            Self::User => "user",
            Self::Scheduled => "scheduled",
            Self::Suite => "suite",
            Self::Branch => "branch",
            Self::MachineType => "machine_type",
            Self::Posted => "posted",
            Self::Started => "started",
            Self::Updated => "updated",
            Self::Href => "href",
            Self::Priority => "priority",
        }
    }

    fn write(self, object: &mut JsonObject<'_>, stored: &Stored<Run>, links: &Links) {
        let run = &stored.record;
        let name = self.name();
        match self {
            Self::Id => object.number(name, Some(stored.id.0)),
            Self::Name => object.text(name, Some(run.name.as_str())),
            Self::Status => object.text(name, Some(run.status.as_str())),
            Self::User => object.text(name, run.user.as_deref()),
            Self::Scheduled => object.time(name, run.scheduled),
            Self::Suite => object.text(name, run.suite.as_deref()),
            Self::Branch => object.text(name, run.branch.as_deref()),
            Self::MachineType => object.text(name, run.machine_type.as_deref()),
            Self::Posted => object.time(name, run.posted),
            Self::Started => object.time(name, run.started),
            Self::Updated => object.time(name, run.updated),
            Self::Href => object.text(name, Some(&links.run(&run.name))),
            Self::Priority => object.number(name, run.first_job.as_ref().and_then(|first| first.priority)),
        }
    }
}

/// Writes the document of a run, without its jobs.
pub(crate) fn run_document(out: &mut Vec<u8>, run: &Stored<Run>, links: &Links) {
    open_run_document(out, run, links).end();
}

/// Writes the document of a run, open for more members.
pub(crate) fn open_run_document<'a>(out: &'a mut Vec<u8>, run: &Stored<Run>, links: &Links) -> JsonObject<'a> {
    let mut object = JsonObject::begin(out);
    for field in RunField::DOCUMENT {
        field.write(&mut object, run, links);
    }
    let total = run.record.results.total();
    object.number("jobs_count", Some(total));
    write_first_job(&mut object, &run.record);

    let mut results = JsonObject::begin(object.member("results"));
    for status in JobStatus::ALL {
        results.number(status.as_str(), Some(run.record.results.count(status)));
    }
    results.number("total", Some(total));
    write_first_job(&mut results, &run.record);
    results.end();
    object
}

fn write_first_job(object: &mut JsonObject<'_>, run: &Run) {
    let (sha1, flavor) = match &run.first_job {
        Some(first) => (first.sha1.as_deref(), first.flavor.as_deref()),
        None => (Some(NO_JOB), Some(NO_JOB)),
    };
    object.text("sha1", sha1);
    object.text("flavor", flavor);
}

/// Writes an object of `fields` of a run.
pub(crate) fn run_fields(out: &mut Vec<u8>, run: &Stored<Run>, fields: &[RunField], links: &Links) {
    let mut object = JsonObject::begin(out);
    for field in fields {
        field.write(&mut object, run, links);
    }
    object.end();
}
