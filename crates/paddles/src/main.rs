//! `paddles`: stores and reports the results of Ceph's teuthology test runs.
//!
//! This crate only wires: settings from the environment ([`settings`]), a repository in the database that they name, and
//! the HTTP service on top of it ([`serve`]).

mod logging;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use paddles_diesel::OpenError;

use crate::serve::ServeError;
use crate::settings::{SettingError, Settings};

/// Stores and reports the results of Ceph's teuthology test runs.
///
/// Settings come from the environment: `paddles config` shows them all.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the database's tables up to date and serve HTTP until SIGTERM or SIGINT (what `paddles` alone does)
    Serve,
    /// Bring the database's tables up to date, and end
    Migrate,
    /// Show every setting, its value with secrets hidden, and where it came from
    Config,
}

/// Why the program ends with status 1.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

#[expect(clippy::print_stderr, reason = "the sentence with which a command fails")]
fn main() -> ExitCode {
    let command = CommandLine::parse().command.unwrap_or(Command::Serve);
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("paddles: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "what the commands are asked for")]
fn run(command: &Command) -> Result<(), Failure> {
    let settings = Settings::read()?;
    match command {
        Command::Config => println!("{settings}"),
        Command::Migrate => {
            let ran = paddles_diesel::migrate(&settings.database_url.value)?;
            for migration in &ran {
                println!("ran {migration}");
            }
            println!("{} is up to date", settings.database_url.value);
        }
        Command::Serve => {
            logging::start(settings.log_format.value, &settings.log.value);
            serve::serve(&settings)?;
        }
    }
    Ok(())
}
