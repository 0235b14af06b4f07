//! Where the service tells what it does: its log, and counters.

use std::fmt::Display;

use paddles_http::{AccessLog, StatsdSettings};
use serde::Deserialize;

use super::Variables;
use super::setting::{Setting, SettingError, parse, setting};
use crate::logging::{LogFilter, LogFormat};

#[derive(Default, Deserialize)]
struct Given {
    statsd_host: Option<String>,
    statsd_prefix: Option<String>,
    log_format: Option<String>,
    log: Option<String>,
    access_log: Option<String>,
}

/// The settings of the log and of counters.
#[derive(Debug)]
pub(crate) struct WatchingSettings {
    pub(crate) statsd_host: Setting<String>,
    pub(crate) statsd_prefix: Setting<String>,
    pub(crate) log_format: Setting<LogFormat>,
    pub(crate) log: Setting<LogFilter>,
    pub(crate) access_log: Setting<AccessLog>,
}

impl WatchingSettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let levels = "levels by module, like info or warn,paddles_http=debug";
        Ok(Self {
            statsd_host: setting("STATSD_HOST", given.statsd_host, String::new(), "a host", parse)?,
            statsd_prefix: setting("STATSD_PREFIX", given.statsd_prefix, "paddles".to_owned(), "text", parse)?,
            log_format: setting("LOG_FORMAT", given.log_format, LogFormat::Text, "text or json", parse)?,
            log: setting("LOG", given.log, LogFilter::default(), levels, parse)?,
            access_log: setting("ACCESS_LOG", given.access_log, AccessLog::default(), "all, errors or off", parse)?,
        })
    }

    /// Where finished jobs are counted: no host, no counters.
    pub(super) fn statsd(&self) -> Option<StatsdSettings> {
        let (host, prefix) = (self.statsd_host.value.clone(), self.statsd_prefix.value.clone());
        (!host.is_empty()).then_some(StatsdSettings { host, prefix })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![&self.statsd_host, &self.statsd_prefix, &self.log_format, &self.log, &self.access_log]
    }
}
