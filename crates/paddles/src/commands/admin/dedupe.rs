//! `paddles admin dedupe`.

use paddles_diesel::{DatabaseUrl, Survey};

use super::{AdminError, show};
use crate::commands::serve;
use crate::settings::Settings;

/// Says whether a job is there twice, and what merges it. Where the index is that keeps a job's id unique in its run, none
/// can be; a database that does not have it yet is adopted, which merges duplicates and builds it.
pub(super) fn dedupe(settings: &Settings) -> Result<(), AdminError> {
    let url = settings.database.direct_url()?;
    if let DatabaseUrl::Sqlite(_) = url {
        // Its tables are always ours.
        serve::repository(settings)?;
    } else {
        let Survey { steps, .. } = paddles_diesel::survey(url)?;
        let steps = steps.into_iter().map(|step| step.what);
        let merges: Vec<String> = steps.filter(|what| what.starts_with("merge duplicates")).collect();
        for merge in &merges {
            show(&format!("to be done: {merge}"));
        }
        if !merges.is_empty() {
            return Err(AdminError::Duplicates);
        }
    }
    show("no job is there twice");
    Ok(())
}
