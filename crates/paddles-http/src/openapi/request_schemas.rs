//! Schemas of what is taken, from the same tables by which it is read.

use paddles_domain::{INDEXED_TEXT_CHARS, JobKey, JobStatus, Kind};
use paddles_repository::MOST_NEW_JOBS;
use serde_json::{Map, Value, json};

use super::schemas::{DATE, TIME, name, named, one_of};

/// Every schema that has a name.
pub(super) fn all() -> [(&'static str, Value); 2] {
    let mut patch = keys_of_jobs();
    patch["description"] = "Some of the keys of a job, to be changed. A `job_id` is passed over.".into();
    let mut report = keys_of_jobs();
    report["description"] =
        "A job. Its id is picked if it names a queue, and its run created if its `name` is the run's.".into();
    report["properties"]["job_id"] = job_id();
    let queue = json!({ "required": ["queue"], "properties": { "queue": { "type": "string", "minLength": 1 } } });
    report["anyOf"] = json!([{ "required": ["job_id"] }, queue]);
    [("JobPatch", patch), ("JobReport", report)]
}

/// Changes of a job.
pub(crate) fn job_patch() -> Value {
    named("JobPatch")
}

/// A job that may be new.
pub(crate) fn job_report() -> Value {
    named("JobReport")
}

/// Jobs that may be new. Each is read for itself, so that what is wrong with one does not show here.
pub(crate) fn job_reports() -> Value {
    let job = json!({ "description": "As `JobReport`; another is refused, without the others." });
    json!({ "type": "object", "required": ["jobs"],
        "properties": { "jobs": { "type": "array", "maxItems": MOST_NEW_JOBS, "items": job } } })
}

/// The name of a new run.
pub(crate) fn run_name() -> Value {
    json!({ "type": "object", "required": ["name"], "properties": { "name": name() } })
}

/// A new node.
pub(crate) fn new_node() -> Value {
    let mut node = node_patch();
    node["properties"]["name"] = name();
    node["required"] = json!(["name"]);
    node
}

/// Changes of a node, of its lock among them.
pub(crate) fn node_patch() -> Value {
    let mut keys = Map::new();
    for key in ["description", "os_type", "os_version", "arch", "mac_address", "ssh_pub_key"] {
        keys.insert(key.to_owned(), text());
    }
    for key in ["machine_type", "locked_by"] {
        keys.insert(key.to_owned(), indexed_text());
    }
    for key in ["up", "is_vm", "locked"] {
        keys.insert(key.to_owned(), boolean());
    }
    let mut host = name();
    host["type"] = json!(["string", "number", "boolean", "null"]);
    host["description"] = "The name of another node.".into();
    keys.insert("vm_host".to_owned(), host);
    json!({ "type": "object", "properties": keys })
}

/// Nodes that somebody wants to lock.
pub(crate) fn lock_wish() -> Value {
    json!({
        "type": "object",
        "required": ["count", "locked_by", "machine_type", "description"],
        "properties": {
            "count": { "type": "integer", "minimum": 1 },
            "locked_by": indexed_text(),
            "machine_type": { "type": "string", "pattern": "^[^|\\u0000]+(\\|[^|\\u0000]+)*$",
                "description": "Several are joined by bars." },
            "description": text(),
            "os_type": text(),
            "os_version": text(),
            "arch": text(),
        },
    })
}

/// Nodes that somebody gives back.
pub(crate) fn names_to_unlock() -> Value {
    json!({
        "type": "object",
        "required": ["names", "locked_by"],
        "additionalProperties": false,
        "properties": { "names": { "type": "array", "maxItems": 10_000, "items": { "type": "string" } },
            "locked_by": indexed_text() },
    })
}

/// The name of a queue.
pub(crate) fn queue_name() -> Value {
    json!({ "type": "object", "required": ["queue"], "properties": { "queue": name() } })
}

/// A queue, and how it is paused.
pub(crate) fn queue_patch() -> Value {
    let mut patch = queue_name();
    patch["properties"]["paused_by"] = indexed_text();
    patch["properties"]["paused_since"] = date_time();
    patch["properties"]["paused_until"] = date_time();
    let limit = i32::MAX;
    patch["properties"]["pause_duration"] =
        json!({ "type": ["number", "null"], "minimum": -limit, "maximum": limit, "description": "In seconds." });
    patch
}

fn keys_of_jobs() -> Value {
    let mut keys: Map<String, Value> = JobKey::all().map(|key| (key.name().to_owned(), of_kind(key.kind()))).collect();
    keys.insert("status".to_owned(), one_of(&JobStatus::ALL.map(JobStatus::as_str)));
    keys.insert("updated".to_owned(), date_time());
    json!({ "type": "object", "properties": keys })
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => text(),
        Kind::IndexedText => indexed_text(),
        Kind::Integer => integer(),
        Kind::Boolean => boolean(),
        Kind::Document => json!({}),
        Kind::Targets => json!({ "type": ["object", "null"], "description": "From host to key." }),
        Kind::NameTime => json!({
            "type": ["string", "null"],
            "pattern": format!("^{DATE}_{TIME}$"),
            "description": "The form of run names, `YYYY-MM-DD_HH:MM:SS`.",
        }),
    }
}

/// An id of a job: numbers are taken as they are written.
fn job_id() -> Value {
    let mut id = name();
    id["type"] = json!(["string", "number"]);
    id["not"] = json!({ "enum": [".", ".."] });
    id
}

/// Text; numbers and truth values are kept as they are written.
fn text() -> Value {
    json!({ "type": ["string", "number", "boolean", "null"], "pattern": "^[^\\u0000]*$" })
}

/// The same, short enough for an index.
fn indexed_text() -> Value {
    let mut short = text();
    short["maxLength"] = INDEXED_TEXT_CHARS.into();
    short
}

/// A number of 32 bits, rounded, halves away from zero; also written as text.
fn integer() -> Value {
    json!({
        "type": ["number", "string", "null"],
        "exclusiveMinimum": f64::from(i32::MIN) - 0.5,
        "exclusiveMaximum": f64::from(i32::MAX) + 0.5,
        "pattern": "^ *[+-]?[0-9]{1,9}(\\.[0-9]+)? *$",
    })
}

fn boolean() -> Value {
    json!({ "enum": [true, false, 0, 1, null] })
}

fn date_time() -> Value {
    json!({ "type": ["string", "null"], "pattern": format!("^{DATE} {TIME}(\\.[0-9]{{1,6}})?$") })
}
