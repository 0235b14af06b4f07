//! Paths that select runs: filters and their values, nested in any order and depth.

use paddles_domain::{Day, Timestamp};
use paddles_repository::{RunCondition, RunIndex};
use percent_encoding::percent_decode_str;

use crate::api_error::ApiError;

/// What such a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RunQuery {
    /// The runs for which all conditions hold.
    Runs(Vec<RunCondition>),
    /// The distinct values of a part of those runs.
    Index(RunIndex, Vec<RunCondition>),
}

/// The most conditions of one path. SQLite refuses a statement of a thousand, and nobody nests more than eight.
const MOST_CONDITIONS: usize = 200;

fn nowhere() -> ApiError {
    ApiError::not_found("resource was not found")
}

/// Reads a path behind `/runs/`: `WORD/VALUE/WORD/VALUE/...`, where a word at the end lists its values.
///
/// Segments are decoded after they are taken apart, so that a value may hold a slash.
pub(crate) fn read_run_path(path: &str, now: Timestamp) -> Result<RunQuery, ApiError> {
    let decode = |segment| percent_decode_str(segment).decode_utf8().map(String::from);
    let segments: Vec<String> =
        path.trim_matches('/').split('/').map(decode).collect::<Result<_, _>>().map_err(|_| nowhere())?;
    let mut conditions = Vec::new();
    let mut rest = segments.as_slice();
    let mut last = None;
    while let [word, behind @ ..] = rest {
        if conditions.len() == MOST_CONDITIONS {
            return Err(ApiError::invalid(format!("at most {MOST_CONDITIONS} filters nest")));
        }
        let index = index_of(word, last.is_none()).filter(|index| last != Some(*index)).ok_or_else(nowhere)?;
        last = Some(index);
        rest = match (index, behind) {
            (_, []) => return Ok(RunQuery::Index(index, conditions)),
            (RunIndex::Date, [from, first, to, last]) if from == "from" && to == "to" => {
                let days = RunCondition::Scheduled(day(first, now)?.start(), day(last, now)?.end());
                conditions.push(days);
                &[]
            }
            (RunIndex::Date, [from, ..]) if from == "from" => return Err(nowhere()),
            (_, [value, rest @ ..]) => {
                conditions.push(condition(index, value, now)?);
                rest
            }
        };
    }
    Ok(RunQuery::Runs(conditions))
}

/// Whether a path ends in a range of days: the one kind that pulpito asks for without its slash.
pub(crate) fn ends_in_range(path: &str) -> bool {
    let mut from_the_end = path.trim_end_matches('/').rsplit('/').skip(1);
    from_the_end.next() == Some("to") && from_the_end.nth(1) == Some("from")
}

fn day(text: &str, now: Timestamp) -> Result<Day, ApiError> {
    Day::read(text, now).map_err(|error| ApiError::invalid(error.to_string()))
}

/// The flavor has another word at the beginning of a path than behind another filter.
fn index_of(word: &str, is_first: bool) -> Option<RunIndex> {
    Some(match word {
        "branch" => RunIndex::Branch,
        "date" => RunIndex::Date,
        "machine_type" => RunIndex::MachineType,
        "status" => RunIndex::Status,
        "suite" => RunIndex::Suite,
        "user" => RunIndex::User,
        "sha1" => RunIndex::Sha1,
        "flavors" if is_first => RunIndex::Flavor,
        "flavor" if !is_first => RunIndex::Flavor,
        _ => return None,
    })
}

fn condition(index: RunIndex, value: &str, now: Timestamp) -> Result<RunCondition, ApiError> {
    // A value that no text of the database can hold matches nothing, like any other that is not there.
    let value = value.replace('\0', "\u{fffd}");
    Ok(match index {
        RunIndex::Branch => RunCondition::Branch(value),
        RunIndex::MachineType => RunCondition::MachineType(value),
        RunIndex::Status => RunCondition::Status(value),
        RunIndex::Suite => RunCondition::Suite(value),
        RunIndex::User => RunCondition::User(value),
        RunIndex::Sha1 => RunCondition::Sha1Prefix(value),
        RunIndex::Flavor => RunCondition::Flavor(value),
        RunIndex::Date => {
            let day = day(&value, now)?;
            RunCondition::Scheduled(day.start(), day.end())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2020-03-01 12:00:00".parse().unwrap()
    }

    #[test]
    fn filters_nest() {
        fn check(path: &str, expected: RunQuery) {
            assert_eq!(read_run_path(path, now()), Ok(expected), "{path}");
        }
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let branch = || RunCondition::Branch("main".into());
        let suite = || RunCondition::Suite("rados/x".into());
        check("branch/", RunQuery::Index(RunIndex::Branch, vec![]));
        check("branch/main/", RunQuery::Runs(vec![branch()]));
        check("branch/main/suite/rados%2Fx", RunQuery::Runs(vec![branch(), suite()]));
        check("suite/rados%2fx/branch/main/user/", RunQuery::Index(RunIndex::User, vec![suite(), branch()]));
        check("flavors/default/sha1/ab/", {
            RunQuery::Runs(vec![RunCondition::Flavor("default".into()), RunCondition::Sha1Prefix("ab".into())])
        });
        check("branch/main/flavor/", RunQuery::Index(RunIndex::Flavor, vec![branch()]));
        check("status/finished%20pass/", RunQuery::Runs(vec![RunCondition::Status("finished pass".into())]));
        let february = RunCondition::Scheduled(at("2020-02-29 00:00:00"), at("2020-03-01 00:00:00"));
        check("date/yesterday/", RunQuery::Runs(vec![february.clone()]));
        check("date/from/2020-2-29/to/2020-02-29/", RunQuery::Runs(vec![february]));
        let user_and_back = vec![RunCondition::User("date".into()), branch(), RunCondition::User("b".into())];
        check("user/date/branch/main/user/b/", RunQuery::Runs(user_and_back));
    }

    #[test]
    fn what_is_no_filter_is_nowhere() {
        fn check(path: &str) {
            assert_eq!(read_run_path(path, now()), Err(nowhere()), "{path}");
        }
        check("flavor/");
        check("user/x/flavors/");
        check("user/x/bogus/");
        check("user/x/user/");
        check("date/from/");
        check("date/from/2020-01-01/to/");
        check("date/from/2020-01-01/to/2020-01-02/user/x/");
        check("user/%ff/");
        let bad_day = Err(ApiError::invalid("date format must match %Y-%m-%d"));
        assert_eq!(read_run_path("date/bad/", now()), bad_day);
    }

    #[test]
    fn ranges_are_seen_at_the_end() {
        assert!(ends_in_range("/runs/date/from/2020-01-01/to/2020-01-02"));
        assert!(!ends_in_range("/runs/date/2020-01-01"));
        assert!(!ends_in_range("/runs"));
    }
}
