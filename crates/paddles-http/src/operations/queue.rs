//! Queues, and who takes the next job.

use serde_json::json;

use super::jobs::list_of_jobs;
use crate::openapi::{Operation, Parameter, array_of, named, nothing, queue_name, queue_patch};

pub(crate) fn list() -> Operation {
    Operation::new("queue_list", "Queues, by name")
        .query([
            Parameter::text("machine_type", "Only the queue of this name; of several types, joined by bars, `multi`"),
            Parameter::text("paused_by", "Only queues that this one paused"),
        ])
        .answers(array_of(&named("Queue")))
}

pub(crate) fn create() -> Operation {
    Operation::new("queue_create", "A new queue, paused if it says so")
        .repeatable()
        .body(queue_patch())
        .answers(nothing())
        .refuses(&[403])
}

pub(crate) fn update() -> Operation {
    Operation::new("queue_update", "Pauses a queue, or ends a pause")
        .details("For `pause_duration` seconds or until `paused_until`; null ends a pause.")
        .body(queue_patch())
        .answers(nothing())
        .refuses(&[403])
}

pub(crate) fn head() -> Operation {
    pop("queue_head", "The job that would be taken next, or null")
}

pub(crate) fn claim() -> Operation {
    pop("queue_claim", "Takes the next job, or null: it is waiting from then on, and nobody else gets it").repeatable()
}

/// A queue that is paused hands out nothing.
fn pop(id: &'static str, summary: &'static str) -> Operation {
    let job_or_null = json!({ "anyOf": [named("Job"), { "type": "null" }] });
    Operation::new(id, summary).query([queue_in_query().required()]).answers(job_or_null)
}

fn queue_in_query() -> Parameter {
    // NUL is read as a character that no queue's name has.
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[^/]+$" });
    Parameter::new("queue", "Which queue", name)
}

pub(crate) fn stats() -> Operation {
    stats_of("queue_stats").query([queue_in_query().required()])
}

/// The body may name the queue.
pub(crate) fn stats_by_body() -> Operation {
    stats_of("queue_stats_by_body")
        .details("The query or else the body names the queue.")
        .query([queue_in_query()])
        .optional_body(json!({ "description": "An object with `queue`; read only where the query names none." }))
}

fn stats_of(id: &'static str) -> Operation {
    Operation::new(id, "How many jobs wait in a queue").answers(named("QueueStats"))
}

/// By GET as by POST.
pub(crate) fn queued_jobs(id: &'static str) -> Operation {
    Operation::new(id, "The jobs that wait in a queue, which the body names")
        .body(queue_name())
        .query([
            Parameter::new(
                "run_name",
                "Only jobs of this run",
                json!({ "type": "string", "maxLength": 1024, "pattern": "^[^/]*$" }),
            ),
            Parameter::text("user", "Only jobs of this user; not looked at beside `run_name`"),
            Parameter::job_fields(),
        ])
        .answers(list_of_jobs())
}
