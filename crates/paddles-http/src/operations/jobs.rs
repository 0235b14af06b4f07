//! Jobs, and reports of them.

use serde_json::{Value, json};

use crate::openapi::{Operation, Parameter, array_of, day, job_patch, job_report, named, nothing};

/// What a list of jobs shows: whole documents or some fields.
pub(super) fn list_of_jobs() -> Value {
    json!({ "anyOf": [array_of(&named("Job")), array_of(&named("JobPart"))] })
}

pub(super) fn of_status() -> Parameter {
    Parameter::text("status", "Only jobs in this state; a word that is none selects nothing")
}

pub(crate) fn search() -> Operation {
    Operation::new("job_search", "Jobs of all runs, newest posted first")
        .query(Parameter::history("How many jobs; 10 without it"))
        .query([
            Parameter::job_fields(),
            of_status(),
            Parameter::text("user", "Only jobs of this user"),
            Parameter::text("sha1", "Only jobs of this commit, whole"),
            Parameter::text("branch", "Only jobs of this branch; not looked at beside `sha1`"),
            Parameter::new(
                "description",
                "Only jobs whose description contains this, by case",
                json!({ "type": "string", "maxLength": 10_000 }),
            ),
            Parameter::new("posted_after", "Posted after the beginning of this day", day()),
            Parameter::new("posted_before", "Posted before the beginning of this day", day()),
        ])
        .answers(list_of_jobs())
        .links_to_next()
}

pub(crate) fn list() -> Operation {
    Operation::new("job_list", "The jobs of a run, newest posted first")
        .query([Parameter::job_fields(), of_status()])
        .answers(list_of_jobs())
        .refuses(&[404])
}

pub(crate) fn create() -> Operation {
    Operation::new("job_create", "A new job")
        .details("Refused with `... already exists` if the run has a job of this id: then a PUT changes it.")
        .body(job_report())
        .answers(json!({ "type": "object", "required": ["job_id"], "additionalProperties": false,
            "properties": { "job_id": { "type": "string" } } }))
        .refuses(&[404])
}

pub(crate) fn get() -> Operation {
    Operation::new("job_get", "A whole job").answers(named("Job")).refuses(&[404])
}

/// The same under the path that the documentation of paddles has.
pub(crate) fn get_as_documented() -> Operation {
    Operation::new("job_get_as_documented", "A whole job, as at `/runs/{name}/jobs/{job_id}/`")
        .answers(named("Job"))
        .refuses(&[404])
}

pub(crate) fn update() -> Operation {
    Operation::new("job_update", "Changes the keys of a job that are sent, and tells that it lives")
        .details(
            "`pass` and `fail` stay whatever `status` is sent later; `success` without `status` decides it. `priority` \
             changes only while the job is queued. `targets` links the job to nodes, which are created if they are unknown.",
        )
        .body(job_patch())
        .answers(nothing())
        .refuses(&[404])
}

pub(crate) fn history() -> Operation {
    Operation::new("job_history", "How the status of a job changed, when, and by whom, the first change first")
        .answers(array_of(&named("StatusChange")))
        .refuses(&[404])
}

pub(crate) fn delete() -> Operation {
    Operation::new("job_delete", "Deletes a job").answers(nothing()).refuses(&[404])
}
