//! What a figure depends on besides the program: the machine, and versions.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use paddles_diesel::DatabaseUrl;
use serde::Serialize;

use crate::database::Database;
use crate::error::BenchError;

/// Where and with what a benchmark ran.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Its cores, shared by service, database and load.
    pub cores: usize,
    /// Memory in GB.
    pub memory_gb: u64,
    /// The compiler.
    pub rustc: String,
    /// The database and its version.
    pub database: String,
    /// The commit, with `+` when files differ from it.
    pub commit: String,
}

impl Machine {
    pub(crate) fn here(url: &DatabaseUrl) -> Result<Self, BenchError> {
        let version = match url {
            DatabaseUrl::Postgres(_) => "SELECT 'PostgreSQL ' || current_setting('server_version') AS value",
            DatabaseUrl::Sqlite(_) => "SELECT 'SQLite ' || sqlite_version() AS value",
        };
        let database = Database::connect(url)?.texts(version)?.concat();
        let changed = if said("git", &["status", "--porcelain"]).is_empty() { "" } else { "+" };
        Ok(Self {
            processor: value_of("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism().map_or(0, Into::into),
            memory_gb: value_of("/proc/meminfo", "MemTotal")
                .trim_end_matches(" kB")
                .parse::<u64>()
                .map_or(0, |kilobytes| kilobytes >> 20),
            rustc: said("rustc", &["--version"]),
            database,
            commit: format!("{}{changed}", said("git", &["rev-parse", "--short", "HEAD"])),
        })
    }
}

fn value_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim_start_matches([':', ' ', '\t']).to_owned()
}

/// What a program says about this repository, nothing if it is not here.
fn said(program: &str, arguments: &[&str]) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program).args(arguments).current_dir(repository).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
