//! `paddles admin delete-run`.

use clap::Args;
use paddles_domain::RunName;
use paddles_repository::RunRepository;
use serde_json::json;

use super::confirm::Confirm;
use super::output::Output;
use super::{AdminError, act};
use crate::commands::selected_runs::read_run_name;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct DeleteRun {
    /// The run
    #[arg(value_parser = read_run_name)]
    name: RunName,
    #[command(flatten)]
    confirm: Confirm,
}

impl DeleteRun {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let absent = || AdminError::NoRun(self.name.clone());
        let run = lab.run_get(&self.name)?.ok_or_else(absent)?.record;
        let (name, status, jobs) = (self.name.as_str(), run.status.as_str(), run.results.total());
        let what = format!("{name} ({status}) and its {jobs} jobs");
        self.confirm.ask(&format!("{what} will be deleted"))?;
        if !self.confirm.dry_run && !lab.run_delete(&self.name, &act())? {
            return Err(absent());
        }
        let done = self.confirm.tell("are deleted", "would be deleted");
        output.thing(&json!({ "run": name, "status": status, "jobs": jobs }), || format!("{what} {done}"));
        Ok(())
    }
}
