//! What every handler can reach.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use paddles_domain::{Act, Admission, Job, JobId, LabZone, NodeName, QueueName, RunName};
use paddles_repository::{HostedNode, Place, QueueHead, Repository, Stored};

use crate::answer_room::AnswerRoom;
use crate::body_room::BodyRoom;
use crate::bridge::Bridge;
use crate::job_counters::JobCounters;
use crate::known_tokens::KnownTokens;
use crate::lab_watch::LabWatch;
use crate::links::Links;
use crate::measures::Measures;
use crate::other_sites::Site;
use crate::rate_limit::RateLimit;
use crate::request_log::AccessLog;
use crate::settings::{AccessSettings, HttpSettings, RunsView};
use crate::together::{Shared, Together, TogetherByName};

/// The service as handlers see it.
pub(crate) struct App {
    pub(crate) bridge: Bridge,
    pub(crate) links: Links,
    /// Where browsers find this service.
    pub(crate) site: Option<Site>,
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
    pub(crate) bodies: Arc<BodyRoom>,
    pub(crate) watch: LabWatch,
    /// Single rows, and lists that many look at: those who ask at the same time are answered together.
    pub(crate) jobs: Together<(RunName, JobId), Option<Stored<Job>>>,
    pub(crate) known_jobs: Together<(RunName, JobId), bool>,
    pub(crate) nodes: Together<NodeName, Option<HostedNode>>,
    pub(crate) lists: Shared<List>,
    /// Who takes the next job of a queue: they would wait for each other.
    pub(crate) claims: TogetherByName<(QueueName, Act), QueueHead>,
}

/// A list as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) text: Bytes,
    /// How many rows it shows.
    pub(crate) count: usize,
    /// Where the last of them stands.
    pub(crate) last: Option<Place>,
}

impl App {
    pub(crate) fn new(bridge: Bridge, repository: &Arc<dyn Repository>, settings: HttpSettings) -> Self {
        Self {
            watch: LabWatch::new(bridge.clone(), repository),
            jobs: Together::new(bridge.reads(), |lab, jobs| lab.job_get_each(jobs)),
            // A part of reports, which wait for no reads.
            known_jobs: Together::new(bridge.changes(), |lab, jobs| lab.job_is_known(jobs)),
            nodes: Together::new(bridge.reads(), |lab, names| lab.node_get_each(names)),
            lists: Shared::shared(bridge.reads()),
            claims: TogetherByName::new(bridge.changes(), |lab, claims: &[(QueueName, Act)]| {
                let acts: Vec<Act> = claims.iter().map(|(_, act)| act.clone()).collect();
                claims.first().map_or_else(|| Ok(Vec::new()), |(name, _)| lab.queue_claim_each(name, &acts))
            }),
            bridge,
            counters: JobCounters::new(settings.statsd.as_ref()),
            site: Site::of(&settings.address),
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
            bodies: Arc::default(),
        }
    }
}
