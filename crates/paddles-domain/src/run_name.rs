//! What a run is called, and what its name tells.

use std::fmt;

use crate::timestamp::parse_name_time;
use crate::{LabZone, NameError, Timestamp, check_name};

/// The name of a run, by which clients address it: text of 1 to 1,024 characters that fits into one path segment.
///
/// teuthology builds it as `USER-TIME-SUITE-BRANCH-KERNEL-FLAVOR-MACHINE`; any other text is a name too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct RunName(String);

impl RunName {
    /// The name `text`, if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check_name("name", &text)?;
        Ok(Self(text))
    }

    /// A name that a database kept. It was checked when it came, or came before there were checks.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name tells about the run, its time read off the lab's clock in `zone`.
    pub fn tell(&self, zone: LabZone) -> NameParts {
        let forms = [Form::MachineAndDistro, Form::Machine, Form::Bare, Form::UnlistedSuite];
        forms.iter().find_map(|form| form.parse(&self.0, zone)).unwrap_or_default()
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a run's name tells. Parts that it does not tell are empty: clients expect text there, not null.
///
/// ```
/// use paddles_domain::{LabZone, RunName};
///
/// let name = RunName::new("teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana")?;
/// let parts = name.tell(LabZone::default());
/// assert_eq!(parts.user, "teuthology");
/// assert_eq!(parts.suite, "rados");
/// assert_eq!(parts.branch, "master");
/// assert_eq!(parts.kernel_branch, "testing");
/// assert_eq!(parts.flavor, "basic");
/// assert_eq!(parts.machine_type, "plana");
/// assert_eq!(parts.scheduled.unwrap().to_string(), "2013-09-25 23:00:06");
/// # Ok::<(), paddles_domain::NameError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameParts {
    /// Who scheduled the run: all that stands before the time.
    pub user: String,
    /// When the run was scheduled; `None` when the name tells nothing.
    pub scheduled: Option<Timestamp>,
    /// The suite, slices included (`rados:thrash`).
    pub suite: String,
    /// The branch of Ceph under test.
    pub branch: String,
    /// The branch of the kernel.
    pub kernel_branch: String,
    /// The flavor of the build.
    pub flavor: String,
    /// The type of the machines, if it is one of the old ones that names were made for.
    pub machine_type: String,
}

/// The shapes of a name, tried in this order over the whole name.
#[derive(Clone, Copy)]
enum Form {
    MachineAndDistro,
    Machine,
    Bare,
    UnlistedSuite,
}

impl Form {
    /// Of several times in the name the last that lets the rest match is the run's.
    fn parse(self, name: &str, zone: LabZone) -> Option<NameParts> {
        times(name).rev().find_map(|time| {
            let parts = self.parse_rest(time.rest)?;
            Some(NameParts { user: trim(time.user), scheduled: Some(zone.moment(time.moment)), ..parts })
        })
    }

    /// Reads what follows the time.
    fn parse_rest(self, rest: &str) -> Option<NameParts> {
        match self {
            Self::MachineAndDistro => {
                let (rest, distro) = rest.rsplit_once('-')?;
                if DISTROS.contains(&distro) { Self::Machine.parse_rest(rest) } else { None }
            }
            Self::Machine => {
                let (rest, machine_type) = rest.rsplit_once('-')?;
                let parts = Self::Bare.parse_rest(rest)?;
                MACHINES.contains(&machine_type).then(|| NameParts { machine_type: machine_type.to_owned(), ..parts })
            }
            Self::Bare => SUITES.iter().find_map(|suite| parse_listed_suite(rest, suite)),
            Self::UnlistedSuite => parse_unlisted_suite(rest),
        }
    }
}

/// `SUITE-BRANCH-KERNEL-FLAVOR`, where SUITE is `listed` plus anything up to the next hyphen.
fn parse_listed_suite(rest: &str, listed: &str) -> Option<NameParts> {
    let end = listed.len() + rest.strip_prefix(listed)?.find('-')?;
    let (suite, branch_kernel_flavor) = (&rest[..end], &rest[end + 1..]);
    let (branch_kernel, flavor) = branch_kernel_flavor.rsplit_once('-')?;
    let (branch, kernel_branch) = branch_kernel.rsplit_once('-')?;
    Some(NameParts {
        suite: trim(suite),
        branch: trim(branch),
        kernel_branch: trim(kernel_branch),
        flavor: trim(flavor),
        ..NameParts::default()
    })
}

/// `SUITE-BRANCH-KERNEL-FLAVOR-MACHINE` with a suite that is in no list. Deployed servers keep no machine type then, and
/// labs filter by what they kept.
fn parse_unlisted_suite(rest: &str) -> Option<NameParts> {
    let (rest, _machine) = rest.rsplit_once('-')?;
    let (rest, flavor) = rest.rsplit_once('-')?;
    let (rest, kernel_branch) = rest.rsplit_once('-')?;
    let (suite, branch) = rest.rsplit_once('-')?;
    Some(NameParts {
        suite: trim(suite),
        branch: trim(branch),
        kernel_branch: trim(kernel_branch),
        flavor: trim(flavor),
        ..NameParts::default()
    })
}

fn trim(part: &str) -> String {
    part.trim_matches(|c: char| c == '-' || c.is_whitespace()).to_owned()
}

/// A time in a name, with what stands before and behind it.
struct NameTime<'a> {
    user: &'a str,
    moment: chrono::NaiveDateTime,
    rest: &'a str,
}

/// Every `-TIME-` in the name, from left to right.
fn times(name: &str) -> impl DoubleEndedIterator<Item = NameTime<'_>> {
    name.match_indices('-').filter_map(|(hyphen, _)| {
        let behind = &name[hyphen + 1..];
        // A time holds two hyphens of its own: the third one ends it.
        let (end, _) = behind.match_indices('-').nth(2)?;
        let moment = parse_name_time(&behind[..end])?;
        Some(NameTime { user: &name[..hyphen], moment, rest: &behind[end + 1..] })
    })
}

/// The suites that names are cut by, in the order in which they are tried: a longer one stands before its prefix. The
/// list is that of the deployed servers; a name read differently would leave a run out of its suite's page.
const SUITES: &[&str] = &[
    "big",
    "ceph-deploy",
    "clusters",
    "dummy",
    "experimental",
    "fs",
    "hadoop",
    "iozone",
    "kcephfs",
    "knfs",
    "krbd",
    "marginal",
    "mixed-clients",
    "mount",
    "multimds",
    "nfs",
    "powercycle",
    "rados",
    "rbd",
    "rest",
    "rgw",
    "samba",
    "smoke",
    "stress",
    "tgt",
    "upgrade:dumpling-x:stress-split",
    "upgrade:dumpling-x",
    "upgrade:dumpling-emperor-x",
    "upgrade-cuttlefish",
    "upgrade-dumpling",
    "upgrade-fs",
    "upgrade-mixed-cluster",
    "upgrade-mixed-mons",
    "upgrade-parallel",
    "upgrade-rados-double",
    "upgrade-rados",
    "upgrade-rbd-double",
    "upgrade-rbd",
    "upgrade-rgw-double",
    "upgrade-rgw",
    "upgrade-small",
    "upgrade",
    "workload",
];

/// Machine types that names were once made for.
const MACHINES: [&str; 6] = ["burnupi", "mira", "plana", "saya", "tala", "vps"];

/// Distributions that may follow the machine type in a name.
const DISTROS: [&str; 7] = ["centos", "debian", "fedora", "opensuse", "rhel", "suse", "ubuntu"];

#[cfg(test)]
#[path = "run_name_tests.rs"]
mod tests;
