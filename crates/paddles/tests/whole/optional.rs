//! Tests of what only some machines have, and that say so where it is missing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use paddles_diesel::testing::TestDatabase;

/// The file or folder that a variable names; `None`, said aloud once, where it is not set.
pub(crate) fn given(variable: &'static str, what_is_tested: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    match &path {
        Some(path) => assert!(path.exists(), "{variable} is {}, which is not there", path.display()),
        None => tell_once(variable, &format!("{variable} is not set: SKIPPING {what_is_tested}")),
    }
    path
}

/// Whether `PATH` has a program that answers `--version`; if not, that is said aloud once.
pub(crate) fn installed(program: &'static str, what_is_tested: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok_and(|ended| ended.status.success());
    if !is_there {
        tell_once(program, &format!("there is no {program}: SKIPPING {what_is_tested}"));
    }
    is_there
}

/// A database that is reached through pgBouncer in transaction mode.
pub(crate) fn pooled_database() -> Option<TestDatabase> {
    let database = TestDatabase::pooled();
    if database.is_none() {
        tell_once("pgbouncer", "there is no pgbouncer: SKIPPING what is tested behind it");
    }
    database
}

pub(crate) fn tell_once(about: &'static str, sentence: &str) {
    static TOLD: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let mut told = TOLD.lock().unwrap();
    if !told.contains(&about) {
        told.push(about);
        // What Rust itself prints is held back when a test succeeds.
        let _ = Command::new("sh").args(["-c", "printf '%s\\n' \"$1\" >&2", "sh", sentence]).status();
    }
}
