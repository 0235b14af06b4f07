//! Which jobs ran on which nodes.

use std::collections::BTreeMap;

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Deed, Document, JobId, JobKey, NodeName, RunName, Value};
use paddles_repository::{RecordId, Relinked};

use crate::audit;
use crate::cells::{Cells, FromCells, there};
use crate::claim::{KeptJob, is_one_of, lock_job, share_nodes};
use crate::connection::{AnyConnection, Backend};
use crate::node_days::{Counted, Counts};
use crate::statement::{Bind, Statement, question_marks, run_together};

/// Links a job to the nodes that its report names as targets, which are created if they are unknown, and says how it counts on
/// its nodes from now on. A report without targets, or with none, leaves the links: where a job ran stays true when its
/// machines are given back.
pub(crate) fn follow(
    connection: &mut AnyConnection,
    job: RecordId,
    (before, after): (Option<&Counted>, &Counted),
    values: &[(JobKey, Option<Value>)],
) -> QueryResult<Counts> {
    let mut wanted = document(values, JobKey::Targets).map(paddles_domain::target_nodes).unwrap_or_default();
    wanted.sort();
    let mut counts = Counts::default();
    if wanted.is_empty() && before == Some(after) {
        return Ok(counts);
    }
    // A new job has no links yet.
    let linked = if before.is_some() { linked_nodes(connection, job)? } else { Linked::default() };
    let keeps = wanted.is_empty() || wanted == linked.names;
    let now = if keeps { None } else { Some(link(connection, job, &linked, &wanted, values)?) };
    if let Some(before) = before {
        counts.add(&linked.numbers, before, -1);
    }
    counts.add(now.as_ref().unwrap_or(&linked.numbers), after, 1);
    Ok(counts)
}

/// Links a job to the nodes that its stored targets name, where there is an act and they name any. Says to which it was linked and
/// to which it should be.
pub(crate) fn link_again(
    connection: &mut AnyConnection,
    run: &RunName,
    job_id: &JobId,
    act: Option<&Act>,
) -> QueryResult<Option<Relinked>> {
    let Some(KeptJob { run, job: row }) = lock_job(connection, run, job_id)? else { return Ok(None) };
    let (job, counted) = (row.number(), row.counted());
    let before = linked_nodes(connection, job)?.names;
    let stored = Statement::new("SELECT machine_type, targets FROM jobs WHERE id = ?").bind(job.0);
    let Some(TargetsRow { machine_type, targets }) = stored.row(connection)? else { return Ok(None) };
    let after = targets.as_ref().map(paddles_domain::target_nodes).unwrap_or_default();
    if after.is_empty() || after == before {
        return Ok(Some(Relinked { after: before.clone(), before }));
    }
    if let Some(act) = act {
        let told =
            [(JobKey::MachineType, machine_type.map(Value::Text)), (JobKey::Targets, targets.map(Value::Document))];
        let counts = follow(connection, job, (Some(&counted), &counted), &told)?;
        let mut writes = counts.write();
        writes.extend(audit::keep(act, Deed::of_linked_job(&run.record.name, job_id, &before, &after)));
        run_together(connection, writes)?;
    }
    Ok(Some(Relinked { before, after }))
}

/// What a job says of its machines.
struct TargetsRow {
    machine_type: Option<String>,
    targets: Option<Document>,
}

impl FromCells for TargetsRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { machine_type: cells.text()?, targets: cells.text()?.and_then(Document::from_stored) })
    }
}

/// Those of these jobs that are linked to a node.
pub(crate) fn linked_of(connection: &mut AnyConnection, jobs: &[i32]) -> QueryResult<Vec<RecordId>> {
    let (is_one_of, numbers) = is_one_of(connection, jobs);
    let sql = format!("SELECT DISTINCT job_id FROM job_nodes WHERE job_id {is_one_of}");
    Statement::new(sql).bind(numbers).rows(connection)
}

/// Forgets where a job ran, and says how it no longer counts there.
pub(crate) fn forget(connection: &mut AnyConnection, job: RecordId, gone: &Counted) -> QueryResult<Counts> {
    let linked = linked_nodes(connection, job)?;
    Statement::new(UNLINK).bind(job.0).run(connection)?;
    let mut counts = Counts::default();
    counts.add(&linked.numbers, gone, -1);
    Ok(counts)
}

pub(crate) const UNLINK: &str = "DELETE FROM job_nodes WHERE job_id = ?";

/// Replaces the nodes of a job by those of these names; gives their numbers. Nodes that are created are of the machine type that
/// this report names, if it does.
fn link(
    connection: &mut AnyConnection,
    job: RecordId,
    linked: &Linked,
    wanted: &[NodeName],
    values: &[(JobKey, Option<Value>)],
) -> QueryResult<Vec<i32>> {
    let machine_type = machine_type(values);
    for node in wanted {
        create_node(node, machine_type.map(str::to_owned)).run(connection)?;
    }
    if !linked.numbers.is_empty() {
        Statement::new(UNLINK).bind(job.0).run(connection)?;
    }
    let lock = share_nodes(connection);
    let sql =
        format!("SELECT id, name FROM nodes WHERE name IN ({}) ORDER BY name{lock}", question_marks(wanted.len()));
    let nodes: Vec<NodeRow> =
        Statement::varied(sql).binds(wanted.iter().map(|node| node.as_str().into())).rows(connection)?;
    let numbers: Vec<i32> = nodes.iter().map(|node| node.id).collect();
    if !numbers.is_empty() {
        let values = vec!["(?, ?)"; numbers.len()].join(", ");
        let sql = format!("INSERT INTO job_nodes (node_id, job_id) VALUES {values}");
        let binds = numbers.iter().flat_map(|node| [Bind::from(*node), Bind::from(job.0)]);
        Statement::varied(sql).binds(binds).run(connection)?;
    }
    Ok(numbers)
}

/// Stores a node of which its name and type are known; touches no row if its name is taken.
pub(crate) fn create_node(name: &NodeName, machine_type: Option<String>) -> Statement {
    let sql = "INSERT INTO nodes (name, machine_type, is_vm, locked) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING";
    let no = Bind::Boolean(Some(false));
    Statement::new(sql).bind(name.as_str()).bind(machine_type).bind(no.clone()).bind(no)
}

/// Takes the nodes that several new jobs name as targets, before any of them is linked, in the one order in which everybody
/// takes nodes; unknown ones are created.
pub(crate) fn take_all<'a>(
    connection: &mut AnyConnection,
    jobs: impl Iterator<Item = &'a [(JobKey, Option<Value>)]>,
) -> QueryResult<()> {
    let mut wanted: BTreeMap<NodeName, Option<&str>> = BTreeMap::new();
    for values in jobs {
        for node in document(values, JobKey::Targets).map(paddles_domain::target_nodes).unwrap_or_default() {
            wanted.entry(node).or_insert_with(|| machine_type(values));
        }
    }
    let lock = share_nodes(connection);
    let take = format!("SELECT id, name FROM nodes WHERE name = ?{lock}");
    for (node, machine_type) in wanted {
        create_node(&node, machine_type.map(str::to_owned)).run(connection)?;
        let _: Option<NodeRow> = Statement::new(take.clone()).bind(node.as_str()).row(connection)?;
    }
    Ok(())
}

fn machine_type(values: &[(JobKey, Option<Value>)]) -> Option<&str> {
    values.iter().find_map(|(key, value)| match value {
        Some(Value::Text(name)) if *key == JobKey::MachineType => Some(name.as_str()),
        _ => None,
    })
}

/// The nodes of a job, by name.
#[derive(Debug, Default)]
struct Linked {
    names: Vec<NodeName>,
    numbers: Vec<i32>,
}

/// They cannot be deleted until the transaction ends: counts are about to refer to them.
fn linked_nodes(connection: &mut AnyConnection, job: RecordId) -> QueryResult<Linked> {
    let lock = share_nodes(connection);
    let sql = format!(
        "SELECT nodes.id, nodes.name FROM job_nodes JOIN nodes ON nodes.id = job_nodes.node_id \
         WHERE job_nodes.job_id = ? ORDER BY nodes.name{lock}"
    );
    let mut rows: Vec<NodeRow> = Statement::new(sql).bind(job.0).rows(connection)?;
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Linked {
        numbers: rows.iter().map(|row| row.id).collect(),
        names: rows.into_iter().map(|row| NodeName::from_stored(row.name)).collect(),
    })
}

fn document(values: &[(JobKey, Option<Value>)], key: JobKey) -> Option<&Document> {
    values.iter().find_map(|(known, value)| match value {
        Some(Value::Document(document)) if *known == key => Some(document),
        _ => None,
    })
}

/// A node's number and name.
struct NodeRow {
    id: i32,
    name: String,
}

impl FromCells for NodeRow {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        let RecordId(id) = cells.id()?;
        Ok(Self { id, name: there(cells.text()?)? })
    }
}
