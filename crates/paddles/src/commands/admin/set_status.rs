//! `paddles admin set-status`.

use clap::Args;
use paddles_diesel::DieselRepository;
use paddles_domain::{JobId, JobPatch, JobStatus, RunName};
use paddles_repository::{JobKeys, JobRepository, JobUpdated, RecordId, RunRepository, TransferRepository};
use serde_json::json;

use super::AdminError;
use super::confirm::Confirm;
use super::output::Output;
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
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        match self.to {
            None => self.recount(&lab, output),
            Some(status) => {
                let selection = self.runs.selection();
                if selection.runs.is_empty() {
                    return Err(AdminError::StatusOfWhat);
                }
                for name in &selection.runs {
                    let run = lab.run_get(name)?.ok_or_else(|| AdminError::NoRun(name.clone()))?;
                    if selection.takes(&run.record) {
                        self.set_jobs(&lab, name, status, output)?;
                    } else {
                        output.sum_up(&format!("{name} is not of the suite, branch or day that was asked for"));
                    }
                }
                Ok(())
            }
        }
    }

    /// Sets the status of runs by their jobs.
    fn recount(&self, lab: &DieselRepository, output: Output) -> Result<(), AdminError> {
        self.confirm.ask("Counts and status of the selected runs become what their jobs say")?;
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut changed): (Option<RecordId>, u64, u64) = (None, 0, 0);
        loop {
            let page = lab.run_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for run in &page {
                seen += 1;
                let counted = lab.run_recount(&run.record.name, self.confirm.act().as_ref())?;
                let Some((before, after)) = counted.filter(|(before, after)| before != after) else { continue };
                changed += 1;
                let [old, new] = [&before, &after].map(|run| (run.status.as_str(), run.results.total()));
                let shown = |(status, jobs)| json!({ "status": status, "jobs": jobs });
                let name = run.record.name.as_str();
                output.thing(&json!({ "run": name, "before": shown(old), "after": shown(new) }), || {
                    format!("{name}: {} of {} jobs -> {} of {} jobs", old.0, old.1, new.0, new.1)
                });
            }
        }
        let done = self.confirm.tell("changed", "would change");
        output.sum_up(&format!("{changed} of {seen} runs {done}"));
        Ok(())
    }

    fn set_jobs(
        &self,
        lab: &DieselRepository,
        run: &RunName,
        status: JobStatus,
        output: Output,
    ) -> Result<(), AdminError> {
        let rows = lab.job_index(run, None)?.ok_or_else(|| AdminError::NoRun(run.clone()))?;
        let mut jobs = lab.job_rows(&rows, JobKeys::NONE)?;
        jobs.retain(|job| self.jobs.is_empty() || self.jobs.contains(&job.record.job_id));
        jobs.retain(|job| job.record.status != status && !job.record.status.is_verdict());
        self.confirm.ask(&format!("{} jobs of {run} become {status}", jobs.len()))?;
        let mut changed = 0;
        for job in jobs {
            let (job_id, before) = (&job.record.job_id, job.record.status);
            if let Some(act) = self.confirm.act() {
                let updated = lab.job_update(run, job_id, &JobPatch::with_status(status), &act)?;
                if !matches!(updated, JobUpdated::Updated { before, after } if before != after) {
                    continue;
                }
            }
            changed += 1;
            let shown = json!({ "run": run.as_str(), "job_id": job_id.as_str(), "before": before.as_str(),
                "after": status.as_str() });
            output.thing(&shown, || format!("{run} {job_id}: {before} -> {status}"));
        }
        output.sum_up(&format!("{changed} jobs {}", self.confirm.tell("changed", "would change")));
        Ok(())
    }
}

pub(super) fn read_job_id(text: &str) -> Result<JobId, String> {
    JobId::new(text).map_err(|error| error.to_string())
}
