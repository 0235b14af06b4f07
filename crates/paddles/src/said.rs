//! What commands say. What has begun goes on although nobody hears of it: somebody's `head` has read enough, or the disk of a log is
//! full.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::OnceLock;

/// Says a line to whoever reads standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::said::to_output(format_args!($($text)*)) };
}

/// Says a line to whoever watches: standard output may be a program's.
macro_rules! tell {
    ($($text:tt)*) => { $crate::said::to_watcher(format_args!($($text)*)) };
}

/// Why a line could not be written.
static UNTOLD: OnceLock<io::Error> = OnceLock::new();

/// Why not all could be said, if somebody wanted to hear it.
pub(crate) fn untold() -> Option<&'static io::Error> {
    UNTOLD.get()
}

pub(crate) fn to_output(line: Arguments<'_>) {
    match writeln!(io::stdout(), "{line}") {
        // Who read it had enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => drop(UNTOLD.set(error)),
        _ => {}
    }
}

pub(crate) fn to_watcher(line: Arguments<'_>) {
    // There is nowhere left to complain.
    let _ = writeln!(io::stderr(), "{line}");
}
