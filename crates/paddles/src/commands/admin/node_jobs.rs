//! `paddles admin node-jobs`.

use clap::Args;
use paddles_domain::{JobKey, JobStatus, NodeName, Value};
use paddles_repository::{JobKeys, JobRepository, Page};
use serde_json::json;

use super::AdminError;
use super::output::Output;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct NodeJobs {
    /// The node
    #[arg(value_parser = read_node_name)]
    node: NodeName,
    /// Only jobs in this state
    #[arg(long)]
    status: Option<JobStatus>,
    /// How many, at the most
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
}

impl NodeJobs {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let page = Page::new(1, self.count).ok();
        let rows = lab.job_index_of_node(&self.node, None, self.status, page)?;
        let rows = rows.ok_or_else(|| AdminError::NoNode(self.node.clone()))?;
        for job in lab.job_rows(&rows, JobKeys::NONE.with(JobKey::FailureReason))? {
            let job = job.record;
            let reason = match job.values.get(JobKey::FailureReason) {
                Some(Value::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            let (run, job_id, status) = (job.run.as_str(), job.job_id.as_str(), job.status.as_str());
            let posted = job.posted.map(|time| time.to_string());
            let shown =
                json!({ "run": run, "job_id": job_id, "status": status, "posted": posted, "failure_reason": reason });
            output.thing(&shown, || {
                let first_line = reason.and_then(|text| text.lines().next()).unwrap_or_default();
                format!("{} {status:7} {run} {job_id} {first_line}", posted.unwrap_or_default()).trim_end().to_owned()
            });
        }
        Ok(())
    }
}

fn read_node_name(text: &str) -> Result<NodeName, String> {
    NodeName::new(text).map_err(|error| error.to_string())
}
