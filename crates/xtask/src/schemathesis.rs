//! schemathesis, which makes requests up from the OpenAPI document, and holds the answers against it.

use crate::postgres;
use crate::python_programs::PythonPrograms;
use crate::steps::{Failure, Steps, cargo};

/// The release whose checks the settings in `schemathesis.toml` are for.
pub(crate) const SCHEMATHESIS: PythonPrograms = PythonPrograms {
    requirement: "schemathesis==4.32.5",
    folder: "target/schemathesis-venv",
    pythons: &["3.11", "3.12", "3.13", "3.14", "3.10"],
    program: "schemathesis",
    tests: "the tests with requests made up from the OpenAPI document",
};

/// Attacks the service with `examples` requests for each operation, on both databases.
pub(crate) fn run(steps: &mut Steps, examples: u32) -> Result<(), Failure> {
    postgres::ensure(steps)?;
    let Some(programs) = SCHEMATHESIS.ensure(steps) else {
        return Err(Failure::Found("there is no schemathesis".to_owned()));
    };
    let mut tests =
        cargo(&["test", "--locked", "--release", "--package", "paddles", "--test", "whole", "schemathesis"]);
    tests.args(["--", "--nocapture", "--test-threads", "1"]);
    tests.env("PADDLES_SCHEMATHESIS", programs).env("PADDLES_SCHEMATHESIS_EXAMPLES", examples.to_string());
    steps.run("schemathesis", &mut tests)
}
