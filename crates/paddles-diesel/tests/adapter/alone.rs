//! Who makes jobs dead does it alone, however long it takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use paddles_diesel::{DieselRepository, Pooler, StatementLimits};
use paddles_domain::{Act, Admission, ExpiryRule, JobId, JobPatch, JobReport, JobStatus, LabZone, RunName};
use paddles_repository::{ExpiryRepository, ExpiryRound, JobRepository, NewJob};

use crate::Lab;

/// How long a statement may take, and a transaction in which nothing happens.
const TIMEOUT: Duration = Duration::from_secs(4);

/// How long each run is kept by somebody: less than that, and all together longer.
const KEPT: Duration = Duration::from_millis(1_500);

const RULE: ExpiryRule = ExpiryRule { running: Duration::from_secs(10), queued: Duration::from_secs(10) };

const RUNS: [&str; 4] = ["a", "b", "c", "d"];

#[test]
fn a_turn_lasts_as_long_as_its_work() {
    let lab = Lab::postgres();
    let at = |text: &str| Act::of_nobody(text.parse().unwrap());
    for run in RUNS {
        let report =
            JobReport { job_id: Some(JobId::new("1").unwrap()), patch: JobPatch::with_status(JobStatus::Running) };
        let run = RunName::new(run).unwrap();
        let new = NewJob { run, report, admission: Admission::Deployed, zone: LabZone::default() };
        lab.repository.job_create(&new, &at("2020-01-02 03:04:05")).unwrap();
    }
    let limits = StatementLimits { timeout: Some(TIMEOUT), ..StatementLimits::default() };
    let url = lab.database.url().parse().unwrap();
    let server = || DieselRepository::open_migrated(&url, 2, Pooler::None, limits).unwrap();
    let (one, other) = (server(), server());
    let act = at("2021-01-02 03:04:05");

    let mut kept: Vec<_> = RUNS
        .iter()
        .map(|run| lab.database.hold(&format!("SELECT FROM runs WHERE name = '{run}' FOR UPDATE")))
        .collect();
    let expired = thread::scope(|scope| {
        let working = scope.spawn(|| one.job_expire(&RULE, 100, &act).unwrap());
        while kept.len() > 1 {
            thread::sleep(KEPT);
            drop(kept.remove(0));
        }
        // By now the first has worked for longer than its transaction may be idle.
        thread::sleep(KEPT / 2);
        assert!(!working.is_finished());
        assert_eq!(other.job_expire(&RULE, 100, &act).unwrap(), ExpiryRound::Elsewhere);
        drop(kept);
        working.join().unwrap()
    });
    let ExpiryRound::Expired { jobs, .. } = expired else { panic!("{expired:?}") };
    assert_eq!(jobs.len(), RUNS.len());
}

/// Whoever comes next finds nobody, however busy the machine is: a round of several batches goes on by itself.
#[test]
fn a_turn_ends_with_its_work() {
    let lab = Lab::postgres();
    let other = DieselRepository::open(&lab.database.url().parse().unwrap(), 2).unwrap();
    let act = Act::of_nobody("2021-01-02 03:04:05".parse().unwrap());
    let is_done = AtomicBool::new(false);
    let found = thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let labs = [&lab.repository, &other].into_iter().cycle().take(60);
        let found: Vec<_> = labs.map(|lab| lab.job_expire(&RULE, 100, &act)).collect();
        is_done.store(true, Ordering::Relaxed);
        found
    });
    assert!(found.into_iter().all(|round| round.unwrap() != ExpiryRound::Elsewhere));
}
