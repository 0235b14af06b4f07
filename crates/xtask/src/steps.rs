//! Steps of a command: announced, timed, and ended by the first failure.

use std::env;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A step's program ended with this code, or with none when a signal ended it.
    Exit(String, Option<i32>),
    /// A step's program could not be started.
    Start(String, io::Error),
    /// What a step found is wrong, in a sentence.
    Found(String),
}

impl Failure {
    /// The failed program's own code where it has one.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Exit(_, Some(code)) => u8::try_from(*code).map_or(ExitCode::FAILURE, ExitCode::from),
            Self::Exit(_, None) | Self::Start(..) | Self::Found(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(step, Some(code)) => write!(out, "{step} failed with code {code}"),
            Self::Exit(step, None) => write!(out, "{step} was ended by a signal"),
            Self::Start(step, cause) => write!(out, "{step} could not start: {cause}"),
            Self::Found(sentence) => out.write_str(sentence),
        }
    }
}

/// The steps taken so far, each with its duration.
pub(crate) struct Steps {
    folder: PathBuf,
    taken: Vec<(String, Duration)>,
}

impl Steps {
    /// Steps whose programs all run in `folder`.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder, taken: Vec::new() }
    }

    /// The folder all programs run in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a program to its end, with this terminal.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> Result<(), Failure> {
        self.take(name, command, |command| Ok((command.status()?, ()))).map(drop)
    }

    /// Runs a program to its end and returns what it printed; its errors go to this terminal.
    pub(crate) fn read(&mut self, name: &str, command: &mut Command) -> Result<String, Failure> {
        self.take(name, command, |command| {
            let output = command.stderr(Stdio::inherit()).output()?;
            Ok((output.status, String::from_utf8_lossy(&output.stdout).into_owned()))
        })
    }

    /// A line for each step and its duration in seconds.
    pub(crate) fn print_durations(&self) {
        println!();
        for (name, duration) in &self.taken {
            println!("{:8.1} s  {name}", duration.as_secs_f64());
        }
    }

    fn take<T>(
        &mut self,
        name: &str,
        command: &mut Command,
        run: impl FnOnce(&mut Command) -> io::Result<(std::process::ExitStatus, T)>,
    ) -> Result<T, Failure> {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = run(command.current_dir(&self.folder));
        self.taken.push((name.to_owned(), start.elapsed()));

        let (status, result) = outcome.map_err(|cause| Failure::Start(name.to_owned(), cause))?;
        if status.success() { Ok(result) } else { Err(Failure::Exit(name.to_owned(), status.code())) }
    }
}

/// Cargo itself, the one that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Whether `PATH` has a program of this name.
pub(crate) fn has_program(name: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
