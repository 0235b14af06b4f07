//! `cargo xtask test`.

use crate::schemathesis::SCHEMATHESIS;
use crate::steps::{Failure, Steps, cargo};
use crate::teuthology::TEUTHOLOGY;
use crate::{pgbouncer, postgres};

/// Installs what is missing, then runs the tests; `arguments` are passed on to `cargo test`. Without a package among them
/// those of the whole workspace run.
pub(crate) fn run(steps: &mut Steps, arguments: &[String]) -> Result<(), Failure> {
    postgres::ensure(steps)?;
    pgbouncer::ensure(steps)?;
    let client = TEUTHOLOGY.ensure(steps);
    let attacker = SCHEMATHESIS.ensure(steps);

    let mut tests = cargo(&["test", "--locked"]);
    // Cargo would ignore a package next to `--workspace`.
    if !names_package(arguments) {
        tests.arg("--workspace");
    }
    tests.args(arguments);
    if let Some(programs) = client {
        tests.env("PADDLES_TEUTHOLOGY", programs);
    }
    if let Some(programs) = attacker {
        tests.env("PADDLES_SCHEMATHESIS", programs);
    }
    steps.run("cargo test", &mut tests)
}

/// Whether cargo's own arguments, those before `--`, choose packages.
fn names_package(arguments: &[String]) -> bool {
    let mut for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    for_cargo.any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::names_package;

    #[test]
    fn only_arguments_for_cargo_choose_packages() {
        let arguments = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        assert!(names_package(&arguments("-p paddles-domain")));
        assert!(names_package(&arguments("--release --package=xtask -- --nocapture")));
        assert!(!names_package(&arguments("some_test -- -p")));
    }
}
