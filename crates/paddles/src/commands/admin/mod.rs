//! `paddles admin`: what labs run by hand or by cron, a file each. Everything goes through the port, by the rules that hold
//! for reports. Each asks before it changes something (`confirm`), and says what it does in one of two ways (`output`).

mod confirm;
mod dedupe;
mod delete_run;
mod expire_jobs;
mod import_nodes;
mod node_jobs;
mod node_stats;
mod output;
mod queue_stats;
mod reparse;
mod restore;
mod set_status;
mod set_targets;

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use paddles_diesel::{AdoptError, OpenError};
use paddles_domain::{NodeName, QueueName, RunName};
use paddles_repository::{PageError, RepositoryError};

use self::output::Output;
use super::act;
use crate::settings::{SettingError, Settings};

/// What `paddles admin` takes.
#[derive(Args)]
pub(crate) struct Admin {
    /// Print a JSON object for each thing, a line each, instead of sentences
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make jobs dead of which nobody hears any more
    ExpireJobs(expire_jobs::ExpireJobs),
    /// Delete a run and its jobs
    DeleteRun(delete_run::DeleteRun),
    /// Make one row of several that say they are the same job of a run; all stay in a table of what was merged
    Dedupe(dedupe::Dedupe),
    /// Bring a deleted run or job back, or show what can be brought back
    Restore(restore::RestoreCommand),
    /// Read user, time, suite, branch and machine type of runs from their names again; what their first job tells goes before
    Reparse(reparse::Reparse),
    /// Count the jobs of runs again and set their status by that, or set the status of a run's jobs
    SetStatus(set_status::SetStatus),
    /// Link jobs to the nodes that their targets name
    SetTargets(set_targets::SetTargets),
    /// Create and update nodes from a file: a JSON array or JSON Lines of nodes
    ImportNodes(import_nodes::ImportNodes),
    /// Show the jobs that ran on a node, newest first
    NodeJobs(node_jobs::NodeJobs),
    /// Count the jobs of each node by state
    NodeStats(node_stats::NodeStats),
    /// Show queues, their pauses, and how many jobs wait in them
    QueueStats(queue_stats::QueueStats),
}

/// Why a command does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Restore(#[from] restore::RestoreError),
    #[error("nothing is changed: say --yes, or answer yes at a terminal")]
    NotConfirmed,
    #[error("there is no run {0}")]
    NoRun(RunName),
    #[error("there is no node {0}")]
    NoNode(NodeName),
    #[error("there is no queue {0}")]
    NoQueue(QueueName),
    #[error("a job's status is set in a run: say --run")]
    StatusOfWhat,
    #[error("another server is making jobs dead at this moment")]
    Elsewhere,
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}, node {number}: {reason}", file.display())]
    BadNode { file: PathBuf, number: usize, reason: String },
}

impl Admin {
    pub(super) fn run(self, settings: &Settings) -> Result<(), AdminError> {
        let output = Output::new(self.json);
        match self.command {
            AdminCommand::ExpireJobs(command) => command.run(settings, output),
            AdminCommand::DeleteRun(command) => command.run(settings, output),
            AdminCommand::Dedupe(command) => command.run(settings, output),
            AdminCommand::Restore(command) => command.run(settings, output),
            AdminCommand::Reparse(command) => command.run(settings, output),
            AdminCommand::SetStatus(command) => command.run(settings, output),
            AdminCommand::SetTargets(command) => command.run(settings, output),
            AdminCommand::ImportNodes(command) => command.run(settings, output),
            AdminCommand::NodeJobs(command) => command.run(settings, output),
            AdminCommand::NodeStats(command) => command.run(settings, output),
            AdminCommand::QueueStats(command) => command.run(settings, output),
        }
    }
}
