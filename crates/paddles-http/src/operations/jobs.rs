//! Jobs, and reports of them.

use serde_json::{Value, json};

use crate::openapi::{Operation, Parameter, array_of, job_patch, job_report, job_reports, named, nothing};

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
            Parameter::day("posted_after", "Posted after the beginning of this day"),
            Parameter::day("posted_before", "Posted before the beginning of this day"),
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
        .repeatable()
        .body(job_report())
        .answers(json!({ "type": "object", "required": ["job_id"], "additionalProperties": false,
            "properties": { "job_id": { "type": "string" } } }))
        .refuses(&[404])
}

/// Only POST: of any other method `batch` is the id of a job.
pub(crate) fn create_many() -> Operation {
    Operation::new("job_create_many", "Many new jobs of one run at once")
        .details(
            "As POSTs of each in turn, but in one transaction and many times as fast. What is refused does not hold up the \
             others: `results` tells of each job, in order, whether it was `created`, or else why not.",
        )
        .repeatable()
        .body(job_reports())
        .answers(named("NewJobs"))
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
        .query([Parameter::truth("upsert", "A job that is not there is added, as by POST; `created` tells which")])
        .body(job_patch())
        .answers(json!({ "type": "object", "additionalProperties": false,
            "properties": { "created": { "type": "boolean", "description": "Only where `upsert` was asked for." } } }))
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
