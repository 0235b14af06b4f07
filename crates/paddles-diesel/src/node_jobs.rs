//! Which jobs ran on which nodes.

use diesel::sql_types::{Integer, Text};
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
use paddles_domain::{Document, JobKey, NodeName, Value};
use paddles_repository::RecordId;

use crate::claim::share_nodes;
use crate::connection::AnyConnection;
use crate::statement::{Bind, Statement, question_marks};

/// Links a job to the nodes that its report names as targets, which are created if they are unknown. A report without
/// targets, or with none, leaves the links: where a job ran stays true when its machines are given back.
pub(crate) fn follow_targets(
    connection: &mut AnyConnection,
    job: RecordId,
    values: &[(JobKey, Option<Value>)],
    is_new: bool,
) -> QueryResult<()> {
    let Some(targets) = document(values, JobKey::Targets) else { return Ok(()) };
    let wanted = paddles_domain::target_nodes(targets);
    let linked = if is_new { Vec::new() } else { linked_nodes(connection, job)? };
    if wanted.is_empty() || wanted == linked {
        return Ok(());
    }
    for node in &wanted {
        let machine_type = text(values, JobKey::MachineType);
        Statement::new(
            "INSERT INTO nodes (name, machine_type, is_vm, locked) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
        )
        .bind(node.as_str())
        .bind(machine_type)
        .bind(Bind::Boolean(Some(false)))
        .bind(Bind::Boolean(Some(false)))
        .run(connection)?;
    }
    if !linked.is_empty() {
        Statement::new("DELETE FROM job_nodes WHERE job_id = ?").bind(job.0).run(connection)?;
    }
    let sql = format!(
        "INSERT INTO job_nodes (node_id, job_id) SELECT id, {} FROM nodes WHERE name IN ({}) ORDER BY name{}",
        job.0,
        question_marks(wanted.len()),
        share_nodes(connection)
    );
    Statement::unprepared(sql).binds(wanted.iter().map(|node| node.as_str().into())).run(connection)?;
    Ok(())
}

fn linked_nodes(connection: &mut AnyConnection, job: RecordId) -> QueryResult<Vec<NodeName>> {
    let sql = "SELECT nodes.name FROM job_nodes JOIN nodes ON nodes.id = job_nodes.node_id WHERE job_nodes.job_id = ?";
    let rows: Vec<NameRow> = Statement::new(sql).bind(job.0).load(connection)?;
    let mut nodes: Vec<NodeName> = rows.into_iter().map(|row| NodeName::from_stored(row.name)).collect();
    nodes.sort();
    Ok(nodes)
}

fn document(values: &[(JobKey, Option<Value>)], key: JobKey) -> Option<&Document> {
    values.iter().find_map(|(known, value)| match value {
        Some(Value::Document(document)) if *known == key => Some(document),
        _ => None,
    })
}

fn text(values: &[(JobKey, Option<Value>)], key: JobKey) -> Option<String> {
    values.iter().find_map(|(known, value)| match value {
        Some(Value::Text(text)) if *known == key => Some(text.clone()),
        _ => None,
    })
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A row of job numbers.
#[derive(QueryableByName)]
pub(crate) struct JobNumber {
    #[diesel(sql_type = Integer)]
    pub(crate) job: i32,
}
