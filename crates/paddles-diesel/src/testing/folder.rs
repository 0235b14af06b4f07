//! The folder of what the tests of this process keep outside a server.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Removes the folder when its own standard input ends: with this process, however that ends. Whoever ends the tests may signal every
/// process of the job.
const GUARD: &str = "trap '' PIPE HUP INT TERM; read -r _; rm -rf \"$1\"";

/// A folder in which each test makes its own. It goes with the process: nobody drops what all tests share, and who is killed drops
/// nothing.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::panic, reason = "only tests call this, and without it they cannot go on")]
pub(super) fn shared_folder() -> &'static Path {
    static SHARED: OnceLock<Guarded> = OnceLock::new();
    let made = || guarded().unwrap_or_else(|error| panic!("cannot make a folder for tests: {error}"));
    &SHARED.get_or_init(made).folder
}

struct Guarded {
    folder: PathBuf,
    /// The pipe to it ends with this process.
    _guard: Child,
}

fn guarded() -> io::Result<Guarded> {
    let folder = tempfile::Builder::new().prefix("paddles-tests-").tempdir()?;
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "paddles-test-folder"]).arg(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).current_dir("/").process_group(0);
    let guard = command.spawn()?;
    Ok(Guarded { folder: folder.keep(), _guard: guard })
}
