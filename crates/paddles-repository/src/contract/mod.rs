//! What every adapter must do, as tests that take any [`Repository`].
//!
//! An adapter runs them all with one line for each of its databases, where the path names a function that opens a fresh,
//! empty repository:
//!
//! ```ignore
//! mod sqlite {
//!     paddles_repository::contract_tests!(super::open_sqlite);
//! }
//! ```
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "tests: their names say what they demand, and they fail by panicking"
)]

pub mod audit;
pub mod deletions;
pub mod expiry;
pub mod filters;
pub mod history;
pub mod ingestion;
pub mod jobs;
pub mod nodes;
pub mod once;
pub mod queues;
pub mod races;
pub mod runs;
pub mod tokens;
pub mod transfer;
pub mod watch;

use paddles_domain::{
    Act, Admission, JobId, JobKey, JobPatch, JobReport, JobStatus, LabZone, RunName, Timestamp, Value,
};

use crate::{JobCreated, NewJob, Page, Place, RecordId, Repository};

/// Runs every test of the suite on repositories that `$open` makes, each on a new one.
#[macro_export]
macro_rules! contract_tests {
    ($open:path) => {
        $crate::contract_tests!($open; runs: a_new_run_is_empty, a_name_is_taken_once, runs_are_listed_newest_first,
            a_page_beyond_the_end_is_empty, a_deleted_run_takes_its_jobs, odd_names_come_back,
            a_recount_finds_what_reports_counted);
        $crate::contract_tests!($open; jobs: every_key_comes_back, a_job_creates_its_run_if_admitted, an_id_is_taken_once,
            ids_are_picked, a_patch_changes_what_it_says, a_missing_job_is_not_updated, the_run_follows_its_jobs,
            the_first_job_shows_in_the_run, a_deleted_job_is_forgotten, jobs_come_page_by_page_in_text_order,
            many_are_found_together,
            jobs_are_indexed_newest_first, only_wanted_keys_are_read, large_documents_come_back);
        $crate::contract_tests!($open; ingestion: a_report_creates_or_updates, an_upsert_is_admitted_like_a_post,
            jobs_are_added_together, a_refused_job_does_not_hold_up_others, ids_are_picked_for_many,
            one_job_is_upserted_at_once, batches_come_at_once);
        $crate::contract_tests!($open; once: a_repeated_change_is_made_once, nodes_are_locked_once, a_refusal_is_not_kept,
            a_key_is_for_one_request_of_one_caller, keys_are_forgotten_after_a_day, one_key_comes_at_once);
        $crate::contract_tests!($open; filters: conditions_select_runs, indexes_list_distinct_values, odd_values_match_whole,
            queued_runs_come_earliest_first, counted_parts_follow_their_jobs, jobs_are_found);
        $crate::contract_tests!($open; history: runs_are_walked_back, selected_runs_are_walked_back, found_jobs_are_walked_back,
            a_walk_goes_on_where_rows_come_and_go);
        $crate::contract_tests!($open; nodes: a_node_comes_back, nodes_are_listed, many_nodes_are_found_together, a_guest_shows_its_host,
            lock_rules_hold, many_are_locked_or_none, many_are_unlocked_or_none, targets_create_and_link_nodes,
            a_deleted_node_leaves_its_jobs, jobs_are_counted_by_node,
            jobs_are_counted_from_a_moment_on);
        $crate::contract_tests!($open; queues: a_queue_is_paused, the_head_is_shown, the_head_is_claimed, those_who_claim_together_are_served_in_turn,
            queued_jobs_are_listed);
        $crate::contract_tests!($open; watch: a_new_database_is_ready, jobs_nodes_and_queues_are_counted,
            the_way_to_the_database_is_told);
        $crate::contract_tests!($open; expiry: silent_jobs_are_due, due_jobs_die, jobs_expire_batch_by_batch, jobs_expire_once);
        $crate::contract_tests!($open; tokens: a_token_comes_back, a_token_is_revoked_once);
        $crate::contract_tests!($open; transfer: what_was_kept_comes_back, taking_in_twice_changes_nothing,
            what_changed_elsewhere_changes_here, what_is_newer_here_stays,
            of_an_id_that_comes_twice_the_last_heard_of_counts, jobs_need_their_run, walks_go_by_rows_and_conditions,
            nodes_are_taken_in_with_their_locks, no_node_that_comes_runs_on_itself,
            queues_are_taken_in_with_their_pauses);
        $crate::contract_tests!($open; audit: locks_are_audited, pauses_and_priorities_are_audited, corrections_are_audited,
            a_first_job_tells_its_run, links_that_are_put_right_are_audited, the_audit_is_walked_back,
            each_status_is_in_the_history, claimed_and_numbered_jobs_have_a_history);
        $crate::contract_tests!($open; deletions: a_deleted_run_comes_back_whole, a_deleted_job_comes_back_whole,
            a_name_that_is_taken_stays, what_was_deleted_before_comes_back_too, a_job_comes_back_to_the_run_that_is_there,
            a_node_that_is_gone_is_not_linked, what_is_old_is_forgotten);
        $crate::contract_tests!($open; races: nodes_are_locked_at_once, jobs_are_claimed_at_once, jobs_share_targets_at_once, nodes_come_and_go_at_once,
            jobs_of_one_run_finish_at_once, one_job_is_posted_at_once,
            one_run_is_created_at_once, jobs_come_and_go_at_once);
    };
    ($open:path; $module:ident: $($test:ident),+) => {
        $(#[test] fn $test() { let lab = $open(); $crate::contract::$module::$test(&*lab); })+
    };
}

fn at(second: u32) -> Timestamp {
    format!("2020-01-02 03:{:02}:{:02}.5", second / 60, second % 60).parse().unwrap()
}

/// Something that nobody in particular does.
fn act(second: u32) -> Act {
    Act::of_nobody(at(second))
}

fn run(name: &str) -> RunName {
    RunName::new(name).unwrap()
}

fn job(id: &str) -> JobId {
    JobId::new(id).unwrap()
}

fn page(number: u64, count: u32) -> Page {
    Page::new(number, count).unwrap()
}

fn rows(places: &[Place]) -> Vec<RecordId> {
    places.iter().map(|place| place.id).collect()
}

fn new_job(name: &str, id: Option<&str>, patch: JobPatch) -> NewJob {
    NewJob {
        run: run(name),
        report: JobReport { job_id: id.map(job), patch },
        admission: Admission::Deployed,
        zone: LabZone::default(),
    }
}

/// Posts a job that must be let in.
fn post(lab: &dyn Repository, name: &str, id: &str, patch: JobPatch, second: u32) {
    let created = lab.job_create(&new_job(name, Some(id), patch), &act(second)).unwrap();
    assert!(matches!(created, JobCreated::Created(..)), "{name} {id}: {created:?}");
}

fn status(status: JobStatus) -> JobPatch {
    JobPatch::with_status(status)
}

/// A patch that sets these keys to texts.
fn texts(keys: &[(JobKey, &str)]) -> JobPatch {
    let mut patch = JobPatch::default();
    for (key, text) in keys {
        patch.set(*key, Some(Value::Text((*text).to_owned())));
    }
    patch
}
