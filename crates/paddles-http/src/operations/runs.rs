//! Runs, and the filters that select them.

use crate::openapi::{Operation, Parameter, any_text, array_of, named, nothing, run_name};
use serde_json::{Value, json};

/// What a list of runs shows: whole documents, some fields, or links and counts.
fn list_of_runs() -> Value {
    json!({ "anyOf": [array_of(&named("Run")), array_of(&named("RunPart")), named("RunSummaries")] })
}

const RUNS_IN_A_PAGE: &str = "How many runs; the service's settings say without it";

pub(crate) fn list() -> Operation {
    Operation::new("run_list", "Runs, newest posted first")
        .query(Parameter::history(RUNS_IN_A_PAGE))
        .query(Parameter::run_shape())
        .answers(list_of_runs())
        .links_to_next()
}

pub(crate) fn create() -> Operation {
    Operation::new("run_create", "A new run")
        .details("Hardly needed: the first job makes its run. Refused if there is one of this name.")
        .repeatable()
        .body(run_name())
        .answers(nothing())
}

pub(crate) fn get() -> Operation {
    Operation::new("run_get", "A run with its whole jobs, by their id as text")
        .query([Parameter::view()])
        .answers(json!({ "anyOf": [named("RunWithJobs"), named("RunSummaries")] }))
        .refuses(&[404])
}

pub(crate) fn delete() -> Operation {
    Operation::new("run_delete", "Deletes a run and its jobs").answers(nothing()).refuses(&[404])
}

pub(crate) fn queued() -> Operation {
    Operation::new("run_queued", "The runs that have a queued job, earliest scheduled first")
        .query([Parameter::count("How many runs; all without it"), Parameter::page()])
        .query(Parameter::run_shape())
        .answers(list_of_runs())
}

/// The distinct values of a part of runs.
pub(crate) fn values(id: &'static str) -> Operation {
    filtered(id, "The distinct values among runs, sorted").answers(array_of(&any_text()))
}

/// The runs that a filter selects.
pub(crate) fn selected(id: &'static str) -> Operation {
    filtered(id, "The selected runs, newest scheduled first")
        .details(
            "Filters nest behind each other in any order and depth (`/runs/branch/B/suite/S/status/pass/`); a word at the \
             end lists its values among the runs selected so far.",
        )
        .query([Parameter::day("since", "Scheduled after the beginning of this day")])
        .answers(list_of_runs())
        .links_to_next()
}

fn filtered(id: &'static str, summary: &'static str) -> Operation {
    Operation::new(id, summary)
        .query(Parameter::history(RUNS_IN_A_PAGE))
        .query(Parameter::run_shape())
        .refuses(&[400, 404])
}
