//! Records as lines of an archive. What is null is left out.

use std::collections::BTreeMap;

use paddles_domain::{JobKey, Node, NodeName, Queue, Run, Value};
use paddles_repository::PlacedJob;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::AS_TEXT;

/// A run as a line.
pub(crate) struct RunLine<'a>(pub(crate) &'a Run);

impl Serialize for RunLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let run = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", run.name.as_str())?;
        let texts =
            [("user", &run.user), ("suite", &run.suite), ("branch", &run.branch), ("machine_type", &run.machine_type)];
        for (key, text) in texts {
            entry(&mut map, key, text.as_ref())?;
        }
        let times =
            [("scheduled", run.scheduled), ("posted", run.posted), ("started", run.started), ("updated", run.updated)];
        for (key, time) in times {
            entry(&mut map, key, time.map(|time| time.to_string()))?;
        }
        map.end()
    }
}

/// A job as a line, with its run and where it ran.
pub(crate) struct JobLine<'a>(pub(crate) &'a PlacedJob);

impl Serialize for JobLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PlacedJob { job, nodes } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("run", job.run.as_str())?;
        map.serialize_entry("job_id", job.job_id.as_str())?;
        map.serialize_entry("status", job.status.as_str())?;
        for (key, time) in [("posted", job.posted), ("started", job.started), ("updated", job.updated)] {
            entry(&mut map, key, time.map(|time| time.to_string()))?;
        }
        let mut as_text: BTreeMap<&str, &str> = BTreeMap::new();
        for key in JobKey::all() {
            let name = key.name();
            match job.values.get(key) {
                None => {}
                Some(Value::Text(text)) => map.serialize_entry(name, text)?,
                Some(Value::Integer(number)) => map.serialize_entry(name, number)?,
                Some(Value::Boolean(truth)) => map.serialize_entry(name, truth)?,
                Some(Value::Time(time)) => map.serialize_entry(name, &time.to_string())?,
                Some(Value::Document(document)) => match one_line(document.as_json()) {
                    Some(json) => map.serialize_entry(name, json)?,
                    None => drop(as_text.insert(name, document.as_json())),
                },
            }
        }
        if !as_text.is_empty() {
            map.serialize_entry(AS_TEXT, &as_text)?;
        }
        if !nodes.is_empty() {
            map.serialize_entry("nodes", &nodes.iter().map(NodeName::as_str).collect::<Vec<_>>())?;
        }
        map.end()
    }
}

/// A document that can stand in a line as it is, and comes back so.
fn one_line(document: &str) -> Option<&RawValue> {
    if document.contains(['\n', '\r']) {
        return None;
    }
    let json: &RawValue = serde_json::from_str(document).ok()?;
    (json.get() == document).then_some(json)
}

/// A node as a line, its host by name.
pub(crate) struct NodeLine<'a>(pub(crate) &'a Node);

impl Serialize for NodeLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let node = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", node.name.as_str())?;
        map.serialize_entry("is_vm", &node.is_vm)?;
        map.serialize_entry("locked", &node.locked)?;
        entry(&mut map, "up", node.up)?;
        entry(&mut map, "vm_host", node.vm_host.as_ref().map(NodeName::as_str))?;
        entry(&mut map, "locked_since", node.locked_since.map(|time| time.to_string()))?;
        let texts = [
            ("description", &node.description),
            ("machine_type", &node.machine_type),
            ("os_type", &node.os_type),
            ("os_version", &node.os_version),
            ("arch", &node.arch),
            ("locked_by", &node.locked_by),
            ("mac_address", &node.mac_address),
            ("ssh_pub_key", &node.ssh_pub_key),
        ];
        for (key, text) in texts {
            entry(&mut map, key, text.as_ref())?;
        }
        map.end()
    }
}

/// A queue as a line.
pub(crate) struct QueueLine<'a>(pub(crate) &'a Queue);

impl Serialize for QueueLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let queue = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("queue", queue.name.as_str())?;
        entry(&mut map, "paused_by", queue.paused_by.as_ref())?;
        entry(&mut map, "paused_since", queue.paused_since.map(|time| time.to_string()))?;
        entry(&mut map, "pause_duration", queue.pause_duration)?;
        entry(&mut map, "paused_until", queue.paused_until.map(|time| time.to_string()))?;
        map.end()
    }
}

fn entry<M: SerializeMap>(map: &mut M, key: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}
