//! What was done, on the wire.

use paddles_domain::JobStatus;
use paddles_repository::{AuditEntry, StatusChange};

use super::JsonObject;

/// Writes the document of an entry of the audit.
pub(crate) fn audit_document(out: &mut Vec<u8>, entry: &AuditEntry) {
    let mut object = JsonObject::begin(out);
    object.time("time", Some(entry.time));
    object.text("who", Some(&entry.who));
    object.text("address", entry.address.as_deref());
    object.text("action", Some(&entry.action));
    object.text("kind", Some(&entry.kind));
    object.text("name", Some(&entry.name));
    for (key, values) in [("before", &entry.before), ("after", &entry.after)] {
        match values {
            Some(values) => object.document(key, values),
            None => object.text(key, None),
        }
    }
    object.end();
}

/// Writes the document of a change of a job's status. From which address it came is for those who look after the service.
pub(crate) fn status_change_document(out: &mut Vec<u8>, change: &StatusChange) {
    let mut object = JsonObject::begin(out);
    object.time("time", Some(change.time));
    object.text("before", change.before.map(JobStatus::as_str));
    object.text("status", Some(change.after.as_str()));
    object.text("who", Some(&change.who));
    object.end();
}
