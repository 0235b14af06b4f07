//! Whether a database is as this service needs it: tables and indexes as declared, counts as a recount would have them, and a
//! server that keeps what it acknowledged. Only looks.

mod bloat;
mod server;
mod sqlite;
mod upkeep;

use std::fmt;

use crate::DatabaseUrl;
use crate::adopt::AdoptError;
use crate::adopt::declared::migrations;
use crate::adopt::difference::{Difference, What};
use crate::adopt::look::{Look, look};
use crate::adopt::lost_deletions::ARE_LOST;
use crate::adopt::plan::is_mended;
use crate::adopt::session::Session;
use crate::adopt::summed_up;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is wrong, and somebody should put it right.
    Problem,
    /// Worth knowing, and nothing is wrong.
    Note,
}

/// The word for it.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Problem => "problem",
            Self::Note => "note",
        })
    }
}

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: `tables`, `rows`, `counts`, `migrations`, `upkeep`, `settings`.
    pub about: &'static str,
    /// The finding, in a sentence.
    pub what: String,
}

impl Finding {
    fn problem(about: &'static str, what: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, about, what: what.into() }
    }

    fn note(about: &'static str, what: impl Into<String>) -> Self {
        Self { severity: Severity::Note, about, what: what.into() }
    }
}

/// Examines the database at `url`. With `counts` it also compares what is counted with the jobs, which reads all of them
/// several times. Problems come first.
pub fn examine(url: &DatabaseUrl, counts: bool) -> Result<Vec<Finding>, AdoptError> {
    let mut findings = match url {
        DatabaseUrl::Postgres(_) => postgres(url, counts)?,
        DatabaseUrl::Sqlite(file) => sqlite::examine(url, file, counts)?,
    };
    findings.sort_by_key(|finding| finding.severity);
    Ok(findings)
}

fn postgres(url: &DatabaseUrl, counts: bool) -> Result<Vec<Finding>, AdoptError> {
    let mut session = Session::open(url)?;
    let mut findings = server::settings(&mut session)?;
    let found = look(&mut session, counts)?;
    if found.is_foreign {
        let adopt = "another paddles made the tables: `paddles adopt --check` says what taking them over does";
        findings.push(Finding::problem("migrations", adopt));
    } else {
        let listed = crate::adopt::declared::listed(&mut session)?;
        let pending: Vec<String> =
            migrations().into_iter().map(|(version, _)| version).filter(|version| !listed.contains(version)).collect();
        if !pending.is_empty() {
            findings.push(Finding::problem(
                "migrations",
                format!("have not run: {}: `paddles migrate` runs them", pending.join(", ")),
            ));
        }
    }
    if found.is_under_way {
        findings.push(Finding::problem("migrations", "an adoption has begun and not ended: run `paddles adopt` again"));
    }
    let (harmless, wrong): (Vec<Difference>, Vec<Difference>) =
        found.differences.iter().cloned().partition(|difference| is_harmless(&found, difference));
    let (mended, by_hand): (Vec<Difference>, Vec<Difference>) =
        wrong.iter().cloned().partition(|difference| is_mended(&found, difference));
    let mended = summed_up(&mended).into_iter().map(|what| format!("{what}: `paddles adopt` mends it"));
    findings.extend(mended.chain(summed_up(&by_hand)).map(|what| Finding::problem("tables", what)));
    findings.extend(summed_up(&harmless).into_iter().map(|what| Finding::note("tables", what)));
    let blockers = found.blockers.iter().filter(|blocker| wrong.iter().all(|known| known.to_string() != **blocker));
    findings.extend(blockers.map(|what| Finding::problem("tables", what.clone())));
    findings.extend(rows(&found));
    if counts && found.drift.is_none() && !found.is_foreign && !found.is_under_way {
        findings.push(not_compared());
    }
    findings.extend(upkeep::upkeep(&mut session, &found)?);
    findings.extend(bloat::bloat(&mut session, counts)?);
    Ok(findings)
}

/// Said where there is nothing to compare.
fn not_compared() -> Finding {
    Finding::note("counts", "not compared with the jobs, since tables or columns are missing")
}

/// Whether the service runs as it should in spite of it.
fn is_harmless(look: &Look, difference: &Difference) -> bool {
    match &difference.what {
        What::ForeignIndex(_)
        | What::OtherKey { .. }
        | What::NoOption(_)
        | What::NoDefault(_)
        | What::OtherName { .. } => true,
        // Nothing can be done about these as long as the rows, or the view, are there.
        What::Narrow(column) => column.view.is_some(),
        What::Unchecked(_) => look.jobs.of_absent_run + look.loose_links > 0,
        _ => false,
    }
}

/// What is odd in the rows, and in what counts them.
fn rows(look: &Look) -> Vec<Finding> {
    let mut findings = Vec::new();
    let jobs = &look.jobs;
    let mut say = |severity: Severity, about: &'static str, count: i64, what: &str| {
        if count > 0 {
            findings.push(Finding { severity, about, what: format!("{count} {what}") });
        }
    };
    say(Severity::Problem, "rows", jobs.duplicated, "jobs have several rows: `paddles adopt` merges them");
    say(Severity::Note, "rows", jobs.without_run + jobs.of_absent_run, "jobs belong to no run, so no list shows them");
    say(Severity::Note, "rows", jobs.without_id, "jobs have no job_id, or one with a slash, so no URL names them");
    say(Severity::Note, "rows", jobs.strange, "jobs have a status that is no word of ours, which counts as unknown");
    say(Severity::Note, "rows", look.loose_links, "links between jobs and nodes lead nowhere");
    say(Severity::Problem, "rows", look.lost_deletions, &format!("{ARE_LOST}: `paddles adopt` lists it again"));
    if look.is_foreign {
        return findings;
    }
    let wrong = i64::try_from(look.wrong_statuses).unwrap_or(i64::MAX);
    say(
        Severity::Problem,
        "counts",
        wrong,
        "runs have a status that does not follow from their jobs: `paddles adopt` mends it",
    );
    if let Some(drift) = look.drift {
        for (count, what) in drift.figures() {
            say(Severity::Problem, "counts", count, &format!("{what}: `paddles adopt` mends it"));
        }
    }
    if look.watch_is_on {
        findings.push(Finding::note(
            "counts",
            format!("writes of the older service are noted; {} runs and days are to be counted again", look.noted),
        ));
    }
    for (sequence, _) in &look.sequences {
        let what =
            format!("the sequence {sequence} is behind its table, so new rows are refused: `paddles adopt` mends it");
        findings.push(Finding::problem("rows", what));
    }
    findings
}
