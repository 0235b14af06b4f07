//! `paddles admin set-status`.

use clap::Args;
use paddles_diesel::DieselRepository;
use paddles_domain::{JobId, JobPatch, JobStatus, RunName};
use paddles_repository::{JobKeys, JobRepository, JobUpdated, RecordId, RunRepository, TransferRepository};

use super::confirm::Confirm;
use super::{AdminError, act, show};
use crate::commands::selected_runs::SelectedRuns;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct SetStatus {
    #[command(flatten)]
    runs: SelectedRuns,
    /// Set the jobs of the runs named by --run to this status, as a report would: a verdict stays
    #[arg(long, value_name = "STATUS")]
    to: Option<JobStatus>,
    /// Only this job; may be given several times
    #[arg(long = "job", value_name = "ID", value_parser = read_job_id, requires = "to")]
    jobs: Vec<JobId>,
    #[command(flatten)]
    confirm: Confirm,
}

/// Runs of one question.
const PAGE: u32 = 256;

impl SetStatus {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        match self.to {
            None => self.recount(&lab),
            Some(status) => {
                let runs = self.runs.selection().runs;
                if runs.is_empty() {
                    return Err(AdminError::StatusOfWhat);
                }
                runs.iter().try_for_each(|run| self.set_jobs(&lab, run, status))
            }
        }
    }

    /// Sets the status of runs by their jobs. What it corrects follows from what is there, so nobody is asked.
    fn recount(&self, lab: &DieselRepository) -> Result<(), AdminError> {
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut changed): (Option<RecordId>, u64, u64) = (None, 0, 0);
        loop {
            let page = lab.run_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for run in page {
                seen += 1;
                let name = &run.record.name;
                let Some((before, after)) = lab.run_recount(name, !self.confirm.dry_run)? else { continue };
                if before != after {
                    changed += 1;
                    let (had, has) = (before.results.total(), after.results.total());
                    show(&format!("{name}: {} of {had} jobs -> {} of {has} jobs", before.status, after.status));
                }
            }
        }
        let what = if self.confirm.dry_run { "would change" } else { "changed" };
        show(&format!("{changed} of {seen} runs {what}"));
        Ok(())
    }

    fn set_jobs(&self, lab: &DieselRepository, run: &RunName, status: JobStatus) -> Result<(), AdminError> {
        let rows = lab.job_index(run, None)?.ok_or_else(|| AdminError::NoRun(run.clone()))?;
        let mut jobs = lab.job_rows(&rows, JobKeys::NONE)?;
        jobs.retain(|job| self.jobs.is_empty() || self.jobs.contains(&job.record.job_id));
        jobs.retain(|job| job.record.status != status && !job.record.status.is_verdict());
        for job in &jobs {
            show(&format!("{run} {}: {} -> {status}", job.record.job_id, job.record.status));
        }
        if self.confirm.dry_run {
            show(&format!("{} jobs would change", jobs.len()));
            return Ok(());
        }
        self.confirm.ask(&format!("{} jobs of {run} become {status}", jobs.len()))?;
        let mut changed = 0;
        for job in jobs {
            let patch = JobPatch::with_status(status);
            if let JobUpdated::Updated { before, after } = lab.job_update(run, &job.record.job_id, &patch, &act())? {
                changed += u32::from(before != after);
            }
        }
        show(&format!("{changed} jobs changed"));
        Ok(())
    }
}

fn read_job_id(text: &str) -> Result<JobId, String> {
    JobId::new(text).map_err(|error| error.to_string())
}
