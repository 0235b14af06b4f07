//! A pgBouncer of the tests' own, in transaction mode, set as we tell labs to set it.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::cluster::{PostgresCluster, free_port, shared_postgres};
use super::supervisor::{is_root, unprivileged_user};

/// What labs are told, with other addresses.
const SETTINGS: &str = include_str!("../../../../deploy/pgbouncer/pgbouncer.ini");

/// Where Debian keeps it, which is not in everybody's `PATH`.
const PLACES: &[&str] = &["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/// Ends the program behind it when its own standard input ends, with this process, however that ends, and removes the folder. Whoever
/// ends the tests may signal every process of the job.
const GUARD: &str = "trap '' PIPE HUP INT TERM; folder=$1; shift; \"$@\" </dev/null & \
    read -r _; kill -s KILL $!; wait; rm -rf \"$folder\"";

/// A running pgBouncer in front of a test's Postgres server. It ends with this value, or with the process.
pub struct PgBouncer {
    port: u16,
    guard: Child,
    folder: TempDir,
}

impl PgBouncer {
    /// Starts one in front of `cluster`; `None` where there is no pgBouncer.
    ///
    /// # Panics
    /// When it does not start.
    #[expect(clippy::panic, reason = "only tests call this, and without it they cannot go on")]
    pub fn start(cluster: &PostgresCluster) -> Option<Self> {
        let program = program()?;
        match start(&program, cluster) {
            Ok(started) => Some(started),
            Err(error) => panic!("pgBouncer does not start: {error}"),
        }
    }

    /// The address of a database through it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://paddles@127.0.0.1:{}/{database}", self.port)
    }

    /// What it keeps, until it ends.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The one in front of [`shared_postgres`]; `None` where there is no pgBouncer.
pub fn shared_pgbouncer() -> Option<&'static PgBouncer> {
    static SHARED: OnceLock<Option<PgBouncer>> = OnceLock::new();
    SHARED.get_or_init(|| PgBouncer::start(shared_postgres())).as_ref()
}

fn program() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|place| place.is_file())
}

fn start(program: &Path, cluster: &PostgresCluster) -> std::io::Result<PgBouncer> {
    let folder = tempfile::Builder::new().prefix("paddles-pgbouncer-").tempdir()?;
    // It runs as another user when we are root.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let port = free_port()?;
    let (users, settings) = (folder.path().join("users"), folder.path().join("pgbouncer.ini"));
    fs::write(&users, "\"paddles\" \"\"\n")?;
    let ours = |line: &str| match line.split(" = ").next() {
        Some("paddles") => format!("* = host=127.0.0.1 port={}", cluster.port()),
        Some("listen_addr") => "listen_addr = 127.0.0.1".to_owned(),
        Some("listen_port") => format!("listen_port = {port}\nunix_socket_dir ="),
        Some("auth_type") => "auth_type = trust".to_owned(),
        Some("auth_file") => format!("auth_file = {}", users.display()),
        _ => line.to_owned(),
    };
    fs::write(&settings, SETTINGS.lines().map(ours).collect::<Vec<_>>().join("\n"))?;

    let log = folder.path().join("log");
    let mut command = Command::new("sh");
    command.args(["-c", GUARD, "paddles-test-pgbouncer"]).arg(folder.path()).arg(program).arg(&settings);
    command
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?);
    if is_root()? {
        let (user, group) = unprivileged_user()?;
        chown(folder.path(), Some(user), Some(group))?;
        command.uid(user).gid(group);
    }
    let guard = command.spawn()?;
    let started = PgBouncer { port, guard, folder };
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(started);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(std::io::Error::other(fs::read_to_string(&log)?))
}
