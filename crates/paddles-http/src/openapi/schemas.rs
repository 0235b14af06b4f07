//! Schemas of what is answered, from the same tables by which it is written.

use paddles_domain::{JobKey, JobStatus, Kind, RunStatus};
use serde_json::{Map, Value, json};

use super::request_schemas;
use crate::documents::{JobField, RunField};

/// Every schema that has a name.
pub(super) fn all() -> Value {
    let mut job = object(JobField::whole().map(|field| (field.name(), of_job(field))));
    job["description"] = "A job with every key that a reporter can write, null where it wrote none.".into();
    let mut error = object([("message", json!({ "type": "string" }))]);
    error["description"] = "Why a request was refused.".into();
    let mut schemas = json!({
        "Time": {
            "description": "UTC; without fraction where that is zero.",
            "type": "string",
            "pattern": "^-?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{6})?$",
        },
        "Error": error,
        "Run": run(&[]),
        "RunWithJobs": run(&[("jobs", array_of(&named("Job")))]),
        "RunPart": part(RunField::ALL.map(|field| (field.name(), of_run(field)))),
        "RunSummaries": { "type": "object", "additionalProperties": named("Summary") },
        "Job": job,
        "JobPart": part(JobField::all().map(|field| (field.name(), of_job(field)))),
        "NewJobs": object([("results", array_of(&object([
            ("job_id", text_or_null()),
            ("created", json!({ "type": "boolean" })),
            ("message", text_or_null()),
        ])))]),
        "Summary": object([
            ("href", link()),
            ("status", one_of(&["finished", "running"])),
            ("results", object(["pass", "running", "fail"].map(|result| (result, count())))),
        ]),
        "Node": node(),
        "Lock": object([
            ("name", json!({ "type": "string" })),
            ("locked", json!({ "type": "boolean" })),
            ("locked_by", text_or_null()),
            ("machine_type", text_or_null()),
            ("is_vm", json!({ "type": "boolean" })),
        ]),
        "JobCounts": job_counts(),
        "JobCountsByNode": {
            "description": "By node and state; states without a job are left out.",
            "type": "object",
            "additionalProperties": part(JobStatus::ALL.map(|status| (status.as_str(), count()))),
        },
        "Queue": object([
            ("queue", json!({ "type": "string" })),
            ("paused", json!({ "type": "boolean" })),
            ("paused_by", text_or_null()),
            ("paused_since", time_or_null()),
            ("paused_until", time_or_null()),
        ]),
        "QueueStats": queue_stats(),
        "StatusChange": object([
            ("time", named("Time")),
            ("before", json!({ "type": ["string", "null"], "enum": JobStatus::ALL.map(|status| Some(status.as_str())).into_iter().chain([None]).collect::<Vec<_>>() })),
            ("status", one_of(&JobStatus::ALL.map(JobStatus::as_str))),
            ("who", any_text()),
        ]),
        "AuditEntry": audit_entry(),
    });
    for (name, schema) in request_schemas::all() {
        schemas[name] = schema;
    }
    schemas
}

/// The schema of this name.
pub(crate) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(crate) fn array_of(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// The empty object that a successful change answers.
pub(crate) fn nothing() -> Value {
    json!({ "type": "object", "maxProperties": 0 })
}

pub(crate) fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

pub(crate) fn any_text() -> Value {
    json!({ "type": "string" })
}

/// A whole number from `minimum`, 32 bits wide.
pub(crate) fn whole_number(minimum: u32) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": u32::MAX })
}

/// A day, or one of the two words for one.
pub(super) fn day() -> Value {
    pattern(&format!("{DATE}|today|yesterday"))
}

/// Text that is wholly of a pattern.
pub(super) fn pattern(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^({pattern})$") })
}

/// A time of the form `HH:MM:SS`.
pub(super) const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";

/// A date of the form `YYYY-MM-DD`, but for the 29th of February, which not every year has; there is no year zero.
pub(super) const DATE: &str = "(?!0000)[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|\
    (0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

/// What can be a name or an id, as a segment of a path.
pub(super) fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 1024, "pattern": "^[^/\\u0000]+$" })
}

/// An object of exactly these members.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let mut object = part(members);
    let names: Vec<String> =
        object["properties"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    object["required"] = names.into();
    object
}

/// An object of some of these members.
fn part<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let properties: Map<String, Value> = members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn audit_entry() -> Value {
    let values = json!({ "type": ["object", "null"], "additionalProperties": true });
    object([
        ("time", named("Time")),
        ("who", any_text()),
        ("address", text_or_null()),
        ("action", any_text()),
        ("kind", one_of(&["run", "job", "node", "queue", "token"])),
        ("name", any_text()),
        ("before", values.clone()),
        ("after", values),
    ])
}

fn run(more: &[(&str, Value)]) -> Value {
    let first_job = [("sha1", text_or_null()), ("flavor", text_or_null())];
    let mut results = job_counts();
    for (name, schema) in [("total", count())].into_iter().chain(first_job.clone()) {
        results["properties"][name] = schema;
        if let Some(required) = results["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    let fields = RunField::DOCUMENT.map(|field| (field.name(), of_run(field)));
    let members = fields.into_iter().chain([("jobs_count", count())]).chain(first_job).chain([("results", results)]);
    object(members.chain(more.iter().cloned()))
}

fn of_run(field: RunField) -> Value {
    match field {
        RunField::Id => json!({ "type": "integer" }),
        RunField::Name => json!({ "type": "string" }),
        RunField::Status => one_of(&RunStatus::ALL.map(RunStatus::as_str)),
        RunField::User | RunField::Suite | RunField::Branch | RunField::MachineType => text_or_null(),
        RunField::Scheduled | RunField::Posted | RunField::Started | RunField::Updated => time_or_null(),
        RunField::Href => link(),
        RunField::Priority => json!({ "type": ["integer", "null"] }),
    }
}

fn of_job(field: JobField) -> Value {
    match field {
        JobField::Key(key) => of_key(key),
        JobField::JobId => json!({ "type": "string" }),
        JobField::Status => one_of(&JobStatus::ALL.map(JobStatus::as_str)),
        JobField::Posted | JobField::Started | JobField::Updated => time_or_null(),
        JobField::LogHref | JobField::Href => link(),
        JobField::Id => json!({ "type": "integer" }),
    }
}

fn of_key(key: JobKey) -> Value {
    match key.kind() {
        Kind::Text | Kind::IndexedText => text_or_null(),
        Kind::Integer => json!({ "type": ["integer", "null"] }),
        Kind::Boolean => json!({ "type": ["boolean", "null"] }),
        Kind::Document => json!({ "description": "As it was reported." }),
        Kind::Targets => json!({ "type": ["object", "null"], "description": "From host to key, as it was reported." }),
        Kind::NameTime => time_or_null(),
    }
}

fn node() -> Value {
    let mut node = object([
        ("name", json!({ "type": "string" })),
        ("description", text_or_null()),
        ("up", json!({ "type": ["boolean", "null"] })),
        ("machine_type", text_or_null()),
        ("is_vm", json!({ "type": "boolean" })),
        ("vm_host", json!({ "anyOf": [named("Node"), { "type": "null" }] })),
        ("os_type", text_or_null()),
        ("os_version", text_or_null()),
        ("arch", text_or_null()),
        ("locked", json!({ "type": "boolean" })),
        ("locked_since", time_or_null()),
        ("locked_by", text_or_null()),
        ("mac_address", text_or_null()),
        ("ssh_pub_key", text_or_null()),
    ]);
    node["description"] = "A machine; `vm_host` is the one on which it runs if it is a guest.".into();
    node
}

fn job_counts() -> Value {
    object(JobStatus::ALL.map(|status| (status.as_str(), count())))
}

/// A queue that is paused says by whom and how long.
fn queue_stats() -> Value {
    let idle =
        [("queue", json!({ "type": "string" })), ("queued_jobs", count()), ("paused", json!({ "type": "boolean" }))];
    let mut stats = object(idle);
    for (name, schema) in
        [("paused_by", text_or_null()), ("paused_since", time_or_null()), ("paused_until", time_or_null())]
    {
        stats["properties"][name] = schema;
    }
    stats
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn link() -> Value {
    json!({ "type": "string" })
}

fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn time_or_null() -> Value {
    json!({ "anyOf": [named("Time"), { "type": "null" }] })
}
