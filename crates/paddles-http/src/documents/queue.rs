//! Queues on the wire.

use paddles_domain::{Queue, Timestamp};

use super::JsonObject;

/// Writes the document of a queue.
pub(crate) fn queue_document(out: &mut Vec<u8>, queue: &Queue, now: Timestamp) {
    let mut object = JsonObject::begin(out);
    object.text("queue", Some(queue.name.as_str()));
    object.truth("paused", Some(queue.is_paused(now)));
    write_pause(&mut object, queue);
    object.end();
}

/// How many jobs wait in a queue, and its pause while there is one.
pub(crate) fn queue_stats_document(queue: &Queue, jobs: u32, now: Timestamp) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = JsonObject::begin(&mut out);
    object.text("queue", Some(queue.name.as_str()));
    object.number("queued_jobs", Some(jobs));
    object.truth("paused", Some(queue.is_paused(now)));
    if queue.is_paused(now) {
        write_pause(&mut object, queue);
    }
    object.end();
    out
}

fn write_pause(object: &mut JsonObject<'_>, queue: &Queue) {
    object.text("paused_by", queue.paused_by.as_deref());
    object.time("paused_since", queue.paused_since);
    object.time("paused_until", queue.paused_until);
}
