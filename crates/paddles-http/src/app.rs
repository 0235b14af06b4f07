//! What every handler can reach.

use paddles_domain::{Admission, LabZone};

use crate::bridge::Bridge;
use crate::job_counters::JobCounters;
use crate::known_tokens::KnownTokens;
use crate::links::Links;
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
}

impl App {
    pub(crate) fn new(bridge: Bridge, settings: HttpSettings) -> Self {
        Self {
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
        }
    }
}
