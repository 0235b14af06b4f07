//! `cargo xtask ci`.

use crate::steps::{Failure, Steps, cargo};
use crate::{dependencies, test, tls};

/// Crates that know neither a database nor a web server nor a runtime ...
const INNER_CRATES: &[&str] = &["paddles-domain", "paddles-repository"];

/// ... and what therefore must not be among their dependencies, direct or not.
const OUTER_LIBRARIES: &[&str] = &["diesel", "actix-web", "tokio"];

/// Every check in turn; the cheap ones come after the tests because they share their build.
pub(crate) fn run(steps: &mut Steps) -> Result<(), Failure> {
    test::run(steps, &[])?;
    steps.run("cargo fmt", &mut cargo(&["fmt", "--all", "--check"]))?;
    let clippy = &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    steps.run("cargo clippy", &mut cargo(clippy))?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    steps.run("cargo doc", doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    tls::test(steps)?;
    dependencies::check(steps)?;
    for package in INNER_CRATES {
        check_dependencies(steps, package)?;
    }
    Ok(())
}

fn check_dependencies(steps: &mut Steps, package: &str) -> Result<(), Failure> {
    let tree = &["tree", "--locked", "--package", package, "--edges", "normal", "--all-features", "--prefix", "none"];
    let tree = steps.read(&format!("dependencies of {package}"), &mut cargo(tree))?;
    // A line reads `name v1.2.3 ..`.
    let found = tree.lines().filter_map(|line| line.split(' ').next()).find(|name| OUTER_LIBRARIES.contains(name));
    match found {
        Some(name) => {
            Err(Failure::Found(format!("{package} must not depend on {name}; `cargo tree -i {name}` shows the way")))
        }
        None => Ok(()),
    }
}
