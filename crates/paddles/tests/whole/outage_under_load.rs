//! Postgres is away for a while in the middle of a lab's work: everybody is told to try again, nothing piles up, and the
//! work goes on as soon as it is back.
//!
//! `PADDLES_OUTAGE_SECONDS` keeps it away longer.

use std::thread;
use std::time::{Duration, Instant};

use paddles_diesel::testing::{PostgresCluster, TestDatabase};

use crate::at_once::recounted;
use crate::load::{Outcome, under_load};
use crate::process::{memory, open_files};
use crate::service::Service;
use crate::waiting::eventually;

const SECONDS: u64 = 3;
/// Requests a second.
const RATE: u32 = 200;
/// The service answers again so soon after its database.
const RECOVERY: Duration = Duration::from_secs(5);
/// In KB. A leak of one request in a hundred would be more than this in a long outage.
const MOST_GROWTH: usize = 20 * 1024;
/// Connections of a client that comes or goes just then.
const MOST_NEW_FILES: usize = 20;

fn outage() -> Duration {
    let seconds = std::env::var_os("PADDLES_OUTAGE_SECONDS");
    Duration::from_secs(seconds.map_or(SECONDS, |seconds| seconds.to_str().unwrap().parse().unwrap()))
}

#[test]
fn work_goes_on_when_the_database_is_back() {
    let cluster = PostgresCluster::start().unwrap();
    let database = TestDatabase::on(&cluster);
    let mut service = Service::start(&database);
    let address = service.address().to_owned();
    let sizes = |service: &Service| (memory(service, "VmRSS:"), open_files(service));

    let began = Instant::now();
    let ((away, back, before, after), outcome) = under_load(&[&address], RATE, |_| {
        thread::sleep(Duration::from_secs(2));
        let before = sizes(&service);
        cluster.stop().unwrap();
        let away = began.elapsed();
        thread::sleep(outage());
        cluster.restart().unwrap();
        let back = began.elapsed();
        let found = || service.client().get("/runs/load-a/").status == 200;
        eventually("the database is found again", || found().then_some(()));
        let found_after = began.elapsed().saturating_sub(back);
        assert!(found_after < RECOVERY, "found after {found_after:?}");
        thread::sleep(Duration::from_secs(2));
        (away, back, before, sizes(&service))
    });

    assert!(service.is_running());
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let client = service.client();
    let checked = outcome.check_jobs(&client);
    for run in Outcome::runs() {
        recounted(&client, run);
    }
    let last_refusal =
        outcome.answered.iter().filter(|answered| answered.status == 503).map(|answered| answered.at).max();
    eprintln!(
        "{} requests: {} answered, {} told to try again while Postgres was away for {:.1?}, the last {:.1?} after it was \
         back; the longest waited {:.1?}; {} KB and {} files before, {} KB and {} files after; {checked} jobs checked",
        outcome.answered.len(),
        outcome.with_status(200),
        outcome.with_status(503),
        back.saturating_sub(away),
        last_refusal.unwrap_or_default().saturating_sub(back),
        outcome.slowest(),
        before.0,
        before.1,
        after.0,
        after.1,
    );
    let in_outage = |at: Duration| at > away && at < back;
    let answered_in_outage = outcome.answered.iter().filter(|answered| in_outage(answered.at));
    assert!(answered_in_outage.clone().count() > 0 && outcome.with_status(503) > 0);
    assert!(last_refusal.is_some_and(|at| at < back + RECOVERY), "{last_refusal:?} after {back:?}");
    assert!(after.0 < before.0 + MOST_GROWTH && after.1 < before.1 + MOST_NEW_FILES, "{before:?} {after:?}");
    assert!(!service.log().contains("ERROR") && !service.log().contains("panicked"), "{}", service.log());
}
