//! `paddles admin expire-jobs`.

use std::time::Duration;

use clap::Args;
use paddles_domain::ExpiryRule;
use paddles_repository::{DueJob, ExpiryRepository, ExpiryRound};
use serde_json::json;

use super::confirm::Confirm;
use super::output::Output;
use super::{AdminError, act};
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct ExpireJobs {
    /// A running job is dead when nothing was heard of it for so many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    running: u32,
    /// A queued job is dead when it was posted so many days ago
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    queued: u32,
    #[command(flatten)]
    confirm: Confirm,
}

/// Jobs of one round.
const ROUND: u32 = 500;

/// Jobs that a dry run shows.
const SHOWN: u32 = 10_000;

impl ExpireJobs {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let rule = ExpiryRule {
            running: Duration::from_mins(self.running.into()),
            queued: Duration::from_hours(u64::from(self.queued) * 24),
        };
        let lab = serve::repository(settings)?;
        if self.confirm.dry_run {
            let due = lab.job_due(&rule, SHOWN, act().when)?;
            tell(output, &due);
            output.sum_up(&format!("{} jobs would be dead", due.len()));
            return Ok(());
        }
        self.confirm.ask("Jobs of which nobody hears any more become dead")?;
        let mut expired = 0;
        loop {
            match lab.job_expire(&rule, ROUND, &act())? {
                ExpiryRound::Elsewhere => return Err(AdminError::Elsewhere),
                ExpiryRound::Expired { jobs, may_go_on } => {
                    tell(output, &jobs);
                    expired += jobs.len();
                    if !may_go_on {
                        break;
                    }
                }
            }
        }
        output.sum_up(&format!("{expired} jobs are dead"));
        Ok(())
    }
}

fn tell(output: Output, jobs: &[DueJob]) {
    for job in jobs {
        let since = job.counted_from.map(|moment| moment.to_string());
        let (run, job_id, status) = (job.run.as_str(), job.job_id.as_str(), job.status.as_str());
        output.thing(&json!({ "run": run, "job_id": job_id, "status": status, "since": since }), || {
            format!("{run} {job_id}: {status} since {}", since.as_deref().unwrap_or("nobody knows when"))
        });
    }
}
