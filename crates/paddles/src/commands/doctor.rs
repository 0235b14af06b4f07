//! `paddles doctor`: whether the database is as it should be, for people and for what watches.

use paddles_diesel::{AdoptError, Finding, Severity};
use serde::Serialize;

use crate::Failure;
use crate::settings::Settings;

/// What `paddles doctor` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorOptions {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Leave out what reads all jobs several times: whether counts are what a recount would say
    #[arg(long)]
    no_recount: bool,
}

/// Why the doctor does not say that all is well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoctorError {
    #[error("{0} problems")]
    Problems(usize),
    #[error("cannot look: {0}")]
    Blind(#[from] AdoptError),
}

#[derive(Serialize)]
struct Report<'r> {
    database: String,
    problems: usize,
    findings: Vec<ReportedFinding<'r>>,
}

#[derive(Serialize)]
struct ReportedFinding<'r> {
    severity: String,
    about: &'r str,
    what: &'r str,
}

pub(super) fn doctor(settings: &Settings, options: &DoctorOptions) -> Result<(), Failure> {
    let url = settings.database.direct_url()?;
    let findings = paddles_diesel::examine(url, !options.no_recount).map_err(DoctorError::from)?;
    let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
    if options.json {
        let findings = findings.iter().map(|Finding { severity, about, what }| ReportedFinding {
            severity: severity.to_string(),
            about,
            what,
        });
        let report = Report { database: url.to_string(), problems, findings: findings.collect() };
        // Text can always be written as JSON.
        say!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        for Finding { severity, about, what } in &findings {
            say!("{severity}: {about}: {what}");
        }
        if findings.is_empty() {
            say!("{url} is as it should be");
        }
    }
    if problems > 0 { Err(DoctorError::Problems(problems).into()) } else { Ok(()) }
}
