//! `paddles admin reparse`.

use clap::Args;
use paddles_domain::{Job, JobKey, LabZone, Run, Value};
use paddles_repository::{JobRepository, RecordId, RepositoryError, Stored, TransferRepository};

use super::confirm::Confirm;
use super::{AdminError, show};
use crate::commands::selected_runs::SelectedRuns;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Reparse {
    #[command(flatten)]
    runs: SelectedRuns,
    #[command(flatten)]
    confirm: Confirm,
}

/// Runs of one question.
const PAGE: u32 = 256;

impl Reparse {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let zone = settings.lab.timezone.value;
        if !self.confirm.dry_run {
            self.confirm.ask("What the selected runs are called replaces what they tell")?;
        }
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut changed): (Option<RecordId>, u64, u64) = (None, 0, 0);
        loop {
            let page = lab.run_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            seen += page.len() as u64;
            for stored in page {
                let reparsed = reparsed(&lab, &stored, zone)?;
                if reparsed == stored.record {
                    continue;
                }
                show(&difference(&stored.record, &reparsed));
                changed += 1;
                if !self.confirm.dry_run {
                    lab.run_import(&[reparsed])?;
                }
            }
        }
        let what = if self.confirm.dry_run { "would change" } else { "changed" };
        show(&format!("{changed} of {seen} runs {what}"));
        Ok(())
    }
}

/// The run as its name and its first job tell it. Parts that neither tells stay.
fn reparsed(lab: &dyn JobRepository, stored: &Stored<Run>, zone: LabZone) -> Result<Run, RepositoryError> {
    let run = &stored.record;
    let parts = run.name.tell(zone);
    let first = lab.job_page(stored.id, None, 1)?.pop().map(|job| job.record);
    let told = |key, part: String, kept: &Option<String>| {
        let by_name = (!part.is_empty()).then_some(part);
        first.as_ref().and_then(|job| text(job, key)).or(by_name).or_else(|| kept.clone())
    };
    Ok(Run {
        user: if parts.user.is_empty() { run.user.clone() } else { Some(parts.user) },
        scheduled: parts.scheduled.or(run.scheduled),
        suite: told(JobKey::Suite, parts.suite, &run.suite),
        branch: told(JobKey::Branch, parts.branch, &run.branch),
        machine_type: told(JobKey::MachineType, parts.machine_type, &run.machine_type),
        ..run.clone()
    })
}

fn text(job: &Job, key: JobKey) -> Option<String> {
    match job.values.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn difference(before: &Run, after: &Run) -> String {
    let time = |run: &Run| run.scheduled.map(|time| time.to_string());
    let parts = [
        ("user", before.user.clone(), after.user.clone()),
        ("scheduled", time(before), time(after)),
        ("suite", before.suite.clone(), after.suite.clone()),
        ("branch", before.branch.clone(), after.branch.clone()),
        ("machine_type", before.machine_type.clone(), after.machine_type.clone()),
    ];
    let changed = parts.into_iter().filter(|(_, before, after)| before != after);
    let shown = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
    let changed: Vec<String> =
        changed.map(|(part, before, after)| format!("{part} {} -> {}", shown(before), shown(after))).collect();
    format!("{}: {}", before.name, changed.join(", "))
}
