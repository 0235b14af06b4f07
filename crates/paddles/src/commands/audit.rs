//! `paddles audit`: who did what.

use clap::Args;
use paddles_diesel::OpenError;
use paddles_domain::{Document, JobId, JobStatus, NameError, RunName};
use paddles_repository::{
    AuditEntry, AuditFilter, AuditRepository, JobRepository, LARGEST_PAGE, Page, PageError, RepositoryError,
    StatusChange,
};

use super::serve;
use super::shown::shown;
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct AuditCommand {
    /// How many entries, the newest first
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_PAGE)))]
    count: u32,
    /// Only what this one did: "token NAME", "network NETWORK", "nobody", "command line"
    #[arg(long)]
    who: Option<String>,
    /// Only what was done to this kind of thing: run, job, node, queue or token
    #[arg(long)]
    kind: Option<String>,
    /// Only what was done to the thing of this name; a job's is RUN/ID
    #[arg(long)]
    name: Option<String>,
    /// How the status of this job changed instead, and from which addresses: RUN/ID
    #[arg(long, conflicts_with_all = ["who", "kind", "name"])]
    history: Option<String>,
}

/// Why the audit is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("a job is named RUN/ID")]
    NoJob,
    #[error("there is no job {0}")]
    UnknownJob(String),
}

impl AuditCommand {
    pub(super) fn run(self, settings: &Settings) -> Result<(), AuditError> {
        let lab = serve::repository(settings)?;
        if let Some(job) = self.history {
            let (run, job_id) = job.split_once('/').ok_or(AuditError::NoJob)?;
            let changes = lab.job_history(&RunName::new(run)?, &JobId::new(job_id)?)?;
            for change in changes.ok_or(AuditError::UnknownJob(job))? {
                say!("{}", change_line(&change));
            }
            return Ok(());
        }
        let filter = AuditFilter { who: self.who, kind: self.kind, name: self.name };
        for entry in lab.audit_list(&filter, Page::new(1, self.count)?.into())? {
            say!("{}", entry_line(&entry));
        }
        Ok(())
    }
}

fn entry_line(entry: &AuditEntry) -> String {
    let AuditEntry { time, who, action, kind, name, .. } = entry;
    let address = entry.address.as_deref().unwrap_or("-");
    let [before, after] = [&entry.before, &entry.after].map(|values| values.as_ref().map_or("-", Document::as_json));
    let [who, address, action, kind, name, before, after] =
        [who, address, action, kind, name, before, after].map(shown);
    format!("{time}\t{who}\t{address}\t{action} {kind}\t{name}\t{before}\t{after}")
}

fn change_line(change: &StatusChange) -> String {
    let StatusChange { time, who, after, .. } = change;
    let address = change.address.as_deref().unwrap_or("-");
    let before = change.before.map_or("-", JobStatus::as_str);
    let [who, address] = [who, address].map(shown);
    format!("{time}\t{who}\t{address}\t{before}\t{after}")
}
