//! `paddles admin set-targets`.

use clap::Args;
use paddles_domain::{JobKey, NodeName, Value, target_nodes};
use paddles_repository::{JobRepository, PlacedJob, RecordId, TransferRepository};
use serde_json::json;

use super::AdminError;
use super::confirm::Confirm;
use super::output::Output;
use crate::commands::selected_runs::SelectedRuns;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct SetTargets {
    #[command(flatten)]
    runs: SelectedRuns,
    #[command(flatten)]
    confirm: Confirm,
}

/// Jobs of one question.
const PAGE: u32 = 256;

impl SetTargets {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        self.confirm.ask("Jobs of the selected runs are linked to the nodes that their targets name")?;
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut linked) = (None::<RecordId>, 0_u64, 0_u64);
        loop {
            let page = lab.job_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len() as u64;
            for PlacedJob { job, .. } in page.iter().map(|job| &job.record).filter(|placed| is_elsewhere(placed)) {
                let link = lab.job_link(&job.run, &job.job_id, self.confirm.act().as_ref())?;
                let Some(link) = link.filter(|link| link.before != link.after) else { continue };
                linked += 1;
                let nodes: Vec<&str> = link.after.iter().map(NodeName::as_str).collect();
                let (run, job_id) = (job.run.as_str(), job.job_id.as_str());
                output.thing(&json!({ "run": run, "job_id": job_id, "nodes": nodes }), || {
                    format!("{run} {job_id}: {}", nodes.join(", "))
                });
            }
        }
        let done = self.confirm.tell("are linked", "would be linked");
        output.sum_up(&format!("{linked} of {seen} jobs {done}"));
        Ok(())
    }
}

/// Whether the job's targets name other nodes than those to which it is linked.
fn is_elsewhere(placed: &PlacedJob) -> bool {
    let Some(Value::Document(targets)) = placed.job.values.get(JobKey::Targets) else { return false };
    let nodes = target_nodes(targets);
    !nodes.is_empty() && nodes != placed.nodes
}
