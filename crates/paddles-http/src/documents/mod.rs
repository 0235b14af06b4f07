//! Wire documents: how runs and jobs look to clients.

mod job;
mod json_object;
mod node;
mod queue;
mod run;
mod summary;

pub(crate) use job::{JobField, job_document, job_fields};
pub(crate) use json_object::JsonObject;
pub(crate) use node::{counts_document, job_stats_document, lock_document, node_document};
pub(crate) use queue::{queue_document, queue_stats_document};
pub(crate) use run::{RunField, open_run_document, run_document, run_fields};
pub(crate) use summary::{job_summary, run_summary};

/// Writes `items` as a JSON array.
pub(crate) fn array<T>(items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) -> Vec<u8> {
    let mut out = vec![b'['];
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(&mut out, item);
    }
    out.push(b']');
    out
}
