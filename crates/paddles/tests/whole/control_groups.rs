//! Groups of processes that share the processors by weight, as units of systemd with a `CPUWeight=` do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A process and those that it started, in a group of their own. They go back to all others when this value is dropped.
pub(crate) struct ControlGroup {
    folder: PathBuf,
}

impl ControlGroup {
    /// Moves the process into a new group of this weight; 100 is what others have. Fails where groups cannot be made: without rights, or without their controller.
    pub(crate) fn of(process_id: u32, weight: u32) -> io::Result<Self> {
        let (root, file, weight) = hierarchy(weight)?;
        let group = Self { folder: root.join(format!("paddles-test-{process_id}")) };
        fs::create_dir(&group.folder)?;
        fs::write(group.folder.join(file), weight.to_string())?;
        for id in [process_id].into_iter().chain(children(process_id)?) {
            move_to(&group.folder, &id.to_string())?;
        }
        Ok(group)
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        let rest = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        for id in rest.lines() {
            // It may have ended by now.
            let _ = self.folder.parent().map(|all| move_to(all, id));
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where groups are made that share processors, and the file of a group that says its share, with what it says for this weight.
fn hierarchy(weight: u32) -> io::Result<(PathBuf, &'static str, u32)> {
    let older = Path::new("/sys/fs/cgroup/cpu");
    if older.is_dir() {
        return Ok((older.to_owned(), "cpu.shares", weight * 1024 / 100));
    }
    let newer = PathBuf::from("/sys/fs/cgroup");
    fs::write(newer.join("cgroup.subtree_control"), "+cpu")?;
    Ok((newer, "cpu.weight", weight))
}

fn move_to(folder: &Path, process_id: &str) -> io::Result<()> {
    fs::write(folder.join("cgroup.procs"), process_id)
}

/// The processes that this one has started.
fn children(parent: u32) -> io::Result<Vec<u32>> {
    let is_child = |id: &u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:\t") == Some(&parent.to_string()))
    };
    let names = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(names.filter(is_child).collect())
}
