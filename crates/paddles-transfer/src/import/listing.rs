//! Which runs a server has.

use std::borrow::Cow;
use std::collections::HashSet;

use paddles_domain::{Day, Run, RunName, Timestamp, strict_json};
use serde_json::value::RawValue;

use super::copy::beginning;
use super::source::{Source, SourceError, segment};
use crate::records::{Members, ReadRun, RecordError, read_run, read_run_called};
use crate::{Progress, Selection};

/// What a server of ours needs to be told if it shows less to those who say nothing; the older service passes it over.
pub(super) const FULL: &str = "view=full";

/// Runs scheduled on a day may have been posted the day before by the server's clock: names tell the lab's.
const SLACK_DAYS: u32 = 2;

/// So many pages in a row with nothing new are the end of a list that has none, or whose pages all are the same.
const MOST_OLD_PAGES: u32 = 3;

/// The selected runs of a server, those posted first first. Runs that come while it is asked are in it or not; none that was
/// there is missed because of them. A run that could not be kept here is left out, and said so in a sentence.
pub(super) fn selected_runs(
    source: &Source,
    selection: &Selection,
    page_size: u32,
    progress: &dyn Progress,
    leave_out: &mut dyn FnMut(String),
) -> Result<Vec<ReadRun>, SourceError> {
    progress.begin("listing runs", None);
    let list = List::of(selection);
    let mut found: Vec<ReadRun> = Vec::new();
    let mut seen: HashSet<RunName> = HashSet::new();
    let mut seen_odd: HashSet<String> = HashSet::new();
    let mut old_pages = 0;
    for page in 1_u64.. {
        let path = list.page(page, page_size);
        let Some(body) = source.get(&path)? else {
            if page == 1 {
                let said = "no list of runs is there".to_owned();
                return Err(SourceError::Refused { url: path, status: 404, said });
            }
            break;
        };
        let Page { runs, odd } = read_page(&path, &body)?;
        if odd.is_empty() && runs.is_empty() || list.ends_before(&runs) {
            break;
        }
        let before = seen.len() + seen_odd.len();
        // Some may look alike; but what stood on an earlier page has only moved.
        let new: Vec<OddRun> = odd.into_iter().filter(|odd| !seen_odd.contains(&odd.json)).collect();
        for odd in new {
            if odd.run.is_none_or(|run| selection.takes(&run)) {
                leave_out(odd.sentence);
            }
            seen_odd.insert(odd.json);
        }
        for read in runs {
            if seen.insert(read.run.name.clone()) && selection.takes(&read.run) {
                found.push(read);
                progress.advance(1);
            }
        }
        old_pages = if seen.len() + seen_odd.len() == before { old_pages + 1 } else { 0 };
        if old_pages == MOST_OLD_PAGES {
            break;
        }
    }
    found.sort_by(|one, other| (one.run.posted, &one.run.name).cmp(&(other.run.posted, &other.run.name)));
    Ok(found)
}

/// A list that holds the selected runs, and few others.
struct List {
    path: String,
    since: Option<Day>,
    /// All runs, newest posted first: only then says the time of posting that no more can come.
    is_by_posting: bool,
}

impl List {
    fn of(selection: &Selection) -> Self {
        let mut path = "/runs".to_owned();
        for (word, value) in [("suite", &selection.suite), ("branch", &selection.branch)] {
            // A value with a slash has no path on every server; such runs are picked out here.
            if let Some(value) = value.as_deref().filter(|value| !value.contains('/') && !value.is_empty()) {
                path = format!("{path}/{word}/{}", segment(value));
            }
        }
        let is_by_posting = path == "/runs";
        Self { path, since: selection.since, is_by_posting }
    }

    fn page(&self, page: u64, size: u32) -> String {
        let mut path = format!("{}/?count={size}&page={page}&{FULL}", self.path);
        if let Some(day) = self.since.filter(|_| !self.is_by_posting) {
            // Servers leave out what was scheduled on that midnight.
            path = format!("{path}&since={}", Day::of(day.start().days_before(1)));
        }
        path
    }

    fn ends_before(&self, runs: &[ReadRun]) -> bool {
        let Some(day) = self.since.filter(|_| self.is_by_posting) else { return false };
        let earliest: Timestamp = day.start().days_before(SLACK_DAYS);
        // Of a page of odd runs alone nothing is known.
        !runs.is_empty() && runs.iter().all(|read| read.run.posted.is_some_and(|posted| posted < earliest))
    }
}

/// A page of a list of runs.
struct Page {
    runs: Vec<ReadRun>,
    odd: Vec<OddRun>,
}

/// A run that cannot be kept here.
struct OddRun {
    json: String,
    /// The run, if it is only its name that cannot be one.
    run: Option<Run>,
    sentence: String,
}

impl OddRun {
    fn new(json: &RawValue, error: &RecordError) -> Self {
        let members = Members::of(json).ok();
        let name = members.as_ref().and_then(|members| members.text("name").ok().flatten()).unwrap_or_default();
        let called = members.and_then(|members| read_run_called(RunName::from_stored(name.clone()), &members).ok());
        let sentence = if name.is_empty() {
            format!("a run without a name is left out: {}", beginning(json.get()))
        } else {
            format!("run {name} is left out: {error}")
        };
        Self { json: json.get().to_owned(), run: called.map(|read| read.run), sentence }
    }
}

/// A list of runs as servers show it.
fn read_page(path: &str, body: &[u8]) -> Result<Page, SourceError> {
    let error = |reason: String| SourceError::NotUnderstood { url: path.to_owned(), reason };
    let text = readable(body);
    let runs: Vec<&RawValue> = serde_json::from_slice(&text).map_err(|reason| error(reason.to_string()))?;
    let mut page = Page { runs: Vec::with_capacity(runs.len()), odd: Vec::new() };
    for run in runs {
        match Members::of(run).and_then(|members| read_run(&members)) {
            Ok(read) => page.runs.push(read),
            Err(reason) => page.odd.push(OddRun::new(run, &reason)),
        }
    }
    Ok(page)
}

/// JSON without the numbers that Python's has beyond it.
pub(super) fn readable(body: &[u8]) -> Cow<'_, [u8]> {
    // What nests too deep for a report was taken by somebody all the same.
    strict_json(body).unwrap_or(Cow::Borrowed(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_short_as_servers_make_them() {
        fn check(selection: &Selection, path: &str) {
            assert_eq!(List::of(selection).page(3, 25), path);
        }
        let day: Day = Day::of("2020-03-01 12:00:00".parse().unwrap());
        check(&Selection::default(), "/runs/?count=25&page=3&view=full");
        check(&Selection { since: Some(day), ..Selection::default() }, "/runs/?count=25&page=3&view=full");
        let suite = Some("rados:x y".to_owned());
        let branch = Some("main".to_owned());
        check(
            &Selection { since: Some(day), suite, branch, runs: Vec::new() },
            "/runs/suite/rados:x%20y/branch/main/?count=25&page=3&view=full&since=2020-02-29",
        );
        check(
            &Selection { branch: Some("wip/x".to_owned()), ..Selection::default() },
            "/runs/?count=25&page=3&view=full",
        );
    }
}
