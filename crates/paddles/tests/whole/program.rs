//! The built program, run to its end.

use std::process::{Command, Stdio};

/// The program in a clean environment, so that nothing of the developer's machine reaches it.
pub(crate) fn paddles(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paddles"));
    // A service that should not have started must not leave a database in the sources.
    command.args(arguments).env_clear().envs(variables.iter().copied()).current_dir(std::env::temp_dir());
    command.stdin(Stdio::null());
    command
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("programs print text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Sends a signal to a process, by the name that `kill` knows.
pub(crate) fn send_signal(process: u32, signal: &str) {
    let sent = Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &process.to_string()]).status();
    assert!(sent.expect("sh runs").success(), "no {signal} for {process}");
}
