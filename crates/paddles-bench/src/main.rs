//! `paddles-bench`: how fast the service is; `cargo xtask bench` brings what it needs and runs it.

use std::process::ExitCode;

use clap::Parser;
use paddles_bench::{Options, bench};

#[expect(clippy::print_stderr, reason = "the sentence with which it fails")]
fn main() -> ExitCode {
    match bench(&Options::parse()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\npaddles-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
