//! Lists that are walked back in time see every row once, in the order that numbered pages have.

use paddles_domain::{JobKey, JobPatch, JobStatus, LabZone, Run};

use super::{act, at, page, post, run, status, texts};
use crate::{HistoryPage, JobSearch, Place, RecordId, Repository, RunCondition};

/// The rows of a list, read page by page behind the last row of the page before.
fn walk(count: u32, read: impl Fn(HistoryPage) -> Vec<Place>) -> Vec<RecordId> {
    let mut walked = Vec::new();
    let mut places = read(page(1, count).into());
    while let Some(last) = places.last().copied() {
        assert!(places.len() <= count as usize);
        walked.extend(places.iter().map(|place| place.id));
        // As it comes back from a client.
        let place: Place = last.to_string().parse().unwrap();
        assert_eq!(place, last);
        places = read(HistoryPage::behind(place, count).unwrap());
    }
    walked
}

/// Compares walks of all step lengths with one whole page, and with numbered pages.
fn check(expected: usize, read: impl Fn(HistoryPage) -> Vec<Place>) {
    let ids = |places: Vec<Place>| places.into_iter().map(|place| place.id).collect::<Vec<_>>();
    let all = ids(read(page(1, 100).into()));
    assert_eq!(all.len(), expected);
    for count in [1, 2, 3, 5, 100] {
        assert_eq!(walk(count, &read), all, "{count} at a time");
        let numbered: Vec<_> = (1..=100).flat_map(|number| ids(read(page(number, count).into()))).collect();
        assert_eq!(numbered, all, "pages of {count}");
    }
    let first = read(page(1, 1).into())[0];
    assert!(read(HistoryPage::behind(first, 0).unwrap()).is_empty());
}

/// Runs of which many have a time in common, and some have none: those an older service stored.
fn fill(lab: &dyn Repository) {
    for (number, second) in [5, 1, 1, 3, 1, 5, 5, 2, 1, 3, 3, 3].into_iter().enumerate() {
        let mut new = Run::new(run(&format!("r{number}")), LabZone::default(), at(second));
        new.user = Some(if number % 3 == 0 { "ann" } else { "bob" }.to_owned());
        if number % 4 == 1 {
            (new.posted, new.scheduled) = (None, None);
        }
        lab.run_create(&new, &act(1)).unwrap();
    }
}

pub fn runs_are_walked_back(lab: &dyn Repository) {
    fill(lab);
    check(12, |page| {
        let runs = lab.run_list(page).unwrap();
        runs.iter().map(|run| Place { time: run.record.posted, id: run.id }).collect()
    });
}

pub fn selected_runs_are_walked_back(lab: &dyn Repository) {
    fill(lab);
    for (conditions, count) in [(vec![], 12), (vec![RunCondition::User("bob".to_owned())], 8)] {
        check(count, |page| {
            let runs = lab.run_filter(&conditions, page).unwrap();
            runs.iter().map(|run| Place { time: run.record.scheduled, id: run.id }).collect()
        });
    }
}

pub fn found_jobs_are_walked_back(lab: &dyn Repository) {
    for (number, second) in [5, 1, 1, 3, 1, 5, 5, 2, 1, 3].into_iter().enumerate() {
        let description = if number % 3 == 0 { "rados" } else { "rbd" };
        post(lab, "r", &number.to_string(), texts(&[(JobKey::Description, description)]), second);
    }
    let any = JobSearch::default();
    let rbd = JobSearch { description: Some("rb".to_owned()), ..any.clone() };
    for (search, count) in [(any, 10), (rbd, 6)] {
        check(count, |page| lab.job_search(&search, page).unwrap());
    }
}

/// A walk goes on behind a row that is deleted meanwhile, and new rows do not move it.
pub fn a_walk_goes_on_where_rows_come_and_go(lab: &dyn Repository) {
    for number in 0..6 {
        post(lab, &format!("r{number}"), "1", JobPatch::default(), number);
    }
    let first = lab.run_list(page(1, 2).into()).unwrap();
    let last = Place { time: first[1].record.posted, id: first[1].id };
    assert!(lab.run_delete(&first[1].record.name, &act(99)).unwrap());
    post(lab, "new", "1", status(JobStatus::Running), 9);
    let next = lab.run_list(HistoryPage::behind(last, 3).unwrap()).unwrap();
    let names: Vec<_> = next.iter().map(|run| run.record.name.as_str()).collect();
    assert_eq!(names, ["r3", "r2", "r1"]);
}
