//! The process, as the system sees it. Where there is no `/proc` nothing is told.

use std::fs;
use std::sync::LazyLock;

use crate::clock::unix_time;
use crate::measures::Figures;

/// Near enough: the first who asks is a part of the start.
static STARTED: LazyLock<i64> = LazyLock::new(unix_time);

/// Remembers when the process started.
pub(crate) fn remember_start() {
    LazyLock::force(&STARTED);
}

/// Tells memory, open files and the start.
pub(crate) fn tell(figures: &mut Figures<'_>) {
    figures.gauge("process_start_time_seconds", "When the process started", *STARTED);
    if let Some(bytes) = resident_memory() {
        figures.gauge("process_resident_memory_bytes", "Memory of the process", bytes);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        let open = i64::try_from(files.count()).unwrap_or(i64::MAX);
        figures.gauge("process_open_fds", "Open files and sockets", open);
    }
}

fn resident_memory() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
