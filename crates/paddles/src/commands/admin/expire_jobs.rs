//! `paddles admin expire-jobs`.

use std::time::Duration;

use clap::Args;
use paddles_domain::ExpiryRule;
use paddles_repository::{DueJob, ExpiryRepository, ExpiryRound};
use serde_json::json;

use super::confirm::Confirm;
use super::{AdminError, act, show};
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
    /// Print a JSON object for each job
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Jobs of one round.
const ROUND: u32 = 500;

/// Jobs that a dry run shows.
const SHOWN: u32 = 10_000;

impl ExpireJobs {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), AdminError> {
        let rule = ExpiryRule {
            running: Duration::from_mins(self.running.into()),
            queued: Duration::from_hours(u64::from(self.queued) * 24),
        };
        let lab = serve::repository(settings)?;
        if self.confirm.dry_run {
            let due = lab.job_due(&rule, SHOWN, act().when)?;
            self.print(&due);
            self.sum_up(due.len(), "would be dead");
            return Ok(());
        }
        self.confirm.ask("Jobs of which nobody hears any more become dead")?;
        let mut expired = 0;
        loop {
            match lab.job_expire(&rule, ROUND, &act())? {
                ExpiryRound::Elsewhere => return Err(AdminError::Elsewhere),
                ExpiryRound::Expired { jobs, may_go_on } => {
                    self.print(&jobs);
                    expired += jobs.len();
                    if !may_go_on {
                        break;
                    }
                }
            }
        }
        self.sum_up(expired, "are dead");
        Ok(())
    }

    fn print(&self, jobs: &[DueJob]) {
        for job in jobs {
            let silent_since = job.counted_from.map(|moment| moment.to_string());
            let (run, job_id, status) = (job.run.as_str(), job.job_id.as_str(), job.status.as_str());
            show(&if self.json {
                json!({ "run": run, "job_id": job_id, "status": status, "since": silent_since }).to_string()
            } else {
                format!("{run} {job_id}: {status} since {}", silent_since.as_deref().unwrap_or("nobody knows when"))
            });
        }
    }

    fn sum_up(&self, jobs: usize, what: &str) {
        if !self.json {
            show(&format!("{jobs} jobs {what}"));
        }
    }
}
