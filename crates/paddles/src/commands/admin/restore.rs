//! `paddles admin restore`: what was deleted, back again.

use clap::Args;
use paddles_diesel::OpenError;
use paddles_domain::{Act, Actor, JobId, NameError, RunName};
use paddles_http::now;
use paddles_repository::{Deletion, DeletionRepository, LARGEST_PAGE, Page, PageError, RepositoryError, Restored};

use super::super::serve;
use crate::settings::Settings;

#[derive(Args)]
pub(crate) struct RestoreCommand {
    /// The run, or the run of the job; without it, what can be brought back is shown
    run: Option<String>,
    /// Only this job, of a run that is there
    #[arg(long, requires = "run")]
    job: Option<String>,
}

/// Why nothing is brought back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("nothing of {0} is kept: it was never deleted, or too long ago")]
    NotFound(String),
    #[error("there is another {0} by now: delete that one first, or leave the old one where it is")]
    Taken(String),
    #[error("the run from which {0} was deleted is not there: restore the run first")]
    RunGone(String),
}

impl RestoreCommand {
    #[expect(clippy::print_stdout, reason = "what the command is asked for")]
    pub(super) fn run(self, settings: &Settings) -> Result<(), RestoreError> {
        let lab = serve::repository(settings)?;
        let Some(run) = self.run else {
            for deletion in lab.deletion_list(Page::new(1, LARGEST_PAGE)?)? {
                println!("{}", line(&deletion));
            }
            return Ok(());
        };
        let act = Act { when: now(), who: Actor::CommandLine, from: None, once: None };
        let name = RunName::new(run.as_str())?;
        let (what, restored) = match &self.job {
            None => (run, lab.run_restore(&name, &act)?),
            Some(job) => (format!("{run}/{job}"), lab.job_restore(&name, &JobId::new(job.as_str())?, &act)?),
        };
        match restored {
            Restored::Restored(1) => println!("restored {what}: 1 job"),
            Restored::Restored(jobs) => println!("restored {what}: {jobs} jobs"),
            Restored::NotFound => return Err(RestoreError::NotFound(what)),
            Restored::Taken => return Err(RestoreError::Taken(what)),
            Restored::RunGone => return Err(RestoreError::RunGone(what)),
        }
        Ok(())
    }
}

fn line(deletion: &Deletion) -> String {
    let Deletion { time, who, run, jobs, .. } = deletion;
    let address = deletion.address.as_deref().unwrap_or("-");
    let what = deletion.job_id.as_ref().map_or_else(|| format!("run\t{run}"), |job| format!("job\t{run}/{job}"));
    format!("{time}\t{who}\t{address}\t{what}\t{jobs} jobs")
}
