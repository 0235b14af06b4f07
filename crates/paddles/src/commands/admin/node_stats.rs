//! `paddles admin node-stats`.

use clap::Args;
use paddles_domain::JobStatus;
use paddles_http::now;
use paddles_repository::StatsRepository;
use serde_json::{Map, Value, json};

use super::AdminError;
use super::output::Output;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct NodeStats {
    /// Only nodes of this type, and jobs that asked for it or for several types
    #[arg(long)]
    machine_type: Option<String>,
    /// Jobs posted in so many days
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..))]
    since_days: u32,
}

impl NodeStats {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let since = now().days_before(self.since_days);
        let stats = lab.job_stats(since, self.machine_type.as_deref())?;
        for (node, counts) in stats {
            let there = || JobStatus::ALL.into_iter().filter(|status| counts.count(*status) > 0);
            let jobs: Map<String, Value> =
                there().map(|status| (status.to_string(), counts.count(status).into())).collect();
            output.thing(&json!({ "node": node.as_str(), "jobs": jobs }), || {
                let jobs: Vec<String> = there().map(|status| format!("{status} {}", counts.count(status))).collect();
                format!("{node}: {}", jobs.join(", "))
            });
        }
        Ok(())
    }
}
