//! The commands, a file each.

mod admin;
mod adopt;
mod audit;
mod doctor;
mod export;
mod healthcheck;
mod import;
mod load;
mod migrate;
mod selected_runs;
mod serve;
mod shown;
mod token;

use clap::Subcommand;
use paddles_domain::{Act, Actor};
use paddles_http::now;

use crate::Failure;
use crate::settings::Settings;

pub(crate) use admin::AdminError;
pub(crate) use audit::AuditError;
pub(crate) use doctor::DoctorError;
pub(crate) use export::ExportFailure;
pub(crate) use healthcheck::HealthError;
pub(crate) use import::ImportFailure;
pub(crate) use load::LoadFailure;
pub(crate) use serve::ServeError;
pub(crate) use token::TokenError;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the database's tables up to date and serve HTTP until SIGTERM or SIGINT (what `paddles` alone does)
    Serve,
    /// Bring the database's tables up to date, and end
    Migrate,
    /// Make, show and take back tokens: who may do what, where the service asks for rights
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Take the database of another paddles over, or complete one of ours: tables, indexes, duplicates, counts
    Adopt(adopt::AdoptOptions),
    /// Copy runs, jobs, nodes and queues from another paddles over HTTP
    Import(import::Import),
    /// Write runs, jobs, nodes and queues into a file: JSON Lines, compressed by zstd
    Export(export::Export),
    /// Bring a file that `export` wrote into the database
    Load(load::Load),
    /// Say what is wrong with the database; status 0: nothing, 1: something, 2: it could not be looked at
    Doctor(doctor::DoctorOptions),
    /// What labs do by hand or by cron: expire jobs, delete and restore runs, correct statuses, nodes and queues
    Admin(admin::Admin),
    /// Ask the service on this machine how it is: status 0 if it answers 200, 1 otherwise
    Healthcheck {
        /// What to ask for; `/readyz` asks whether its database answers, too
        #[arg(default_value = "/healthz")]
        path: String,
    },
    /// Show who did what, the newest first
    Audit(audit::AuditCommand),
    /// Show every setting, its value with secrets hidden, and where it came from
    Config,
}

impl Command {
    /// The status with which it ends when it fails. What watches a database by its doctor must tell a problem from an
    /// examination that did not take place.
    pub(crate) fn failed(&self) -> fn(&Failure) -> u8 {
        match self {
            Self::Doctor(_) => {
                |failure| if matches!(failure, Failure::Doctor(DoctorError::Problems(_))) { 1 } else { 2 }
            }
            _ => |_| 1,
        }
    }

    pub(crate) fn run(self, settings: &Settings) -> Result<(), Failure> {
        match self {
            Self::Serve => serve::serve(settings)?,
            Self::Migrate => migrate::migrate(settings)?,
            Self::Token(command) => command.run(settings)?,
            Self::Adopt(options) => adopt::adopt(settings, &options)?,
            Self::Import(command) => command.run(settings)?,
            Self::Export(command) => command.run(settings)?,
            Self::Load(command) => command.run(settings)?,
            Self::Doctor(options) => doctor::doctor(settings, &options)?,
            Self::Admin(command) => command.run(settings)?,
            Self::Healthcheck { path } => healthcheck::healthcheck(settings, &path)?,
            Self::Audit(command) => command.run(settings)?,
            Self::Config => say!("{settings}"),
        }
        Ok(())
    }
}

/// Somebody at this command line, now.
fn act() -> Act {
    Act { when: now(), who: Actor::CommandLine, from: None, once: None }
}
