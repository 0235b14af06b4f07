//! What the system says of the service's process.

use std::fs;

use crate::service::Service;

/// A line of the process's status, in KB: `VmRSS:` is its memory now, `VmHWM:` the most that it ever was.
pub(crate) fn memory(service: &Service, line: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", service.process_id())).unwrap();
    let line = status.lines().find_map(|shown| shown.strip_prefix(line)).unwrap();
    line.trim_matches(|other: char| !other.is_ascii_digit()).parse().unwrap()
}

/// How many files and connections it has open.
pub(crate) fn open_files(service: &Service) -> usize {
    fs::read_dir(format!("/proc/{}/fd", service.process_id())).unwrap().count()
}
