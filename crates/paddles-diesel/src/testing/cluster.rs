//! A Postgres server of the tests' own.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tempfile::TempDir;

use super::binaries::{self, NotFound};
use super::supervisor::{End, Supervisor};

/// Why a test's Postgres server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// This machine has no server to start.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The folder, a process or a pipe to it failed.
    #[error("cannot manage a Postgres server for tests")]
    Io(#[from] io::Error),
    /// `initdb` or the server itself failed; `log` is the end of what it wrote.
    #[error("Postgres for tests could not {action}; its log ends:\n{log}")]
    Refused {
        /// What was asked of it.
        action: &'static str,
        /// The last lines of its log.
        log: String,
    },
}

/// Tests talk through proxies and other tools, so a socket file is not enough.
const LISTEN: &str = "-clisten_addresses=127.0.0.1";

/// What makes the server fit for tests.
const OPTIONS: &[&str] = &[
    // The data need not outlive the machine. A crash of the server alone still loses no commit.
    "-cfsync=off",
    "-cfull_page_writes=off",
    // Tables are small and short-lived, and its work would disturb what tests measure.
    "-cautovacuum=off",
    // Tests of one process run in parallel, each with pools of its own.
    "-cmax_connections=200",
];

/// Below the ports that systems give to outgoing connections. In that range a client that keeps trying to reach a stopped
/// server can take the server's port itself, or even connect to itself.
const PORTS: Range<u16> = 15_000..32_000;

/// How often another port is tried when somebody took the chosen one between our look and the server's start.
const PORT_ATTEMPTS: u32 = 3;

/// Lines of the server's log in an error.
const LOG_TAIL: usize = 20;

/// A running Postgres server with its own folder and TCP port, superuser `paddles` without password.
///
/// Dropping it stops the server and returns once the folder is gone. Should the process end without dropping it, the same
/// happens a moment later.
pub struct PostgresCluster {
    port: u16,
    // Before the folder: fields are dropped in order, and the server must stop first.
    supervisor: Mutex<Supervisor>,
    folder: Folder,
}

/// Where a cluster lives.
enum Folder {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

impl PostgresCluster {
    /// Makes a new cluster and starts its server; takes under a second.
    pub fn start() -> Result<Self, ClusterError> {
        let folder = tempfile::Builder::new().prefix("paddles-postgres-").tempdir()?;
        Self::start_in(Folder::Temporary(folder), OPTIONS)
    }

    /// Starts a server with nothing but these `options` (`-cNAME=VALUE`) on the cluster that `folder` keeps, which is made
    /// if there is none. The server ends with this value, its data stays. Nobody else may use the folder meanwhile.
    pub fn start_kept(folder: &Path, options: &[&str]) -> Result<Self, ClusterError> {
        fs::create_dir_all(folder)?;
        // The server does not run in our folder, nor as us.
        Self::start_in(Folder::Kept(folder.canonicalize()?), options)
    }

    fn start_in(folder: Folder, options: &[&str]) -> Result<Self, ClusterError> {
        let binaries = binaries::server_binaries()?;
        let end = match &folder {
            Folder::Temporary(_) => End::Remove,
            Folder::Kept(_) => End::Keep,
        };
        let options: Vec<&str> = [LISTEN].iter().chain(options).copied().collect();
        let (mut supervisor, created) = Supervisor::start(folder.path(), &binaries, end, &options)?;
        if !created {
            return Err(refused("make a cluster", folder.path()));
        }
        for _ in 0..PORT_ATTEMPTS {
            let port = free_port()?;
            if supervisor.start_server(port)? {
                return Ok(Self { port, supervisor: Mutex::new(supervisor), folder });
            }
        }
        Err(refused("start", folder.path()))
    }

    /// The TCP port on 127.0.0.1; the same after [`restart`](Self::restart).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database on this server, in the form the service takes. The database need not exist.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://paddles@127.0.0.1:{}/{database}", self.port)
    }

    /// The folder of this cluster: `data/` with `data/postmaster.pid` while the server runs, `log`, and its socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Shuts the server down: open transactions are rolled back, connections are cut. Returns when it is down; its data
    /// stays for [`restart`](Self::restart).
    pub fn stop(&self) -> Result<(), ClusterError> {
        self.stop_with("INT")
    }

    /// Ends the server as a crash would: no goodbye to clients, and recovery at the next start.
    pub fn crash(&self) -> Result<(), ClusterError> {
        self.stop_with("QUIT")
    }

    /// Starts the server again on its port with its data; stops it first when it runs.
    pub fn restart(&self) -> Result<(), ClusterError> {
        self.stop()?;
        if self.supervisor().start_server(self.port)? { Ok(()) } else { Err(refused("start again", self.folder())) }
    }

    fn stop_with(&self, signal: &str) -> Result<(), ClusterError> {
        if self.supervisor().stop_server(signal)? { Ok(()) } else { Err(refused("stop", self.folder())) }
    }

    /// A test that panicked while it held the lock leaves nothing half done: an order is one line.
    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one server that the tests of this process share, started when first asked for; it ends with the process.
///
/// A test that stops the server needs a [`PostgresCluster`] of its own.
///
/// # Panics
/// When there is no Postgres or it does not start.
pub fn shared_postgres() -> &'static PostgresCluster {
    static SHARED: OnceLock<PostgresCluster> = OnceLock::new();
    SHARED.get_or_init(|| match PostgresCluster::start() {
        Ok(cluster) => cluster,
        #[expect(clippy::panic, reason = "only tests call this, and without a database they cannot go on")]
        Err(error) => panic!("{}", with_cause(&error)),
    })
}

fn with_cause(error: &ClusterError) -> String {
    match error {
        ClusterError::Io(cause) => format!("{error}: {cause}"),
        ClusterError::NotFound(_) | ClusterError::Refused { .. } => error.to_string(),
    }
}

fn refused(action: &'static str, folder: &Path) -> ClusterError {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_else(|error| format!("(cannot read it: {error})"));
    let lines: Vec<&str> = log.lines().collect();
    let tail = &lines[lines.len().saturating_sub(LOG_TAIL)..];
    ClusterError::Refused { action, log: tail.join("\n") }
}

/// A port that nobody listens on now. The search starts at a random place, so that test processes seldom collide.
pub(super) fn free_port() -> io::Result<u16> {
    let count = u64::from(PORTS.end - PORTS.start);
    let offset = u16::try_from(RandomState::new().build_hasher().finish() % count).unwrap_or_default();
    let first = PORTS.start + offset;
    (first..PORTS.end)
        .chain(PORTS.start..first)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no free port for Postgres"))
}
