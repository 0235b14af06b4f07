//! How much sooner jobs are there that are sent together, and heartbeats that need one request.
//!
//! Measures, and so is left out unless it is asked for; docs/PERFORMANCE.md has the figures.

use std::time::{Duration, Instant};

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::client::Client;
use crate::generated_job::generated_job;
use crate::service::Service;

/// As many as a batch takes.
const JOBS: usize = 500;

/// Each is done so often, and the shortest time counts: the others were disturbed.
const ROUNDS: usize = 5;

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn jobs(run: &str) -> Vec<Value> {
    (0..JOBS).map(|number| generated_job(run, number, 4)).collect()
}

fn post_singly(client: &Client, run: &str) -> Duration {
    let jobs = jobs(run);
    timed(|| jobs.iter().for_each(|job| client.post_job(run, job)))
}

fn post_together(client: &Client, run: &str) -> Duration {
    let body = json!({ "jobs": jobs(run) });
    let took = timed(|| assert_eq!(client.post(&format!("/runs/{run}/jobs/batch/"), &body).status, 200));
    assert_eq!(client.read(&format!("/runs/{run}/jobs/?fields=job_id")).as_array().unwrap().len(), JOBS);
    took
}

fn heartbeats(client: &Client, run: &str, beat: impl Fn(&str, &Value)) -> Duration {
    let ids = client.read(&format!("/runs/{run}/jobs/?fields=job_id"));
    let ids = ids.as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap());
    let beats: Vec<_> = ids.map(|id| (id, json!({ "name": run, "job_id": id, "status": "running" }))).collect();
    timed(|| beats.iter().for_each(|(id, body)| beat(id, body)))
}

fn what_is_sent_together_is_there_sooner(database: &TestDatabase) {
    let service = Service::start_with(database, &[("PADDLES_ACCESS_LOG", "off")]);
    let client = service.client();
    let mut best = [Duration::MAX; 4];
    for round in 0..ROUNDS {
        let [single, batch] = ["single", "batch"].map(|kind| format!("{kind}-{round}"));
        let (posts, path) = (format!("/runs/{single}/jobs/"), |id: &str| format!("/runs/{single}/jobs/{id}/"));
        let took = [
            post_singly(&client, &single),
            post_together(&client, &batch),
            heartbeats(&client, &single, |id, body| {
                assert_eq!(client.post(&posts, body).status, 400);
                assert_eq!(client.put(&path(id), body).status, 200);
            }),
            heartbeats(&client, &single, |id, body| {
                assert_eq!(client.put(&format!("{}?upsert=true", path(id)), body).status, 200);
            }),
        ];
        best = std::array::from_fn(|kind| best[kind].min(took[kind]));
    }
    let [singly, together, twice, once] = best;
    eprintln!(
        "{}: {JOBS} new jobs singly {singly:?}, together {together:?}; as many heartbeats by POST and PUT {twice:?}, by one PUT {once:?}",
        database.url().split(':').next().unwrap(),
    );
}

mod sqlite {
    #[test]
    #[ignore = "measures"]
    fn what_is_sent_together_is_there_sooner() {
        super::what_is_sent_together_is_there_sooner(&paddles_diesel::testing::TestDatabase::sqlite());
    }
}

mod postgres {
    #[test]
    #[ignore = "measures"]
    fn what_is_sent_together_is_there_sooner() {
        super::what_is_sent_together_is_there_sooner(&paddles_diesel::testing::TestDatabase::postgres());
    }
}
