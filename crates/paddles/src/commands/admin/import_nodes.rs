//! `paddles admin import-nodes`.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use clap::Args;
use paddles_domain::{NodeName, NodePatch};
use paddles_repository::{NodeCreated, NodeRepository, NodeUpdated};
use serde_json::json;
use serde_json::value::RawValue;

use super::confirm::Confirm;
use super::output::Output;
use super::{AdminError, act};
use crate::commands::serve;
use crate::settings::Settings;

/// Keys of nodes that are there change by the rules of a request; keys that are not given stay. Locks change by
/// locking, not here.
#[derive(Debug, Args)]
pub(crate) struct ImportNodes {
    /// The file, with nodes as `GET /nodes/` shows them or as teuthology's inventory has them
    file: PathBuf,
    #[command(flatten)]
    confirm: Confirm,
}

/// A node of the file.
struct Entry {
    number: usize,
    name: NodeName,
    patch: NodePatch,
}

impl ImportNodes {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let nodes = self.check(&lab, self.read()?)?;
        self.confirm.ask(&format!("{} nodes are created or updated", nodes.len()))?;
        let be = self.confirm.tell("", "would be ");
        let (mut created, mut updated) = (0_u64, 0_u64);
        for Entry { number, name, patch } in nodes {
            let refuse = |reason: String| self.bad(number, reason);
            let is_known = lab.node_get(&name)?.is_some();
            let (count, done) = if is_known { (&mut updated, "updated") } else { (&mut created, "created") };
            *count += 1;
            if !self.confirm.dry_run {
                store(&lab, (&name, patch), is_known)?.map_err(refuse)?;
            }
            output.thing(&json!({ "node": name.as_str(), "is_new": !is_known }), || format!("{name} {be}{done}"));
        }
        output.sum_up(&format!("{created} nodes {be}created, {updated} {be}updated"));
        Ok(())
    }

    fn bad(&self, number: usize, reason: String) -> AdminError {
        AdminError::BadNode { file: self.file.clone(), number, reason }
    }

    /// The nodes in an order in which the lab takes them, if it takes them all: of a file with one that it does not, none is stored.
    fn check(&self, lab: &dyn NodeRepository, nodes: Vec<Entry>) -> Result<Vec<Entry>, AdminError> {
        let in_file: HashSet<NodeName> = nodes.iter().map(|entry| entry.name.clone()).collect();
        let (nodes, rings) = hosts_first(nodes);
        if let Some(Entry { number, .. }) = rings.first() {
            return Err(self.bad(*number, ON_ITSELF.to_owned()));
        }
        for Entry { number, name, patch } in &nodes {
            if let Some(Some(host)) = &patch.vm_host
                && !in_file.contains(host)
                && lab.node_get(host)?.is_none()
            {
                return Err(self.bad(*number, NO_HOST.to_owned()));
            }
            let now = act().when;
            let refused = match lab.node_get(name)? {
                Some(known) => without_lock(patch.clone()).update(&known.node, now).err(),
                None => patch.clone().create(name.clone(), now).err(),
            };
            if let Some(refused) = refused {
                return Err(self.bad(*number, refused.to_string()));
            }
        }
        Ok(nodes)
    }

    /// Every node of the file, with its number: all are read before one is stored.
    fn read(&self) -> Result<Vec<Entry>, AdminError> {
        let text =
            fs::read_to_string(&self.file).map_err(|source| AdminError::Read { file: self.file.clone(), source })?;
        let refuse = |number: usize, reason: String| self.bad(number, reason);
        let documents: Vec<&RawValue> = if text.trim_start().starts_with('[') {
            serde_json::from_str(&text).map_err(|error| refuse(1, error.to_string()))?
        } else {
            let lines = text.lines().filter(|line| !line.trim().is_empty()).enumerate();
            lines
                .map(|(place, line)| serde_json::from_str(line).map_err(|error| refuse(place + 1, error.to_string())))
                .collect::<Result<_, _>>()?
        };
        let read = |(place, json): (usize, &&RawValue)| {
            let (name, patch) = read_node(json).map_err(|reason| refuse(place + 1, reason))?;
            Ok(Entry { number: place + 1, name, patch })
        };
        documents.iter().enumerate().map(read).collect()
    }
}

const NO_HOST: &str = "its vm_host is no node";
const ON_ITSELF: &str = "its vm_host is itself, or runs on it";

/// Hosts before their guests; and those that run on themselves, straight or by others.
fn hosts_first(mut nodes: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let mut ordered = Vec::new();
    loop {
        let waiting: HashSet<NodeName> = nodes.iter().map(|entry| entry.name.clone()).collect();
        let runs_on_one = |entry: &Entry| matches!(&entry.patch.vm_host, Some(Some(host)) if waiting.contains(host));
        let (guests, hosts): (Vec<_>, Vec<_>) = nodes.into_iter().partition(runs_on_one);
        if hosts.is_empty() {
            return (ordered, guests);
        }
        ordered.extend(hosts);
        nodes = guests;
    }
}

/// Nodes that are there are locked by locking them.
fn without_lock(patch: NodePatch) -> NodePatch {
    NodePatch { locked: None, locked_by: None, ..patch }
}

/// Creates a node, or changes the one that is there; says why not where it is refused.
fn store(
    lab: &dyn NodeRepository,
    (name, patch): (&NodeName, NodePatch),
    is_known: bool,
) -> Result<Result<(), String>, AdminError> {
    if !is_known {
        match lab.node_create(name, &patch, &act())? {
            NodeCreated::Created => return Ok(Ok(())),
            NodeCreated::UnknownHost => return Ok(Err(NO_HOST.to_owned())),
            NodeCreated::Refused(refused) => return Ok(Err(refused.to_string())),
            NodeCreated::AlreadyExists => {}
        }
    }
    Ok(match lab.node_update(name, &without_lock(patch), &act())? {
        NodeUpdated::Updated(_) | NodeUpdated::NotFound => Ok(()),
        NodeUpdated::UnknownHost => Err(NO_HOST.to_owned()),
        NodeUpdated::HostRing => Err(ON_ITSELF.to_owned()),
        NodeUpdated::Refused(refused) => Err(refused.to_string()),
    })
}

fn read_node(json: &RawValue) -> Result<(NodeName, NodePatch), String> {
    let mut members: HashMap<String, Box<RawValue>> =
        serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
    // Servers show the whole host.
    if let Some(host) = members.get("vm_host").filter(|host| host.get().starts_with('{')) {
        let host: HashMap<String, Box<RawValue>> =
            serde_json::from_str(host.get()).map_err(|error| error.to_string())?;
        let name = host.get("name").cloned().ok_or("its vm_host has no name")?;
        members.insert("vm_host".to_owned(), name);
    }
    let name: Option<String> = members.get("name").and_then(|name| serde_json::from_str(name.get()).ok());
    let name = NodeName::of_new(name.unwrap_or_default()).map_err(|error| error.to_string())?;
    let fields = members.iter().map(|(key, json)| (key.as_str(), &**json));
    Ok((name, NodePatch::read(fields).map_err(|error| error.to_string())?))
}
