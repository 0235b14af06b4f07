//! Where this machine keeps its Postgres server.
//!
//! Only the standard library: `xtask` compiles this same file, so that what it installs is what the tests then find.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// Debian's and Ubuntu's place: one folder per major version, none of them in `PATH`.
const VERSIONS: &str = "/usr/lib/postgresql";

/// No Postgres server on this machine, or not where `PG_BIN` says.
#[derive(Debug)]
pub struct NotFound {
    named: Option<PathBuf>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.named {
            Some(folder) => write!(out, "PG_BIN is {}, which has no `postgres` and `initdb`", folder.display()),
            None => write!(
                out,
                "no PostgreSQL server: neither in {VERSIONS}/*/bin nor in PATH; install it (`cargo xtask test` does), or set \
                 PG_BIN to the folder of `postgres` and `initdb`"
            ),
        }
    }
}

impl std::error::Error for NotFound {}

/// The folder with `postgres` and `initdb`: `PG_BIN` when it is set, else the highest version that Debian's layout has,
/// else the first in `PATH`.
pub fn server_binaries() -> Result<PathBuf, NotFound> {
    // Whoever sets PG_BIN means that version: falling back to another would test the wrong server.
    if let Some(folder) = env::var_os("PG_BIN").map(PathBuf::from) {
        if has_server(&folder) {
            return Ok(folder);
        }
        return Err(NotFound { named: Some(folder) });
    }
    highest_version().or_else(first_in_path).ok_or(NotFound { named: None })
}

fn highest_version() -> Option<PathBuf> {
    let folders = std::fs::read_dir(VERSIONS).ok()?;
    folders
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            has_server(&folder).then_some((version, folder))
        })
        .max()
        .map(|(_, folder)| folder)
}

fn first_in_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|folder| has_server(folder))
}

/// Both programs: a machine with Postgres' client alone has neither.
fn has_server(folder: &Path) -> bool {
    folder.join("postgres").is_file() && folder.join("initdb").is_file()
}
