//! `paddles admin delete-run`.

use clap::Args;
use paddles_domain::RunName;
use paddles_repository::RunRepository;

use super::confirm::Confirm;
use super::{AdminError, act, show};
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
    pub(super) fn run(&self, settings: &Settings) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let absent = || AdminError::NoRun(self.name.clone());
        let run = lab.run_get(&self.name)?.ok_or_else(absent)?.record;
        let what = format!("{} ({}) and its {} jobs", self.name, run.status, run.results.total());
        if self.confirm.dry_run {
            show(&format!("{what} would be deleted"));
            return Ok(());
        }
        self.confirm.ask(&format!("{what} will be deleted"))?;
        if !lab.run_delete(&self.name, &act())? {
            return Err(absent());
        }
        show(&format!("{what} are deleted"));
        Ok(())
    }
}
