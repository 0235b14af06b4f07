//! Queries, and the paths that select runs.

use paddles_http::fuzzing::{Query, next_query, run_conditions};
use paddles_repository::{LARGEST_PAGE, Place, RunCondition};

use super::{can_be_stored, now};

/// Every parameter that some route reads.
const NAMES: [&str; 24] = [
    "arch",
    "before",
    "branch",
    "count",
    "description",
    "error_message",
    "fields",
    "locked",
    "locked_by",
    "machine_type",
    "name",
    "os_type",
    "os_version",
    "page",
    "paused_by",
    "posted_after",
    "queue",
    "run_name",
    "sha1",
    "since",
    "status",
    "up",
    "user",
    "view",
];

/// Reads `input` as a query, and as a path.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let query = Query::read(text);
    for name in NAMES {
        let value = query.get(name);
        assert!(value.is_none_or(|value| !value.is_empty() && !value.contains('\0')), "{name}");
    }
    check_page(&query, text);
    for count in query.fields().into_iter().flatten().flatten() {
        assert!((1..100).contains(&count), "{count} fields");
    }
    assert!(query.truth("locked").is_err() || query.get("locked").is_none_or(|value| value.len() <= 5));
    if let Ok(conditions) = run_conditions(text, now()) {
        assert!(conditions.len() <= 200);
        conditions.iter().for_each(check_condition);
    }
}

/// A page is a part of a list, and the link behind it keeps all that was asked for but the place.
fn check_page(query: &Query, text: &str) {
    if let Ok(page) = query.history_page() {
        assert!((0..=i64::from(LARGEST_PAGE)).contains(&page.limit()) && page.offset() >= 0);
        if let Some(place) = page.place() {
            place.time.into_iter().for_each(can_be_stored);
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }
    let place: Place = "2020-01-02T03:04:05.500000_7".parse().expect("a place");
    let next = next_query(text, place);
    let following = Query::read(&next);
    // A name may be escaped: then it comes before ours, and of several the last counts.
    assert_eq!(following.get("before"), Some(place.to_string().as_str()), "{next}");
    for name in NAMES.into_iter().filter(|name| !matches!(*name, "before" | "page")) {
        assert_eq!(following.get(name), query.get(name), "{name} in {next}");
    }
    assert_eq!(next_query(&next, place), next);
}

fn check_condition(condition: &RunCondition) {
    match condition {
        RunCondition::Branch(value)
        | RunCondition::MachineType(value)
        | RunCondition::Status(value)
        | RunCondition::Suite(value)
        | RunCondition::User(value)
        | RunCondition::Sha1Prefix(value)
        | RunCondition::Flavor(value) => assert!(!value.contains('\0')),
        RunCondition::Scheduled(from, to) => {
            can_be_stored(*from);
            can_be_stored(*to);
        }
        RunCondition::ScheduledAfter(from) => can_be_stored(*from),
        RunCondition::Named(_) => panic!("no path asks for {condition:?}"),
    }
}
