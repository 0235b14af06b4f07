//! Which runs are wanted.

use paddles_domain::{RunName, Timestamp};

/// One thing that a wanted run has; of several all must hold. Values match whole and by case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunCondition {
    /// Its branch.
    Branch(String),
    /// Its machine type.
    MachineType(String),
    /// Its status, in words. Words that are no status match no run.
    Status(String),
    /// Its suite.
    Suite(String),
    /// Who scheduled it.
    User(String),
    /// One of its jobs tests a commit that begins so.
    Sha1Prefix(String),
    /// One of its jobs tests a build of this flavor.
    Flavor(String),
    /// When it was scheduled: from the first moment on, before the second.
    Scheduled(Timestamp, Timestamp),
    /// It was scheduled later than this.
    ScheduledAfter(Timestamp),
    /// It is called by one of these names.
    Named(Vec<RunName>),
}

/// A part of runs whose values can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunIndex {
    /// Their branches.
    Branch,
    /// The days on which they were scheduled.
    Date,
    /// Their machine types.
    MachineType,
    /// Their statuses.
    Status,
    /// Their suites.
    Suite,
    /// Who scheduled them.
    User,
    /// The commits that their jobs test.
    Sha1,
    /// The flavors that their jobs test.
    Flavor,
}
