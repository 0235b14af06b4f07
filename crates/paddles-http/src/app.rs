//! What every handler can reach.

use std::sync::Arc;
use std::time::Duration;

use paddles_domain::{Admission, LabZone};
use paddles_repository::Repository;

use crate::answer_room::AnswerRoom;
use crate::bridge::Bridge;
use crate::job_counters::JobCounters;
use crate::known_tokens::KnownTokens;
use crate::lab_watch::LabWatch;
use crate::links::Links;
use crate::measures::Measures;
use crate::rate_limit::RateLimit;
use crate::request_log::AccessLog;
use crate::settings::{AccessSettings, HttpSettings, RunsView};

/// The service as handlers see it.
pub(crate) struct App {
    pub(crate) bridge: Bridge,
    pub(crate) links: Links,
    pub(crate) counters: JobCounters,
    pub(crate) admission: Admission,
    pub(crate) zone: LabZone,
    pub(crate) default_runs_count: u32,
    pub(crate) default_runs_view: RunsView,
    pub(crate) body_limit: usize,
    pub(crate) access: AccessSettings,
    pub(crate) tokens: KnownTokens,
    pub(crate) request_timeout: Duration,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) access_log: AccessLog,
    pub(crate) measures: Measures,
    pub(crate) room: Arc<AnswerRoom>,
    pub(crate) watch: LabWatch,
}

impl App {
    pub(crate) fn new(bridge: Bridge, repository: &Arc<dyn Repository>, settings: HttpSettings) -> Self {
        Self {
            watch: LabWatch::new(bridge.clone(), repository),
            bridge,
            counters: JobCounters::new(settings.statsd.as_ref()),
            links: Links::new(&settings.address, settings.job_log_link),
            admission: settings.admission,
            zone: settings.zone,
            default_runs_count: settings.default_runs_count,
            default_runs_view: settings.default_runs_view,
            body_limit: settings.body_limit,
            access: settings.access,
            tokens: KnownTokens::default(),
            request_timeout: settings.request_timeout,
            rate_limit: settings.rate_limit.map(RateLimit::new),
            access_log: settings.access_log,
            measures: Measures::new(),
            room: Arc::default(),
        }
    }
}
