//! Jobs on the wire.

use paddles_domain::{Job, JobId, JobKey, Value};
use paddles_repository::{JobKeys, Stored};

use super::JsonObject;
use crate::links::Links;

/// A field that a client may ask of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobField {
    Key(JobKey),
    JobId,
    Status,
    Posted,
    Started,
    Updated,
    LogHref,
    /// Only where it is asked for.
    Href,
    /// Only where it is asked for: the number of the row.
    Id,
}

impl JobField {
    /// The fields of a whole document.
    pub(crate) fn whole() -> impl Iterator<Item = Self> {
        let first = [Self::JobId, Self::Status, Self::LogHref, Self::Posted, Self::Started, Self::Updated];
        first.into_iter().chain(JobKey::all().map(Self::Key))
    }

    /// Every field.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::whole().chain([Self::Href, Self::Id])
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|field| field.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Key(key) => key.name(),
            Self::JobId => "job_id",
            Self::Status => "status",
            Self::Posted => "posted",
            Self::Started => "started",
            Self::Updated => "updated",
            Self::LogHref => "log_href",
            Self::Href => "href",
            Self::Id => "id",
        }
    }

    /// What must be read of a job to show `fields`.
    pub(crate) fn keys(fields: &[Self]) -> JobKeys {
        fields.iter().fold(JobKeys::NONE, |keys, field| match field {
            Self::Key(key) => keys.with(*key),
            _ => keys,
        })
    }

    fn write(self, object: &mut JsonObject<'_>, stored: &Stored<Job>, links: &Links) {
        let job = &stored.record;
        let name = self.name();
        match self {
            Self::Key(key) => match job.values.get(key) {
                None => object.text(name, None),
                Some(Value::Text(text)) => object.text(name, Some(text)),
                Some(Value::Integer(number)) => object.number(name, Some(*number)),
                Some(Value::Boolean(truth)) => object.truth(name, Some(*truth)),
                Some(Value::Document(document)) => object.document(name, document),
                Some(Value::Time(time)) => object.time(name, Some(*time)),
            },
            Self::JobId => object.text(name, Some(job.job_id.as_str())),
            Self::Status => object.text(name, Some(job.status.as_str())),
            Self::Posted => object.time(name, job.posted),
            Self::Started => object.time(name, job.started),
            Self::Updated => object.time(name, job.updated),
            Self::LogHref => object.text(name, Some(&links.job_log(&job.run, &job.job_id))),
            Self::Href => object.text(name, Some(&links.job(&job.run, &job.job_id))),
            Self::Id => object.number(name, Some(stored.id.0)),
        }
    }
}

/// Writes the whole document of a job.
pub(crate) fn job_document(out: &mut Vec<u8>, job: &Stored<Job>, links: &Links) {
    write_fields(out, JobField::whole(), job, links);
}

/// Writes what came of a job that was to be added with others.
pub(crate) fn new_job_document(out: &mut Vec<u8>, job_id: Option<&JobId>, refusal: Option<&str>) {
    let mut object = JsonObject::begin(out);
    object.text("job_id", job_id.map(JobId::as_str));
    object.truth("created", Some(refusal.is_none()));
    object.text("message", refusal);
    object.end();
}

/// Writes an object of `fields` of a job.
pub(crate) fn job_fields(out: &mut Vec<u8>, job: &Stored<Job>, fields: &[JobField], links: &Links) {
    write_fields(out, fields.iter().copied(), job, links);
}

fn write_fields(out: &mut Vec<u8>, fields: impl Iterator<Item = JobField>, job: &Stored<Job>, links: &Links) {
    let mut object = JsonObject::begin(out);
    for field in fields {
        field.write(&mut object, job, links);
    }
    object.end();
}
