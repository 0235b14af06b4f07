//! What the HTTP side lets its operator choose.

use std::num::NonZeroU32;
use std::time::Duration;

use paddles_domain::{Admission, Auth, LabZone};

use crate::{AccessLog, ExpirySchedule, LogLinkTemplate, TrustedNetworks, TrustedProxies};

/// How the service answers.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The public base URL of the service, without a slash at its end: what links to runs and jobs begin with.
    pub address: String,
    /// Where a job's log can be read.
    pub job_log_link: LogLinkTemplate,
    /// Which new jobs are let in.
    pub admission: Admission,
    /// The lab's clock.
    pub zone: LabZone,
    /// How many runs a list holds when the request does not say.
    pub default_runs_count: u32,
    /// How runs are shown when the request does not say.
    pub default_runs_view: RunsView,
    /// Where finished jobs are counted, if anywhere.
    pub statsd: Option<StatsdSettings>,
    /// Who may do what.
    pub access: AccessSettings,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// How long a body may take to come, and then each question to the database.
    pub request_timeout: Duration,
    /// How many connections there may be at once; more wait to be accepted.
    pub connections: usize,
    /// How many requests a client may send in a second; no limit if there is none.
    pub rate_limit: Option<NonZeroU32>,
    /// Which requests have a line in the log.
    pub access_log: AccessLog,
    /// When jobs expire, if the service sees to it.
    pub expiry: Option<ExpirySchedule>,
    /// How many threads serve connections.
    pub workers: usize,
    /// How many questions are asked of the repository at once; as many as it has connections.
    pub askers: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            address: "http://127.0.0.1:8080".to_owned(),
            job_log_link: LogLinkTemplate::default(),
            admission: Admission::default(),
            zone: LabZone::default(),
            default_runs_count: 100,
            default_runs_view: RunsView::default(),
            statsd: None,
            access: AccessSettings::default(),
            body_limit: 8 * 1024 * 1024,
            request_timeout: Duration::from_mins(1),
            connections: 20_000,
            rate_limit: None,
            access_log: AccessLog::default(),
            expiry: None,
            workers: 2,
            askers: 4,
        }
    }
}

/// Who may do what.
#[derive(Debug, Clone, Default)]
pub struct AccessSettings {
    /// How much is asked of those who use the service.
    pub auth: Auth,
    /// Networks whose senders need no token.
    pub trusted_networks: TrustedNetworks,
    /// Proxies that say for whom they ask.
    pub trusted_proxies: TrustedProxies,
}

/// A statsd server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsdSettings {
    /// Its host, with a port if that is not 8125.
    pub host: String,
    /// What the names of counters begin with.
    pub prefix: String,
}

/// How `/runs/` and `/runs/{name}/` show runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunsView {
    /// Whole run documents: what every live client reads.
    #[default]
    Full,
    /// Objects keyed by name or id, with a link, whether it runs, and what passed: what the documentation of paddles
    /// promises.
    Summary,
}

/// A word that is no view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("view takes full or summary")]
pub struct UnknownRunsView;

impl RunsView {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Summary => "summary",
        }
    }
}

impl std::fmt::Display for RunsView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for RunsView {
    type Err = UnknownRunsView;

    fn from_str(word: &str) -> Result<Self, UnknownRunsView> {
        [Self::Full, Self::Summary].into_iter().find(|view| view.as_str() == word).ok_or(UnknownRunsView)
    }
}
