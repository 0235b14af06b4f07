//! Developers' commands: `cargo xtask test`, `ci`, `bench` and `schemathesis`.
//!
//! Whatever a command needs and the machine lacks is named first and then installed. Standard library and clap only, so
//! that it compiles in seconds.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the terminal is where these commands report")]

// One search for the server, so that what is installed here is what the tests then find.
#[expect(unreachable_pub, reason = "public in the crate whose file it is")]
#[path = "../../paddles-diesel/src/testing/binaries.rs"]
mod binaries;

mod bench;
mod ci;
mod dependencies;
mod deploy_check;
mod pgbouncer;
mod postgres;
mod python_programs;
mod schemathesis;
mod steps;
mod test;
mod teuthology;
mod tls;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::steps::Steps;

/// Developers' commands of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need, then run all of them
    Test {
        /// Passed on to `cargo test`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Everything that must hold before a change is merged: tests, format, lints, documentation, architecture
    Ci,
    /// Read what lies in `deploy/` with the programs that it is for; installs them
    DeployCheck,
    /// Measure the service on a filled database, next to what the database alone can do
    Bench {
        /// Passed on to the benchmark: `--help` shows what it takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Attack the service with requests that schemathesis makes up from its OpenAPI document, on both databases
    Schemathesis {
        /// How many requests for each operation, at the most
        #[arg(long, default_value_t = 2_000)]
        examples: u32,
    },
}

fn main() -> ExitCode {
    let mut steps = Steps::in_folder(workspace());
    let outcome = match Arguments::parse().command {
        Task::Test { arguments } => test::run(&mut steps, &arguments),
        Task::Ci => ci::run(&mut steps),
        Task::DeployCheck => deploy_check::run(&mut steps),
        Task::Bench { arguments } => bench::run(&mut steps, &arguments),
        Task::Schemathesis { examples } => schemathesis::run(&mut steps, examples),
    };
    steps.print_durations();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            failure.exit_code()
        }
    }
}

/// The repository's root: commands behave alike in every folder of it.
fn workspace() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map_or_else(|| here.clone(), PathBuf::from)
}
