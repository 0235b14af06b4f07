//! When a job that nobody hears of any more counts as dead.

use std::time::Duration;

use crate::{JobStatus, Timestamp};

/// How long jobs may be silent. A supervisor reports each running job every two minutes; one that died with its machine
/// reports no more, and its job would run for ever. A queued job may have been lost by the queue.
///
/// ```
/// use paddles_domain::{ExpiryRule, JobStatus, Timestamp};
///
/// let rule = ExpiryRule::default();
/// let posted: Timestamp = "2020-01-02 03:00:00".parse()?;
/// let heard: Timestamp = "2020-01-02 04:00:00".parse()?;
/// let now: Timestamp = "2020-01-02 04:31:00".parse()?;
/// assert!(rule.is_due(JobStatus::Running, Some(posted), Some(heard), now));
/// assert!(!rule.is_due(JobStatus::Queued, Some(posted), Some(heard), now));
/// assert!(!rule.is_due(JobStatus::Waiting, Some(posted), Some(heard), now));
/// # Ok::<(), paddles_domain::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryRule {
    /// A running job is dead when nothing was heard of it for so long.
    pub running: Duration,
    /// A queued job is dead when it was posted so long ago.
    pub queued: Duration,
}

impl Default for ExpiryRule {
    fn default() -> Self {
        Self { running: Duration::from_mins(30), queued: Duration::from_hours(14 * 24) }
    }
}

impl ExpiryRule {
    /// The states whose jobs may be due.
    pub const STATES: [JobStatus; 2] = [JobStatus::Running, JobStatus::Queued];

    /// What is older than this is due, of jobs in `status`; `None` if such jobs never are.
    pub fn limit(&self, status: JobStatus, now: Timestamp) -> Option<Timestamp> {
        match status {
            JobStatus::Running => Some(now.earlier(self.running)),
            JobStatus::Queued => Some(now.earlier(self.queued)),
            _ => None,
        }
    }

    /// The moment that counts for a job in `status`: when a running one was last heard of, when any other was posted.
    pub fn counted_from(status: JobStatus, posted: Option<Timestamp>, updated: Option<Timestamp>) -> Option<Timestamp> {
        match status {
            JobStatus::Running => updated.or(posted),
            _ => posted.or(updated),
        }
    }

    /// Whether a job is to be dead. One of which no time is known is: nobody keeps it alive.
    pub fn is_due(
        &self,
        status: JobStatus,
        posted: Option<Timestamp>,
        updated: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        self.limit(status, now)
            .is_some_and(|limit| Self::counted_from(status, posted, updated).is_none_or(|moment| moment < limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn silence_is_counted_from_the_last_report_and_waiting_from_the_first() {
        fn check(status: JobStatus, posted: Option<&str>, updated: Option<&str>, is_due: bool) {
            let now = at("2020-02-01 12:00:00");
            assert_eq!(ExpiryRule::default().is_due(status, posted.map(at), updated.map(at), now), is_due, "{status}");
        }
        let (long_ago, lately) = (Some("2020-01-01 12:00:00"), Some("2020-02-01 11:59:00"));
        check(JobStatus::Running, long_ago, lately, false);
        check(JobStatus::Running, long_ago, Some("2020-02-01 11:30:00"), false);
        check(JobStatus::Running, long_ago, Some("2020-02-01 11:29:59"), true);
        check(JobStatus::Running, long_ago, None, true);
        check(JobStatus::Running, None, None, true);
        check(JobStatus::Queued, lately, long_ago, false);
        check(JobStatus::Queued, Some("2020-01-18 12:00:00"), lately, false);
        check(JobStatus::Queued, Some("2020-01-18 11:59:59"), lately, true);
        for status in [JobStatus::Waiting, JobStatus::Pass, JobStatus::Fail, JobStatus::Dead, JobStatus::Unknown] {
            check(status, long_ago, long_ago, false);
            check(status, None, None, false);
        }
    }

    #[test]
    fn a_rule_may_be_longer_than_time_itself() {
        let never = ExpiryRule { running: Duration::MAX, queued: Duration::MAX };
        let first = Some(at("0001-01-01 00:00:00"));
        assert!(!never.is_due(JobStatus::Running, first, first, at("2020-01-01 00:00:00")));
    }

    proptest! {
        #[test]
        fn what_is_due_stays_due(heard in 0_u32..5_000, now in 0_u32..5_000, later in 0_u32..5_000) {
            let minute = |minutes: u32| at("2020-01-01 00:00:00").later(Duration::from_mins(minutes.into()));
            let rule = ExpiryRule { running: Duration::from_mins(30), queued: Duration::from_hours(1) };
            for status in ExpiryRule::STATES {
                let due = |now| rule.is_due(status, Some(minute(heard)), Some(minute(heard)), minute(now));
                prop_assert!(!due(now) || due(now + later));
            }
        }
    }
}
