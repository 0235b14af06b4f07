//! The shell that owns a test's Postgres server, seen from the test; `supervisor.sh` is the other half.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// One supervising shell. Dropping it stops the server, removes the folder unless it is kept, and waits until that is done.
pub(super) struct Supervisor {
    shell: Child,
    /// `None` only while dropping: closing this pipe is the order to clean up.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What becomes of the folder at the end.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// It is removed, whatever is in it.
    Remove,
    /// The server shuts down cleanly, and its data stays for the next start.
    Keep,
}

impl Supervisor {
    /// Takes over `folder`, which must be ours, and makes a new cluster in it unless a kept one is there. `false` when
    /// `initdb` failed, or a server runs there.
    pub(super) fn start(folder: &Path, binaries: &Path, end: End, options: &[&str]) -> io::Result<(Self, bool)> {
        let mut command = Command::new("sh");
        command.args(["-c", include_str!("supervisor.sh"), "paddles-test-postgres"]);
        let end = match end {
            End::Remove => "remove",
            End::Keep => "keep",
        };
        command.args([folder, binaries]).arg(end).args(options);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
        // A group of its own, so that Ctrl-C ends the tests but lets the shell clean up after them.
        command.process_group(0);
        // Not the folder's owner: a kept one belongs to that user already.
        if is_root()? {
            let (user, group) = unprivileged_user()?;
            chown(folder, Some(user), Some(group))?;
            command.uid(user).gid(group);
        }

        let mut shell = command.spawn()?;
        let (Some(commands), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(io::Error::other("the supervising shell has no pipes"));
        };
        let mut supervisor = Self { shell, commands: Some(commands), answers: BufReader::new(answers) };
        let created = supervisor.answer()?;
        Ok((supervisor, created))
    }

    /// Starts the server on a port of 127.0.0.1 and waits until it takes connections, at most about 30 seconds.
    /// `false` when it did not come up.
    pub(super) fn start_server(&mut self, port: u16) -> io::Result<bool> {
        self.order(&format!("start {port}"))
    }

    /// Stops the server, if it runs, with a signal by name: `INT` cuts connections and shuts down, `QUIT` is a crash.
    pub(super) fn stop_server(&mut self, signal: &str) -> io::Result<bool> {
        self.order(&format!("stop {signal}"))
    }

    fn order(&mut self, command: &str) -> io::Result<bool> {
        let Some(commands) = &mut self.commands else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        writeln!(commands, "{command}")?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<bool> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.trim_end() {
            "done" => Ok(true),
            "failed" => Ok(false),
            other => Err(io::Error::other(format!("the supervising shell ended or answered {other:?}"))),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.commands.take());
        // Nothing to do about a failure here: the shell finishes its work without us.
        let _ = self.shell.wait();
    }
}

/// Whether this process is root.
pub(super) fn is_root() -> io::Result<bool> {
    Ok(tempfile::tempfile()?.metadata()?.uid() == 0)
}

/// Postgres refuses to run as root: the ids of `postgres`, else of `nobody`.
pub(super) fn unprivileged_user() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids_of = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then_some(())?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some((user, group))
        })
    };
    ids_of("postgres").or_else(|| ids_of("nobody")).ok_or_else(|| {
        io::Error::other("running as root, and there is no user `postgres` or `nobody` to run Postgres as")
    })
}
