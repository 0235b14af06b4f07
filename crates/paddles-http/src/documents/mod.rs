//! Wire documents: how runs and jobs look to clients.

mod audit;
mod job;
mod json_object;
mod node;
mod queue;
mod run;
mod summary;

pub(crate) use audit::{audit_document, status_change_document};
pub(crate) use job::{JobField, job_document, job_fields, new_job_document};
pub(crate) use json_object::JsonObject;
pub(crate) use node::{counts_document, job_stats_document, lock_document, node_document};
pub(crate) use queue::{queue_document, queue_stats_document};
pub(crate) use run::{RunField, open_run_document, run_document, run_fields};
pub(crate) use summary::{job_summary, run_summary};

/// What a run or a node mostly takes on the wire.
const ITEM_BYTES: usize = 1024;

/// Writes an object whose one member is an array of `items`.
pub(crate) fn array_member<T>(key: &str, items: &[T], write: impl FnMut(&mut Vec<u8>, &T)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = JsonObject::begin(&mut out);
    object.member(key).extend(array(items, write));
    object.end();
    out
}

/// Writes `items` as a JSON array.
pub(crate) fn array<T>(items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) -> Vec<u8> {
    // Enough for most items, so that a page is not copied again and again as it grows.
    let mut out = Vec::with_capacity(2 + items.len() * ITEM_BYTES);
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(&mut out, item);
    }
    out.push(b']');
    out
}
