//! What the audit keeps of a change: what was done to what, and what was before and after.

use serde_json::{Map, Value, json};

use crate::{
    Document, JobFacts, JobId, JobStatus, Node, NodeName, Queue, QueueName, Run, RunName, Timestamp, Token, TokenName,
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Create,
    /// Its values were changed.
    Update,
    /// A node was locked.
    Lock,
    /// A node was unlocked.
    Unlock,
    /// A queue was paused.
    Pause,
    /// The pause of a queue was ended.
    Unpause,
    /// It was deleted; runs and jobs are kept for a while.
    Delete,
    /// What was deleted is back.
    Restore,
    /// A token was taken back.
    Revoke,
    /// What somebody had written behind the service's back was put right.
    Correct,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Revoke => "revoke",
            Self::Correct => "correct",
        }
    }
}

/// To what it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is what it is called")]
pub enum Thing {
    Run(RunName),
    Job(RunName, JobId),
    Node(NodeName),
    Queue(QueueName),
    Token(TokenName),
}

impl Thing {
    /// Every kind that [`Self::kind`] says.
    pub const KINDS: [&str; 5] = ["run", "job", "node", "queue", "token"];

    /// What kind of thing it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Job(..) => "job",
            Self::Node(_) => "node",
            Self::Queue(_) => "queue",
            Self::Token(_) => "token",
        }
    }

    /// Its name; a job's is that of its run, a slash, and its id.
    pub fn name(&self) -> String {
        match self {
            Self::Run(name) => name.as_str().to_owned(),
            Self::Job(run, job_id) => format!("{run}/{job_id}"),
            Self::Node(name) => name.as_str().to_owned(),
            Self::Queue(name) => name.as_str().to_owned(),
            Self::Token(name) => name.as_str().to_owned(),
        }
    }
}

/// What the audit keeps of a change. Old and new values are objects of those that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What was done.
    pub action: Action,
    /// To what.
    pub thing: Thing,
    /// The values that it had; `None` of what is new.
    pub before: Option<Document>,
    /// The values that it has; `None` of what is gone.
    pub after: Option<Document>,
}

impl Deed {
    /// What became of a node; `None` if nothing did.
    ///
    /// ```
    /// use paddles_domain::{Action, Deed, Node, NodeName, NodePatch};
    ///
    /// let free = Node::new(NodeName::new("smithi001")?);
    /// let locked = NodePatch::lock("me", None).update(&free, "2020-01-02 03:04:05".parse()?)?;
    /// let deed = Deed::of_node(Some(&free), Some(&locked)).expect("a change");
    /// assert_eq!(deed.action, Action::Lock);
    /// assert_eq!(deed.after.unwrap().as_json(), r#"{"locked":true,"locked_by":"me"}"#);
    /// assert_eq!(Deed::of_node(Some(&free), Some(&free)), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_node(before: Option<&Node>, after: Option<&Node>) -> Option<Self> {
        let name = before.or(after)?.name.clone();
        let action = match (before, after) {
            (Some(before), Some(after)) if before.locked != after.locked => {
                if after.locked {
                    Action::Lock
                } else {
                    Action::Unlock
                }
            }
            (Some(_), Some(_)) => Action::Update,
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
        };
        Self::of_values(action, Thing::Node(name), before.map(node_values), after.map(node_values))
    }

    /// What became of a queue; `None` if nothing did.
    pub fn of_queue(before: Option<&Queue>, after: &Queue, now: Timestamp) -> Option<Self> {
        let action = match before {
            None => Action::Create,
            Some(_) if after.is_paused(now) => Action::Pause,
            Some(_) => Action::Unpause,
        };
        let thing = Thing::Queue(after.name.clone());
        Self::of_values(action, thing, before.map(queue_values), Some(queue_values(after)))
    }

    /// That the priority of a job was changed; its states are in its history. `None` if it was not.
    pub fn of_priority(run: &RunName, job_id: &JobId, before: Option<i32>, after: Option<i32>) -> Option<Self> {
        let values = |priority: Option<i32>| object(json!({ "priority": priority }));
        let thing = Thing::Job(run.clone(), job_id.clone());
        Self::of_values(Action::Update, thing, Some(values(before)), Some(values(after)))
    }

    /// That a run was made which has no jobs yet.
    pub fn of_new_run(run: &Run) -> Self {
        Self { action: Action::Create, thing: Thing::Run(run.name.clone()), before: None, after: None }
    }

    /// That a run was corrected, after others had written to it or its jobs behind the service's back; `None` if nothing changed.
    pub fn of_corrected_run(before: &Run, after: &Run) -> Option<Self> {
        let thing = Thing::Run(after.name.clone());
        Self::of_values(Action::Correct, thing, Some(run_values(before)), Some(run_values(after)))
    }

    /// That a job was linked to the nodes that its targets name; `None` if it was.
    pub fn of_linked_job(run: &RunName, job_id: &JobId, before: &[NodeName], after: &[NodeName]) -> Option<Self> {
        let values = |nodes: &[NodeName]| {
            let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
            object(json!({ "nodes": names }))
        };
        let thing = Thing::Job(run.clone(), job_id.clone());
        Self::of_values(Action::Correct, thing, Some(values(before)), Some(values(after)))
    }

    /// That several rows which claimed to be a job were made one.
    pub fn of_merged_job(run: &RunName, job_id: &JobId, rows: i64) -> Self {
        let values = |rows: i64| Document::from_stored(json!({ "rows": rows }).to_string());
        let thing = Thing::Job(run.clone(), job_id.clone());
        Self { action: Action::Correct, thing, before: values(rows), after: values(1) }
    }

    /// That a run was deleted with its jobs, or brought back.
    pub fn of_run(action: Action, run: &Run) -> Self {
        let values = json!({ "status": run.status.as_str(), "jobs": run.results.total() });
        Self::of_all(action, Thing::Run(run.name.clone()), &values)
    }

    /// That a job was deleted, or brought back.
    pub fn of_job(action: Action, run: &RunName, job_id: &JobId, facts: &JobFacts) -> Self {
        let values = json!({ "status": facts.status.as_str(), "priority": facts.priority });
        Self::of_all(action, Thing::Job(run.clone(), job_id.clone()), &values)
    }

    /// That a token was made.
    pub fn of_new_token(token: &Token) -> Self {
        let values = json!({ "role": token.role.as_str(), "expires": token.expires.map(|end| end.to_string()) });
        Self::of_all(Action::Create, Thing::Token(token.name.clone()), &values)
    }

    /// That a token was taken back.
    pub fn of_revoked_token(name: &TokenName) -> Self {
        Self { action: Action::Revoke, thing: Thing::Token(name.clone()), before: None, after: None }
    }

    fn of_all(action: Action, thing: Thing, values: &Value) -> Self {
        let values = Document::from_stored(values.to_string());
        let (before, after) = if action == Action::Delete { (values, None) } else { (None, values) };
        Self { action, thing, before, after }
    }

    fn of_values(
        action: Action,
        thing: Thing,
        mut before: Option<Map<String, Value>>,
        mut after: Option<Map<String, Value>>,
    ) -> Option<Self> {
        if let (Some(before), Some(after)) = (&mut before, &mut after) {
            before.retain(|key, old| after.get(key) != Some(old) || after.remove(key).is_none());
            if before.is_empty() && after.is_empty() {
                return None;
            }
        }
        let text = |values: Option<Map<String, Value>>| {
            values.and_then(|values| Document::from_stored(Value::Object(values).to_string()))
        };
        Some(Self { action, thing, before: text(before), after: text(after) })
    }
}

/// Since when a node is locked is told by the audit itself.
fn node_values(node: &Node) -> Map<String, Value> {
    object(json!({
        "description": node.description,
        "up": node.up,
        "machine_type": node.machine_type,
        "is_vm": node.is_vm,
        "vm_host": node.vm_host.as_ref().map(NodeName::as_str),
        "os_type": node.os_type,
        "os_version": node.os_version,
        "arch": node.arch,
        "locked": node.locked,
        "locked_by": node.locked_by,
        "mac_address": node.mac_address,
        "ssh_pub_key": node.ssh_pub_key,
    }))
}

fn run_values(run: &Run) -> Map<String, Value> {
    let results: Map<String, Value> = JobStatus::ALL
        .into_iter()
        .filter(|status| run.results.count(*status) > 0)
        .map(|status| (status.to_string(), run.results.count(status).into()))
        .collect();
    object(json!({
        "status": run.status.as_str(),
        "results": results,
        "first_job": run.first_job.as_ref().map(|first| first.job_id.as_str()),
        "user": run.user,
        "scheduled": run.scheduled.map(|time| time.to_string()),
        "suite": run.suite,
        "branch": run.branch,
        "machine_type": run.machine_type,
    }))
}

fn queue_values(queue: &Queue) -> Map<String, Value> {
    object(json!({
        "paused_by": queue.paused_by,
        "paused_until": queue.paused_until.map(|until| until.to_string()),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
