//! Reports that leave their job as it was.

use crate::{JobKey, JobStatus, Timestamp, Value};

/// What a report changes of a job which is in the state already that the report tells: keys that no rule looks at, and the
/// times at which the job and its run were last heard of. Nothing of the job has to be read for it.
///
/// Each running job sends one every two minutes, so they are most of what a lab writes.
///
/// ```
/// use paddles_domain::{JobPatch, JobStatus, Timestamp};
///
/// let now: Timestamp = "2020-01-02 03:04:05".parse()?;
/// assert_eq!(JobPatch::default().heartbeat(now).unwrap().states, None);
/// let running = JobPatch::with_status(JobStatus::Running).heartbeat(now).unwrap();
/// assert_eq!(running.states, Some(vec![JobStatus::Running, JobStatus::Pass, JobStatus::Fail]));
/// # Ok::<(), paddles_domain::TimestampError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The states in which the job stays as it is; `None` if in all.
    pub states: Option<Vec<JobStatus>>,
    /// When the job was last heard of: now, or what the report said.
    pub updated: Timestamp,
    /// The keys to write; all others keep what they have.
    pub values: Vec<(JobKey, Option<Value>)>,
}

impl Heartbeat {
    /// Keys that rules, runs, nodes or searches follow.
    const FOLLOWED: [JobKey; 8] = [
        JobKey::Branch,
        JobKey::Description,
        JobKey::Flavor,
        JobKey::MachineType,
        JobKey::Priority,
        JobKey::Sha1,
        JobKey::Suite,
        JobKey::Targets,
    ];

    /// Whether something follows `key`, so that a patch of it is no heartbeat.
    pub(crate) fn is_followed(key: JobKey) -> bool {
        Self::FOLLOWED.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{JobFacts, JobId, JobPatch, LabZone, Run, RunName};

    fn patches() -> impl Strategy<Value = JobPatch> {
        let text = prop_oneof![Just(None), "[a-z]{0,3}".prop_map(|text| Some(Value::Text(text)))];
        let truth = any::<Option<bool>>().prop_map(|truth| truth.map(Value::Boolean));
        let texts = prop::sample::select(vec![JobKey::Pid, JobKey::FailureReason, JobKey::Sha1, JobKey::Suite]);
        let status = prop::option::of(prop::sample::select(JobStatus::ALL.to_vec()));
        let success = prop::option::of(truth);
        (status, prop::collection::vec((texts, text), 0..3), success).prop_map(|(status, values, success)| {
            let mut patch = status.map(JobPatch::with_status).unwrap_or_default();
            for (key, value) in values {
                patch.set(key, value);
            }
            if let Some(success) = success {
                patch.set(JobKey::Success, success);
            }
            patch
        })
    }

    proptest! {
        /// What the rules make of such a report is what it says: only the times move.
        #[test]
        fn a_heartbeat_changes_nothing_else(
            patch in patches(),
            state in prop::sample::select(JobStatus::ALL.to_vec()),
            has_started in any::<bool>(),
        ) {
            let (posted, now): (Timestamp, Timestamp) =
                ("2020-01-02 03:04:05".parse().unwrap(), "2020-01-02 04:00:00".parse().unwrap());
            let Some(beat) = patch.heartbeat(now) else {
                prop_assert!(patch.text(JobKey::Sha1).is_some() || patch.text(JobKey::Suite).is_some()
                    || patch.get(JobKey::Sha1).is_some() || patch.get(JobKey::Suite).is_some());
                return Ok(());
            };
            let kept = match &beat.states {
                Some(states) if !states.contains(&state) => states[0],
                _ => state,
            };
            let job_id = JobId::new("1").unwrap();
            let mut run = Run::new(RunName::new("r").unwrap(), LabZone::default(), posted);
            let created = JobPatch::with_status(kept).create(posted);
            run.follow(&job_id, None, &created);
            let before = JobFacts { started: has_started.then_some(posted).or(created.after.started), ..created.after };

            let change = patch.update(&before, now);
            prop_assert_eq!(&change.after, &before);
            prop_assert_eq!((change.updated, &change.values), (beat.updated, &beat.values));
            let mut followed = run.clone();
            followed.follow(&job_id, Some(&before), &change);
            prop_assert_eq!(followed, Run { updated: Some(beat.updated), ..run });
        }
    }
}
