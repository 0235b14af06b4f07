//! The schedule by which jobs expire inside the service.

use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use actix_web::rt::time::sleep;
use actix_web::web::Data;
use paddles_domain::{Act, Actor, ExpiryRule, JobStatus};
use paddles_repository::ExpiryRound;

use crate::api_error::ApiError;
use crate::app::App;
use crate::clock::now;

/// How many jobs are made dead at once, before others may have their turn.
const BATCH: u32 = 20;

/// When jobs expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpirySchedule {
    /// How long between two rounds.
    pub every: Duration,
    /// Which jobs are due.
    pub rule: ExpiryRule,
}

/// Keeps the schedule until it is aborted.
///
/// The first round is an interval after the start: jobs could not report while the service was away, and must not die of it.
/// For the same reason a round that found no database is made up for by none.
pub(crate) fn keep(schedule: ExpirySchedule, app: Data<App>) -> JoinHandle<()> {
    actix_web::rt::spawn(async move {
        loop {
            sleep(schedule.every).await;
            let outcome = match round(schedule.rule, &app).await {
                Ok(true) => "done",
                Ok(false) => "elsewhere",
                Err(error) => {
                    tracing::warn!(%error, "jobs could not expire; the next round is skipped");
                    app.measures.expiry_round("failed");
                    sleep(schedule.every).await;
                    continue;
                }
            };
            app.measures.expiry_round(outcome);
        }
    })
}

/// Makes all jobs dead that are due; whether this server did it.
async fn round(rule: ExpiryRule, app: &App) -> Result<bool, ApiError> {
    loop {
        let act = Act { when: now(), who: Actor::Expiry, from: None, once: None };
        match app.bridge.keep_up(move |lab| lab.job_expire(&rule, BATCH, &act)).await? {
            ExpiryRound::Elsewhere => return Ok(false),
            ExpiryRound::Expired { jobs, may_go_on } => {
                for job in jobs {
                    app.measures.job_expired(job.status);
                    app.counters.count(Some(job.status), JobStatus::Dead);
                    let since = job.counted_from.map_or_else(|| "ever".to_owned(), |moment| moment.to_string());
                    let (run, job_id, was) = (job.run.as_str(), job.job_id.as_str(), job.status.as_str());
                    tracing::info!(run, job_id, was, since, "a job expired");
                }
                if !may_go_on {
                    return Ok(true);
                }
            }
        }
    }
}
