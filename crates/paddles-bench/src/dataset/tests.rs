use paddles_domain::JobStatus;

use super::*;

fn history(seed: u64, jobs: u32) -> History {
    let ends = "2026-03-01T12:00:00".parse().unwrap();
    History::new(seed, jobs, ends)
}

#[test]
fn a_seed_gives_one_history() {
    let (first, again, other) = (history(42, 2_000), history(42, 2_000), history(43, 2_000));
    let rows = |history: &History| history.jobs().take(300).map(|job| job.row().to_vec()).collect::<Vec<_>>();
    assert_eq!(first.runs(), again.runs());
    assert_eq!(rows(&first), rows(&again));
    assert_ne!(rows(&first), rows(&other));
}

/// A change of the history that does not raise [`VERSION`] is found here.
#[test]
fn the_history_of_this_version() {
    let history = history(42, 200_000);
    assert_eq!(VERSION, 1);
    assert_eq!((history.job_count(), history.runs()[0].sha1.as_str()), (JOBS, SHA1));
}

const JOBS: u32 = 210_105;
const SHA1: &str = "5bf8fcb7d281134ea426752e82db2ecde1acd784";

#[test]
fn sizes_are_those_of_a_lab() {
    let history = history(42, 200_000);
    assert!((180_000..220_000).contains(&history.job_count()), "{} jobs", history.job_count());
    let sizes: Vec<u32> = history.runs().iter().map(|run| run.jobs).collect();
    assert_eq!(sizes.iter().max(), Some(&MOST_JOBS));
    assert!(sizes.iter().filter(|size| **size == TYPICAL_JOBS).count() >= TYPICAL_RUNS as usize);

    let bytes = |job: &Job| -> usize {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.len() } else { 0 };
        job.row().iter().map(text).sum()
    };
    for job in history.runs().iter().step_by(29).flat_map(|run| history.jobs_of(run).take(5)) {
        assert_eq!(job.row().len(), JOB_COLUMNS.len());
        assert!((4_000..12_000).contains(&bytes(&job)), "{} bytes", bytes(&job));
        assert!(job.nodes.len() <= 4);
    }
}

#[test]
fn the_last_runs_are_live_and_nothing_is_later_than_the_end() {
    let history = history(7, 2_000);
    let live: Vec<&Run> = history.runs().iter().filter(|run| run.is_live).collect();
    assert_eq!(live.len(), LIVE_RUNS as usize);
    let queued = |run: &Run| (0..run.jobs).any(|place| run.job_status(place) == JobStatus::Queued);
    assert!(live.iter().any(|run| queued(run)));
    assert!(!history.runs().iter().any(|run| !run.is_live && queued(run)));

    let ends = history.ends;
    let late = |cell: &Cell| matches!(cell, Cell::Time(time) if *time > ends);
    assert!(!history.jobs().any(|job| job.row().iter().any(late)));
    let names: std::collections::BTreeSet<&str> = history.runs().iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names.len(), history.runs().len());
}

#[test]
fn rows_fit_their_columns() {
    let history = history(1, 2_000);
    assert_eq!(history.runs()[0].row().len(), RUN_COLUMNS.len());
    assert_eq!(history.nodes().next().unwrap().row().len(), NODE_COLUMNS.len());
    let report = serde_json::to_string(&job_report(&history.runs()[0])).unwrap();
    assert!((5_000..8_000).contains(&report.len()), "{}", report.len());
}
