//! What may come into the dependency tree: `deny.toml`, held by cargo-deny.

use crate::steps::{Failure, Steps, cargo, has_program};

/// Checks licences, versions that come twice, and sources, where cargo-deny is installed; elsewhere this is left out, said
/// aloud. Known holes are not asked for: their list is fetched from the network, and a new entry is no change of ours.
pub(crate) fn check(steps: &mut Steps) -> Result<(), Failure> {
    if !has_program("cargo-deny") {
        eprintln!("warning: SKIPPING deny.toml: there is no cargo-deny (cargo install cargo-deny --locked)");
        return Ok(());
    }
    steps.run("cargo deny", &mut cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"]))
}
