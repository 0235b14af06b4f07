//! `paddles admin reparse`.

use clap::Args;
use paddles_domain::Run;
use paddles_repository::{RecordId, RunRepository, TransferRepository};
use serde_json::{Map, Value, json};

use super::AdminError;
use super::confirm::Confirm;
use super::output::Output;
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
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let zone = settings.lab.timezone.value;
        self.confirm.ask("What the selected runs are called replaces what they tell")?;
        let conditions = self.runs.selection().conditions();
        let (mut after, mut seen, mut changed): (Option<RecordId>, u64, u64) = (None, 0, 0);
        loop {
            let page = lab.run_walk(&conditions, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for run in &page {
                seen += 1;
                let told = lab.run_reparse(&run.record.name, zone, self.confirm.act().as_ref())?;
                let Some((before, after)) = told.filter(|(before, after)| before != after) else { continue };
                changed += 1;
                tell(output, &before, &after);
            }
        }
        let done = self.confirm.tell("changed", "would change");
        output.sum_up(&format!("{changed} of {seen} runs {done}"));
        Ok(())
    }
}

/// Says what of a run changed.
fn tell(output: Output, before: &Run, after: &Run) {
    let time = |run: &Run| run.scheduled.map(|time| time.to_string());
    let parts = [
        ("user", before.user.clone(), after.user.clone()),
        ("scheduled", time(before), time(after)),
        ("suite", before.suite.clone(), after.suite.clone()),
        ("branch", before.branch.clone(), after.branch.clone()),
        ("machine_type", before.machine_type.clone(), after.machine_type.clone()),
    ];
    let changed: Vec<_> = parts.into_iter().filter(|(_, before, after)| before != after).collect();
    let old: Map<String, Value> = changed.iter().map(|(part, old, _)| ((*part).to_owned(), json!(old))).collect();
    let new: Map<String, Value> = changed.iter().map(|(part, _, new)| ((*part).to_owned(), json!(new))).collect();
    output.thing(&json!({ "run": after.name.as_str(), "before": old, "after": new }), || {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
        let parts = changed.iter().map(|(part, old, new)| format!("{part} {} -> {}", shown(old), shown(new)));
        format!("{}: {}", after.name, parts.collect::<Vec<_>>().join(", "))
    });
}
