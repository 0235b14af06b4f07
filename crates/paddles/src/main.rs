//! `paddles`: stores and reports the results of Ceph's teuthology test runs.
//!
//! This crate only wires: settings from the environment ([`settings`]), a repository in the database that they name, and
//! the HTTP service on top of it, or another of its [`commands`].

#[macro_use]
mod said;

mod commands;
mod logging;
mod progress;
mod purge;
mod settings;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use paddles_diesel::{AdoptError, OpenError};
use tikv_jemallocator::Jemalloc;

use crate::commands::{
    AdminError, AuditError, Command, DoctorError, ExportFailure, HealthError, ImportFailure, LoadFailure, ServeError,
    TokenError,
};
use crate::settings::{SettingError, Settings};

/// How it is set up stands in `.cargo/config.toml`.
#[global_allocator]
static MEMORY: Jemalloc = Jemalloc;

/// Stores and reports the results of Ceph's teuthology test runs.
///
/// Settings come from the environment: `paddles config` shows them all.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

/// Why the program does not end with status 0.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Import(#[from] ImportFailure),
    #[error(transparent)]
    Export(#[from] ExportFailure),
    #[error(transparent)]
    Load(#[from] LoadFailure),
    #[error(transparent)]
    Health(#[from] HealthError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("all of it is done, but not all could be told: {0}")]
    Untold(&'static io::Error),
}

fn main() -> ExitCode {
    let command = CommandLine::parse().command.unwrap_or(Command::Serve);
    let failed = command.failed();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell!("paddles: {failure}");
            ExitCode::from(failed(&failure))
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let settings = Settings::read()?;
    // The service says it in its log, and `config` beside the settings.
    if !matches!(command, Command::Serve | Command::Config) {
        for unknown in &settings.unknown {
            tell!("paddles: {unknown}");
        }
    }
    command.run(&settings)?;
    said::untold().map_or(Ok(()), |error| Err(Failure::Untold(error)))
}
