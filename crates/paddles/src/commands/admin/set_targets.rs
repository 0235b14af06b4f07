//! `paddles admin set-targets`.

use clap::Args;
use paddles_domain::{JobKey, NodeName, Value, target_nodes};
use paddles_repository::{Copied, JobsCopied, PlacedJob, RecordId, TransferRepository};

use super::{AdminError, show};
use crate::commands::selected_runs::SelectedRuns;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct SetTargets {
    #[command(flatten)]
    runs: SelectedRuns,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

/// Jobs of one question.
const PAGE: u32 = 256;

impl SetTargets {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut found, mut copied) = (None::<RecordId>, 0_u64, 0_u64, Copied::default());
        loop {
            let page = lab.job_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len() as u64;
            let unlinked: Vec<PlacedJob> = page.into_iter().filter_map(|job| moved(job.record)).collect();
            found += unlinked.len() as u64;
            for PlacedJob { job, nodes } in &unlinked {
                let nodes: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
                show(&format!("{} {}: {}", job.run, job.job_id, nodes.join(", ")));
            }
            if self.dry_run || unlinked.is_empty() {
                continue;
            }
            // A job that is reported meanwhile stays: its reporter names its targets.
            match lab.job_import(&unlinked)? {
                JobsCopied::Copied(more) => copied += more,
                JobsCopied::UnknownRun(_) => {}
            }
        }
        show(&if self.dry_run {
            format!("{found} of {seen} jobs would be linked")
        } else {
            format!("{} of {seen} jobs are linked", copied.changed)
        });
        Ok(())
    }
}

/// The job where its targets say, if it is elsewhere.
fn moved(placed: PlacedJob) -> Option<PlacedJob> {
    let Some(Value::Document(targets)) = placed.job.values.get(JobKey::Targets) else { return None };
    let nodes = target_nodes(targets);
    (!nodes.is_empty() && nodes != placed.nodes).then_some(PlacedJob { job: placed.job, nodes })
}
