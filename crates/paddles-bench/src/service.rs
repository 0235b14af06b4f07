//! The measured process.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::DatabaseUrl;

use crate::error::{BenchError, doing};

const START_PATIENCE: Duration = Duration::from_secs(30);

/// A service on a free port with its default settings, killed when dropped. A job may create its run.
pub(crate) struct Service {
    process: Child,
    /// Host and port.
    pub(crate) address: String,
}

/// Sizes of the process in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// What it holds.
    pub(crate) held: u64,
    /// The most that it held since [`Service::forget_peak`].
    pub(crate) peak: u64,
}

impl Service {
    /// Starts `program` on the database and waits until it listens; its log goes into `folder`.
    pub(crate) fn start(program: &Path, url: &DatabaseUrl, folder: &Path) -> Result<Self, BenchError> {
        let log_file = folder.join("service.log");
        let log = File::create(&log_file).map_err(doing("write the service's log"))?;
        let address = match url {
            DatabaseUrl::Postgres(url) => url.clone(),
            DatabaseUrl::Sqlite(file) => format!("sqlite://{}", file.display()),
        };
        let mut command = Command::new(program);
        command.env("PADDLES_DATABASE_URL", address).env("PADDLES_SERVER_PORT", "0");
        command.env("PADDLES_ADMISSION", "deployed").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().map_err(doing(format!("start {}", program.display())))?;
        let mut service = Self { process, address: String::new() };
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(&log_file).unwrap_or_default();
            if let Some(address) = listens_on(&said) {
                service.address = address;
                return Ok(service);
            }
            let has_ended = service.process.try_wait().is_ok_and(|status| status.is_some());
            if has_ended || start.elapsed() > START_PATIENCE {
                return Err(BenchError::Program { program: "the service".to_owned(), said });
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its size now.
    pub(crate) fn memory(&self) -> Result<Memory, BenchError> {
        let file = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&file).map_err(doing(format!("read {file}")))?;
        Ok(Memory { held: size(&status, "VmRSS:"), peak: size(&status, "VmHWM:") })
    }

    /// Lets the peak begin anew at what it holds now.
    pub(crate) fn forget_peak(&self) -> Result<(), BenchError> {
        let file = format!("/proc/{}/clear_refs", self.process.id());
        fs::write(&file, "5").map_err(doing(format!("write {file}")))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already; every answered change is in the database.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listens_on(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("listening on http://")?;
    // The end of the address must have been written, too.
    let (address, _) = rest.split_once(char::is_whitespace)?;
    Some(address.to_owned())
}

/// A size in /proc's status, in bytes.
fn size(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().map_or(0, |kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_addresses_are_read() {
        let status = "Name:\tpaddles\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!((size(status, "VmHWM:"), size(status, "VmRSS:")), (2 << 20, 1 << 20));
        assert_eq!(listens_on("INFO listening on http://127.0.0.1:80"), None);
        assert_eq!(listens_on("INFO listening on http://127.0.0.1:80 x").as_deref(), Some("127.0.0.1:80"));
    }
}
