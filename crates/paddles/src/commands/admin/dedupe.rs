//! `paddles admin dedupe`.

use clap::Args;
use paddles_diesel::{DatabaseUrl, DuplicateJob};
use serde_json::json;

use super::confirm::Confirm;
use super::output::Output;
use super::{AdminError, act};
use crate::commands::adopt::Told;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct Dedupe {
    #[command(flatten)]
    confirm: Confirm,
}

impl Dedupe {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let url = settings.database.direct_url()?;
        if let DatabaseUrl::Sqlite(_) = url {
            // Its tables are always ours.
            serve::repository(settings)?;
            output.sum_up(RULED_OUT);
            return Ok(());
        }
        let Some(found) = paddles_diesel::duplicates(url)? else {
            output.sum_up(RULED_OUT);
            return Ok(());
        };
        if found.is_empty() {
            output.sum_up("no job has several rows");
        } else if self.confirm.dry_run {
            tell(output, &found);
            output.sum_up(&format!("{} jobs would become one row each", found.len()));
        } else {
            self.confirm.ask(&format!("Of each of {} jobs with several rows one stays", found.len()))?;
            let merged = paddles_diesel::merge_duplicates(url, &act(), &mut Told::default())?;
            tell(output, &merged);
            output.sum_up(&format!("{} jobs are one row each; merged_jobs has all rows as they were", merged.len()));
        }
        output.sum_up("others may come: `paddles adopt` builds the unique index that rules them out");
        Ok(())
    }
}

const RULED_OUT: &str = "no job has several rows: a unique index rules that out";

fn tell(output: Output, jobs: &[DuplicateJob]) {
    for DuplicateJob { run, job_id, rows, .. } in jobs {
        output.thing(&json!({ "run": run, "job_id": job_id, "rows": rows }), || {
            format!("{} {job_id}: {rows} rows", run.as_deref().unwrap_or("a run that is not there"))
        });
    }
}
