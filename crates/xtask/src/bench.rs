//! `cargo xtask bench`.

use crate::postgres;
use crate::steps::{Failure, Steps, cargo};

/// Builds the service and the benchmark as they are released, and runs it; `arguments` are the benchmark's own.
pub(crate) fn run(steps: &mut Steps, arguments: &[String]) -> Result<(), Failure> {
    postgres::ensure(steps)?;
    let service = &["build", "--release", "--locked", "--package", "paddles"];
    steps.run("build the service", &mut cargo(service))?;
    let mut bench = cargo(&["run", "--release", "--locked", "--package", "paddles-bench", "--"]);
    steps.run("benchmark", bench.args(arguments))
}
