//! When jobs expire of which nobody hears any more.

use std::fmt::Display;

use paddles_domain::ExpiryRule;
use paddles_http::ExpirySchedule;
use serde::Deserialize;

use super::Variables;
use super::period::{PERIOD, PERIOD_OR_OFF, Period, span};
use super::setting::{Setting, SettingError, parse, setting};

#[derive(Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the names of the variables")]
struct Given {
    expire_every: Option<String>,
    expire_running_after: Option<String>,
    expire_queued_after: Option<String>,
}

/// The settings of the schedule.
#[derive(Debug)]
pub(crate) struct ExpirySettings {
    pub(crate) every: Setting<Period>,
    pub(crate) running_after: Setting<Period>,
    pub(crate) queued_after: Setting<Period>,
}

impl ExpirySettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let rule = ExpiryRule::default();
        let (running, queued) = (Period::of(rule.running), Period::of(rule.queued));
        Ok(Self {
            every: setting("EXPIRE_EVERY", given.expire_every, Period(None), PERIOD_OR_OFF, parse)?,
            running_after: setting("EXPIRE_RUNNING_AFTER", given.expire_running_after, running, PERIOD, span)?,
            queued_after: setting("EXPIRE_QUEUED_AFTER", given.expire_queued_after, queued, PERIOD, span)?,
        })
    }

    /// Which jobs are due.
    pub(crate) fn rule(&self) -> ExpiryRule {
        let default = ExpiryRule::default();
        ExpiryRule {
            running: self.running_after.value.0.unwrap_or(default.running),
            queued: self.queued_after.value.0.unwrap_or(default.queued),
        }
    }

    /// The schedule, if the service keeps one.
    pub(super) fn schedule(&self) -> Option<ExpirySchedule> {
        self.every.value.0.map(|every| ExpirySchedule { every, rule: self.rule() })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.every, &self.running_after, &self.queued_after]
    }
}
