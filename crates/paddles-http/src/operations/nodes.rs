//! Nodes, their locks, and the jobs that ran there.

use super::jobs::{list_of_jobs, of_status};
use crate::openapi::{
    Operation, Parameter, any_text, array_of, lock_wish, named, names_to_unlock, new_node, node_patch, nothing,
    whole_number,
};

pub(crate) fn list() -> Operation {
    Operation::new("node_list", "Nodes, by name")
        .query([
            Parameter::text("machine_type", "Only nodes of these types, joined by bars"),
            Parameter::text("os_type", "Only nodes with this operating system"),
            Parameter::text("os_version", "Only nodes with this version of it"),
            Parameter::text("arch", "Only nodes of this processor architecture"),
            Parameter::text("locked_by", "Only nodes that this owner has"),
            Parameter::truth("locked", "Only nodes that are locked, or not"),
            Parameter::truth("up", "Only nodes that are up, or down"),
            Parameter::new("count", "How many nodes; all without it", whole_number(0)).never_empty(),
        ])
        .answers(array_of(&named("Node")))
}

pub(crate) fn create() -> Operation {
    Operation::new("node_create", "A new node").repeatable().body(new_node()).answers(nothing())
}

pub(crate) fn get() -> Operation {
    Operation::new("node_get", "A whole node").answers(named("Node")).refuses(&[404])
}

pub(crate) fn update() -> Operation {
    Operation::new("node_update", "Changes the keys of a node that are sent, if the lock rules let it")
        .body(node_patch())
        .answers(nothing())
        .refuses(&[403, 404])
}

pub(crate) fn delete() -> Operation {
    Operation::new("node_delete", "Deletes a node; its jobs stay").answers(nothing()).refuses(&[404])
}

pub(crate) fn machine_types() -> Operation {
    Operation::new("node_machine_types", "The types of all nodes").answers(array_of(&any_text()))
}

/// By PUT as by POST.
pub(crate) fn lock(id: &'static str) -> Operation {
    Operation::new(id, "Locks or unlocks a node")
        .details(
            "`locked` says which, `locked_by` for whom. Only who has a node unlocks it, and a `description` that comes \
             with it must be the stored one.",
        )
        .body(node_patch())
        .answers(named("Lock"))
        .refuses(&[403, 404])
}

pub(crate) fn lock_many() -> Operation {
    Operation::new("node_lock_many", "Locks as many free nodes as asked for, the first by name, or none")
        .repeatable()
        .body(lock_wish())
        .answers(array_of(&named("Node")))
        .refuses(&[403])
}

pub(crate) fn unlock_many() -> Operation {
    Operation::new("node_unlock_many", "Unlocks nodes of one owner, all or none")
        .body(names_to_unlock())
        .answers(array_of(&named("Lock")))
        .refuses(&[403])
}

pub(crate) fn jobs() -> Operation {
    Operation::new("node_jobs", "The jobs that ran on a node, newest first")
        .query([
            Parameter::count("How many jobs; without it and `page`, all"),
            Parameter::page(),
            Parameter::job_fields(),
            of_status(),
            Parameter::text("name", "Only jobs of this name, mostly that of their run"),
        ])
        .answers(list_of_jobs())
        .refuses(&[404])
}

pub(crate) fn job_stats_of_node() -> Operation {
    Operation::new("node_job_stats", "How many jobs of a node are in each state")
        .answers(named("JobCounts"))
        .refuses(&[404])
}

pub(crate) fn job_stats() -> Operation {
    Operation::new("node_job_stats_all", "How the jobs of each node stand that were posted in the last days")
        .query([
            Parameter::new("since_days", "How many days; 14 without it", whole_number(1)),
            Parameter::text("machine_type", "Only jobs that asked for this type"),
        ])
        .answers(named("JobCountsByNode"))
}
