//! Requests that schemathesis makes up from the OpenAPI document, valid ones and wrong ones, and every check that it has.

use std::process::Command;

use paddles_diesel::testing::TestDatabase;

use crate::optional::given;
use crate::program::run;
use crate::service::Service;

/// Requests for each operation, where `PADDLES_SCHEMATHESIS_EXAMPLES` does not say: the same ones each time, so that a test
/// which fails fails again.
const EXAMPLES: &str = "5";

const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/schemathesis.toml");
const HOOKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/schemathesis_hooks.py");

fn made_up_requests_are_answered_as_described(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_SCHEMATHESIS", "requests made up from the OpenAPI document") else {
        return;
    };
    let examples = std::env::var_os("PADDLES_SCHEMATHESIS_EXAMPLES");
    let service = Service::start_with(database, &[("PADDLES_ADMISSION", "documented")]);
    // What it keeps between runs stays in a folder of its own.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(programs.join("schemathesis"));
    command.current_dir(folder.path()).args(["--config-file", SETTINGS, "run", "--no-color", "--continue-on-failure"]);
    command.args(["--suppress-health-check", "all", "--max-examples"]);
    match examples {
        Some(examples) => command.arg(examples),
        None => command.args([EXAMPLES, "--generation-deterministic"]),
    };
    command.env("SCHEMATHESIS_HOOKS", HOOKS);
    let ended = run(command.arg(format!("http://{}/openapi.json", service.address())));
    eprintln!("{}", ended.stdout);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let log = service.log();
    let failed: Vec<&str> =
        log.lines().filter(|line| line.contains("status=500") || line.contains("panicked")).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

on_both_databases!(made_up_requests_are_answered_as_described);
