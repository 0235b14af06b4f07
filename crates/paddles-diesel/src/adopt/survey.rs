//! What a look has found, for people.

use std::time::Duration;

use super::difference::{Difference, What};
use super::look::Look;
use super::lost_deletions::ARE_LOST;
use super::plan::Planned;
use crate::DatabaseUrl;

/// What is there, what is wrong with it, and what adopting it would do.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The address, without its password.
    pub database: String,
    /// What it is: Postgres with its version, or SQLite.
    pub server: String,
    /// Another paddles made the tables.
    pub is_foreign: bool,
    /// What there is: tables with their sizes.
    pub tables: Vec<String>,
    /// Where tables differ from what this service declares.
    pub differences: Vec<String>,
    /// What is odd in the rows, in figures.
    pub figures: Vec<String>,
    /// What has to be put right by hand first.
    pub blockers: Vec<String>,
    /// What adopting it does: nothing if all is well.
    pub steps: Vec<PlannedStep>,
    /// How long all steps take together.
    pub estimate: Duration,
}

/// A step of an adoption, not yet taken.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// What it does.
    pub what: String,
    /// The rows that it goes through, if it goes through rows.
    pub rows: Option<u64>,
    /// How long it may take.
    pub estimate: Duration,
}

impl Survey {
    pub(super) fn new(url: &DatabaseUrl, look: &Look, planned: &[Planned]) -> Self {
        let tables = look.tables.iter().map(|size| {
            format!(
                "{}: {} rows, {} MB and {} MB of indexes",
                size.name,
                size.rows,
                size.bytes / 1_000_000,
                size.index_bytes / 1_000_000
            )
        });
        Self {
            database: url.to_string(),
            server: format!("Postgres {}", look.server),
            is_foreign: look.is_foreign,
            tables: tables.collect(),
            differences: summed_up(&look.differences),
            figures: figures(look),
            blockers: look.blockers.clone(),
            steps: planned
                .iter()
                .map(|planned| PlannedStep {
                    what: planned.step.to_string(),
                    rows: planned.rows,
                    estimate: planned.estimate,
                })
                .collect(),
            estimate: planned.iter().map(|planned| planned.estimate).sum(),
        }
    }
}

/// A line for each difference, but one for what a table has many of.
pub(crate) fn summed_up(differences: &[Difference]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut tables: Vec<&str> = differences.iter().map(|difference| difference.table.as_str()).collect();
    tables.dedup();
    for table in tables {
        let (mut narrow, mut missing, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
        for difference in differences.iter().filter(|difference| difference.table == table) {
            match &difference.what {
                What::NoOption(_) => {}
                What::NoColumn(column) => missing.push(column.name.clone()),
                What::Narrow(column) if column.view.is_none() => {
                    narrow.push(format!("{} {}", column.name, column.type_name.replace("character varying", "")));
                }
                What::ForeignIndex(index) => foreign.push(index.name.clone()),
                _ => lines.push(difference.to_string()),
            }
        }
        for (what, names) in [
            ("columns are missing", missing),
            ("columns have a width, and longer text is refused", narrow),
            ("indexes are of no use to this service, and stay", foreign),
        ] {
            if !names.is_empty() {
                lines.push(format!("{table}: {} {what}: {}", names.len(), names.join(", ")));
            }
        }
    }
    lines
}

/// What is odd in the rows.
pub(crate) fn figures(look: &Look) -> Vec<String> {
    let jobs = &look.jobs;
    let mut figures = Vec::new();
    let mut say = |count: i64, what: &str| {
        if count > 0 {
            figures.push(format!("{count} {what}"));
        }
    };
    say(jobs.duplicated, &format!("jobs have several rows, {} more than they should", jobs.superfluous));
    say(jobs.without_run, "jobs belong to no run: they stay, and no list shows them");
    say(jobs.of_absent_run, "jobs belong to a run that is not there: they stay, and no list shows them");
    say(jobs.without_id, "jobs have no job_id, or one with a slash: they stay and are counted, but no URL names them");
    say(look.loose_links, "links between jobs and nodes lead nowhere: they stay");
    say(
        i64::try_from(look.wrong_statuses).unwrap_or(i64::MAX),
        "runs have a status that does not follow from their jobs",
    );
    say(jobs.null_texts, "documents are the text null, which counts as none: they stay");
    for (status, count) in &look.strange_statuses {
        let which = status.as_ref().map_or("no status".to_owned(), |status| format!("the status {status:?}"));
        say(*count, &format!("jobs have {which}, which counts as unknown: they stay"));
    }
    say(look.lost_deletions, ARE_LOST);
    for table in &look.referring {
        figures.push(format!(
            "the table {table} refers to jobs: what refers to a row that goes will refer to the one that stays"
        ));
    }
    for (sequence, _) in &look.sequences {
        figures.push(format!("the sequence {sequence} is behind its table: new rows would be refused"));
    }
    if let Some(drift) = look.drift {
        let drifted = drift.figures().into_iter().filter(|(count, _)| *count > 0);
        figures.extend(drifted.map(|(count, what)| format!("{count} {what}")));
    }
    if look.watch_is_on {
        figures.push(format!("writes of the older service are noted: {} runs and days to count again", look.noted));
    }
    figures
}
