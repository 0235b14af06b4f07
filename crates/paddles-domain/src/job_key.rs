//! Every key of a job that reporters fill, and what each takes.

use std::borrow::Cow;

/// A key of a job's document that a reporter may write. The order is that of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the keys are teuthology's; the table below says what each takes")]
pub enum JobKey {
    Name,
    Description,
    Owner,
    User,
    Email,
    Suite,
    Branch,
    Sha1,
    Flavor,
    MachineType,
    OsType,
    OsVersion,
    Queue,
    Priority,
    Pid,
    Success,
    FailureReason,
    Duration,
    Timestamp,
    ArchivePath,
    SentryEvent,
    PcpGrafanaUrl,
    IssueUrl,
    Comment,
    Kernel,
    Overrides,
    Roles,
    Targets,
    Tasks,
    TeuthologyBranch,
    SuiteBranch,
    SuitePath,
    SuiteRelpath,
    SuiteRepo,
    SuiteSha1,
    Subset,
    Seed,
    PackageSource,
    LastInSuite,
    NukeOnError,
    Verbose,
    MonAKernelSha1,
    MonBKernelSha1,
}

/// What a key takes, and how leniently a report is read: see [`crate::JobPatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of any length.
    Text,
    /// Text that lists and filters look up, short enough for an index.
    IndexedText,
    /// A whole number of 32 bits.
    Integer,
    /// True or false.
    Boolean,
    /// Any JSON.
    Document,
    /// A JSON object, from host to key.
    Targets,
    /// A date and time in the form of run names.
    NameTime,
}

const KEYS: [(JobKey, &str, Kind); 43] = [
    (JobKey::Name, "name", Kind::Text),
    (JobKey::Description, "description", Kind::Text),
    (JobKey::Owner, "owner", Kind::Text),
    (JobKey::User, "user", Kind::IndexedText),
    (JobKey::Email, "email", Kind::Text),
    (JobKey::Suite, "suite", Kind::IndexedText),
    (JobKey::Branch, "branch", Kind::IndexedText),
    (JobKey::Sha1, "sha1", Kind::IndexedText),
    (JobKey::Flavor, "flavor", Kind::IndexedText),
    (JobKey::MachineType, "machine_type", Kind::IndexedText),
    (JobKey::OsType, "os_type", Kind::Text),
    (JobKey::OsVersion, "os_version", Kind::Text),
    (JobKey::Queue, "queue", Kind::IndexedText),
    (JobKey::Priority, "priority", Kind::Integer),
    (JobKey::Pid, "pid", Kind::Text),
    (JobKey::Success, "success", Kind::Boolean),
    (JobKey::FailureReason, "failure_reason", Kind::Text),
    (JobKey::Duration, "duration", Kind::Integer),
    (JobKey::Timestamp, "timestamp", Kind::NameTime),
    (JobKey::ArchivePath, "archive_path", Kind::Text),
    (JobKey::SentryEvent, "sentry_event", Kind::Text),
    (JobKey::PcpGrafanaUrl, "pcp_grafana_url", Kind::Text),
    (JobKey::IssueUrl, "issue_url", Kind::Text),
    (JobKey::Comment, "comment", Kind::Text),
    (JobKey::Kernel, "kernel", Kind::Document),
    (JobKey::Overrides, "overrides", Kind::Document),
    (JobKey::Roles, "roles", Kind::Document),
    (JobKey::Targets, "targets", Kind::Targets),
    (JobKey::Tasks, "tasks", Kind::Document),
    (JobKey::TeuthologyBranch, "teuthology_branch", Kind::Text),
    (JobKey::SuiteBranch, "suite_branch", Kind::IndexedText),
    (JobKey::SuitePath, "suite_path", Kind::Text),
    (JobKey::SuiteRelpath, "suite_relpath", Kind::Text),
    (JobKey::SuiteRepo, "suite_repo", Kind::Text),
    (JobKey::SuiteSha1, "suite_sha1", Kind::IndexedText),
    (JobKey::Subset, "subset", Kind::Text),
    (JobKey::Seed, "seed", Kind::Integer),
    (JobKey::PackageSource, "package_source", Kind::Text),
    (JobKey::LastInSuite, "last_in_suite", Kind::Boolean),
    (JobKey::NukeOnError, "nuke_on_error", Kind::Boolean),
    (JobKey::Verbose, "verbose", Kind::Boolean),
    (JobKey::MonAKernelSha1, "mon_a_kernel_sha1", Kind::Text),
    (JobKey::MonBKernelSha1, "mon_b_kernel_sha1", Kind::Text),
];

impl JobKey {
    /// How many keys there are.
    pub const COUNT: usize = KEYS.len();

    /// Every key, in the order of the document.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        KEYS.iter().map(|(key, ..)| *key)
    }

    /// The key as it stands in documents; its column in the database has the same name.
    pub fn name(self) -> &'static str {
        KEYS[self as usize].1
    }

    /// What the key takes.
    pub fn kind(self) -> Kind {
        KEYS[self as usize].2
    }

    /// The key of this exact name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|key| key.name() == name)
    }
}

/// The name under which a reporter's key is kept: hyphens and dots become underscores, since teuthology sends both
/// (`nuke-on-error`, `mon.a-kernel-sha1`).
pub fn normalise_key(key: &str) -> Cow<'_, str> {
    if key.contains(['-', '.']) { Cow::Owned(key.replace(['-', '.'], "_")) } else { Cow::Borrowed(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_keys() {
        for (place, key) in JobKey::all().enumerate() {
            assert_eq!(key as usize, place, "{key:?}");
            assert_eq!(JobKey::from_name(key.name()), Some(key));
        }
    }

    #[test]
    fn keys_are_normalised() {
        fn check(key: &str, expected: &str) {
            assert_eq!(normalise_key(key), expected);
        }
        check("mon.a_kernel_sha1", "mon_a_kernel_sha1");
        check("mon-a-kernel-sha1", "mon_a_kernel_sha1");
        check("mon.b-kernel-sha1", "mon_b_kernel_sha1");
        check("nuke-on-error", "nuke_on_error");
        check("description", "description");
    }
}
