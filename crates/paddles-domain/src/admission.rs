//! Which new jobs are let in.

use crate::{JobKey, JobReport, RunName};

/// How a job is admitted that names an unknown run or carries no id: the documentation of paddles and the servers that
/// labs run differ there.
///
/// ```
/// use paddles_domain::{Admission, JobId, JobReport, Refused, RunName};
///
/// let run = RunName::new("somebody-else's")?;
/// let report = JobReport { job_id: Some(JobId::new("7001")?), ..JobReport::default() };
/// assert_eq!(Admission::Deployed.admit(&run, false, &report), Ok(()));
/// assert_eq!(Admission::Documented.admit(&run, false, &report), Err(Refused::UnknownRun));
/// # Ok::<(), paddles_domain::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Admission {
    /// A run is created by a job whose own `name` is the run's, and an id is picked for a job that names a `queue`.
    /// Every job of teuthology does both.
    #[default]
    Documented,
    /// A run is created by any job, and an id is picked for any job.
    Deployed,
}

/// Why a new job is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Refused {
    /// Its run does not exist, and it does not say that it is its own.
    #[error("the run was not found, and the job's name is not the run's, which would create it")]
    UnknownRun,
    /// It has no id, and names no queue that would give it one.
    #[error("could not find required key: 'job_id'")]
    NoJobId,
}

/// A word that is no admission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("admission takes documented or deployed")]
pub struct UnknownAdmission;

impl Admission {
    /// Whether a job that comes as `report` may be added to `run`, which exists or is to be created for it.
    pub fn admit(self, run: &RunName, run_exists: bool, report: &JobReport) -> Result<(), Refused> {
        match self {
            Self::Deployed => Ok(()),
            Self::Documented => {
                let names_its_run = report.patch.text(JobKey::Name) == Some(run.as_str());
                let names_a_queue = report.patch.text(JobKey::Queue).is_some_and(|queue| !queue.is_empty());
                if report.job_id.is_none() && !names_a_queue {
                    Err(Refused::NoJobId)
                } else if !run_exists && !names_its_run {
                    Err(Refused::UnknownRun)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The word for it in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Deployed => "deployed",
        }
    }
}

impl std::fmt::Display for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Admission {
    type Err = UnknownAdmission;

    fn from_str(word: &str) -> Result<Self, UnknownAdmission> {
        [Self::Documented, Self::Deployed].into_iter().find(|one| one.as_str() == word).ok_or(UnknownAdmission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobId, JobPatch, Value};

    fn check(job_id: Option<&str>, keys: &[(JobKey, &str)], run_exists: bool, documented: Result<(), Refused>) {
        let mut patch = JobPatch::default();
        for (key, text) in keys {
            patch.set(*key, Some(Value::Text((*text).to_owned())));
        }
        let report = JobReport { job_id: job_id.map(|id| JobId::new(id).unwrap()), patch };
        let run = RunName::new("r").unwrap();
        assert_eq!(Admission::Documented.admit(&run, run_exists, &report), documented, "{report:?}");
        assert_eq!(Admission::Deployed.admit(&run, run_exists, &report), Ok(()), "{report:?}");
    }

    #[test]
    fn a_job_creates_only_its_own_run() {
        check(Some("1"), &[], true, Ok(()));
        check(Some("1"), &[], false, Err(Refused::UnknownRun));
        check(Some("1"), &[(JobKey::Name, "r")], false, Ok(()));
        check(Some("1"), &[(JobKey::Name, "R")], false, Err(Refused::UnknownRun));
    }

    #[test]
    fn a_queue_gives_ids() {
        check(None, &[], true, Err(Refused::NoJobId));
        check(None, &[(JobKey::Queue, "")], true, Err(Refused::NoJobId));
        check(None, &[(JobKey::Queue, "smithi")], true, Ok(()));
        check(None, &[(JobKey::Queue, "smithi")], false, Err(Refused::UnknownRun));
        check(None, &[(JobKey::Queue, "smithi"), (JobKey::Name, "r")], false, Ok(()));
    }

    #[test]
    fn words_and_admissions_are_the_same_thing() {
        assert_eq!("deployed".parse(), Ok(Admission::Deployed));
        assert_eq!("documented".parse(), Ok(Admission::Documented));
        assert_eq!("Deployed".parse::<Admission>(), Err(UnknownAdmission));
    }
}
