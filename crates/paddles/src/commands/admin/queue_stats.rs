//! `paddles admin queue-stats`.

use clap::Args;
use paddles_domain::QueueName;
use paddles_http::now;
use paddles_repository::QueueRepository;
use serde_json::json;

use super::AdminError;
use super::output::Output;
use crate::commands::serve;
use crate::settings::Settings;

#[derive(Debug, Args)]
pub(crate) struct QueueStats {
    /// Only this queue
    #[arg(value_parser = read_queue_name)]
    queue: Option<QueueName>,
}

impl QueueStats {
    pub(super) fn run(&self, settings: &Settings, output: Output) -> Result<(), AdminError> {
        let lab = serve::repository(settings)?;
        let names: Vec<QueueName> = match &self.queue {
            Some(name) => vec![name.clone()],
            None => lab.queue_list(None, None)?.into_iter().map(|queue| queue.name).collect(),
        };
        for name in names {
            let (queue, jobs) = lab.queue_get(&name)?.ok_or_else(|| AdminError::NoQueue(name.clone()))?;
            let until = queue.paused_until.filter(|_| queue.is_paused(now())).map(|time| time.to_string());
            let paused_by = queue.paused_by.as_deref().filter(|_| until.is_some());
            let shown = json!({ "queue": name.as_str(), "queued_jobs": jobs, "paused": until.is_some(),
                "paused_by": paused_by, "paused_until": until });
            output.thing(&shown, || {
                let pause =
                    until.as_ref().map(|until| format!(", paused by {} until {until}", paused_by.unwrap_or("nobody")));
                format!("{name}: {jobs} queued{}", pause.unwrap_or_default())
            });
        }
        Ok(())
    }
}

fn read_queue_name(text: &str) -> Result<QueueName, String> {
    QueueName::new(text).map_err(|error| error.to_string())
}
