//! Which runs are copied.

use paddles_domain::{Day, Run, RunName};
use paddles_repository::RunCondition;

/// The runs that are copied, with their jobs: those for which everything holds that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Scheduled on this day or later.
    pub since: Option<Day>,
    /// Of this suite.
    pub suite: Option<String>,
    /// Of this branch.
    pub branch: Option<String>,
    /// Called by one of these names, if there are any.
    pub runs: Vec<RunName>,
}

impl Selection {
    /// Whether every run is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// The same as the port puts it.
    pub fn conditions(&self) -> Vec<RunCondition> {
        let mut conditions = Vec::new();
        // Behind the last day comes no other.
        let forever = Day::LAST.end();
        conditions.extend(self.since.map(|day| RunCondition::Scheduled(day.start(), forever)));
        conditions.extend(self.suite.clone().map(RunCondition::Suite));
        conditions.extend(self.branch.clone().map(RunCondition::Branch));
        if !self.runs.is_empty() {
            conditions.push(RunCondition::Named(self.runs.clone()));
        }
        conditions
    }

    /// Whether this run is wanted.
    pub fn takes(&self, run: &Run) -> bool {
        self.since.is_none_or(|day| run.scheduled.is_some_and(|scheduled| scheduled >= day.start()))
            && self.suite.is_none_or_is(run.suite.as_deref())
            && self.branch.is_none_or_is(run.branch.as_deref())
            && (self.runs.is_empty() || self.runs.contains(&run.name))
    }
}

trait NoneOrIs {
    fn is_none_or_is(&self, value: Option<&str>) -> bool;
}

impl NoneOrIs for Option<String> {
    fn is_none_or_is(&self, value: Option<&str>) -> bool {
        self.is_none() || self.as_deref() == value
    }
}
