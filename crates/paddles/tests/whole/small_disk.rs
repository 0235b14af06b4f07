//! A file system of its own that is soon full.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Unmounts when its own standard input ends: with this process, however that ends.
const GUARD: &str =
    "mount -t tmpfs -o size=\"$2\",mode=777 tmpfs \"$1\" && echo mounted; read -r _; umount -l \"$1\"; rmdir \"$1\"";

/// A mounted file system, gone at the end of its scope.
pub(crate) struct SmallDisk {
    folder: PathBuf,
    guard: Child,
}

impl SmallDisk {
    /// Mounts one of this size, as `mount` reads it; `None` where we may not.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("paddles-disk-").tempdir().unwrap().keep();
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "paddles-test-disk"]).arg(&folder).arg(size);
        let mut guard = guard.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut answer = String::new();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut answer).unwrap_or_default();
        let disk = Self { folder, guard };
        (answer == "mounted\n").then_some(disk)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Leaves so many bytes free.
    pub(crate) fn fill(&self, free: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let full = std::iter::repeat_with(|| ballast.write_all(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(free)).unwrap();
    }

    /// Makes room again.
    pub(crate) fn clear(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
