//! The copy itself: fetched by several at once, taken in by one, oldest first.

use std::collections::VecDeque;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use paddles_domain::RunName;
use paddles_repository::{Repository, RepositoryError, WhatIsHere};
use serde_json::value::RawValue;

use super::listing::{FULL, readable, selected_runs};
use super::source::{Source, SourceError, segment};
use crate::reachable::{take_in_nodes, take_in_queues};
use crate::records::{Members, ReadRun, RecordError, read_node, read_queue};
use crate::{Loaded, Progress, Selection};

/// What is copied, and how.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Of which runs.
    pub selection: Selection,
    /// Runs in one page of a list: slow servers take long for many.
    pub page_size: u32,
    /// Whether nodes and queues come too.
    pub with_nodes: bool,
    /// Whether runs are fetched that look the same here.
    pub recheck: bool,
}

/// What came of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// What was taken in.
    pub taken: Loaded,
    /// Runs that looked the same here, and were not fetched.
    pub looked_same: u64,
    /// Runs whose status did not follow from their jobs there; here it does.
    pub corrected: u64,
    /// What could not be copied, a sentence each.
    pub left_out: Vec<String>,
}

/// Why a copy ended early. What came before is here, and copying again goes on behind it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The other server.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Copies the selected runs with their jobs, and all nodes and queues.
pub fn import(
    lab: &dyn Repository,
    source: &Source,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<Imported, ImportError> {
    let selection = &options.selection;
    let mut copy = Copy { lab, selection, progress, imported: Imported::default() };
    if options.with_nodes {
        copy.nodes_and_queues(source)?;
    }
    if selection.runs.is_empty() {
        let mut leave_out = |sentence| copy.leave_out(sentence);
        let listed = selected_runs(source, selection, options.page_size, progress, &mut leave_out)?;
        progress.begin("runs", Some(listed.len() as u64));
        let mut wanted = listed.into_iter().map(|read| {
            if !options.recheck && copy_is_same(lab, &read).unwrap_or(false) {
                progress.advance(1);
                return Wanted::Nothing;
            }
            Wanted::Run(read.run.name)
        });
        copy.runs(source, &mut wanted)?;
    } else {
        progress.begin("runs", Some(selection.runs.len() as u64));
        copy.runs(source, &mut selection.runs.iter().cloned().map(Wanted::Run))?;
    }
    Ok(copy.imported)
}

enum Wanted {
    Run(RunName),
    /// A run that looks the same here.
    Nothing,
}

/// Whether a run was heard of last at the same time here, and its jobs stand the same: every report moves that time.
fn copy_is_same(lab: &dyn Repository, read: &ReadRun) -> Result<bool, RepositoryError> {
    let Some(here) = lab.run_get(&read.run.name)? else { return Ok(false) };
    let here = here.record;
    Ok(here.without_jobs() == read.run && read.results == Some(here.results) && read.run.updated.is_some())
}

pub(super) struct Copy<'a> {
    pub(super) lab: &'a dyn Repository,
    pub(super) selection: &'a Selection,
    pub(super) progress: &'a dyn Progress,
    pub(super) imported: Imported,
}

/// A run on its way, and who brings it.
struct Awaited {
    name: RunName,
    answer: Receiver<Result<Option<Vec<u8>>, SourceError>>,
}

struct Order {
    name: RunName,
    answer: Sender<Result<Option<Vec<u8>>, SourceError>>,
}

impl Copy<'_> {
    fn nodes_and_queues(&mut self, source: &Source) -> Result<(), ImportError> {
        self.progress.begin("nodes and queues", None);
        let nodes = self.list(source, "/nodes/", read_node)?;
        let mut told = Vec::new();
        self.imported.taken.nodes +=
            take_in_nodes(self.lab, &nodes, WhatIsHere::Changes, &mut |sentence| told.push(sentence))?;
        let queues = self.list(source, "/queue/", read_queue)?;
        self.imported.taken.queues +=
            take_in_queues(self.lab, &queues, WhatIsHere::Changes, &mut |sentence| told.push(sentence))?;
        for sentence in told {
            self.leave_out(sentence);
        }
        Ok(())
    }

    /// What a server lists at `path`; what cannot be read of it is left out.
    fn list<T>(
        &mut self,
        source: &Source,
        path: &str,
        read: impl Fn(&Members<'_>) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, ImportError> {
        let Some(body) = source.get(path)? else { return Ok(Vec::new()) };
        let text = readable(&body);
        let items: Vec<&RawValue> = serde_json::from_slice(&text).map_err(|error| not_understood(path, &error))?;
        let mut records = Vec::with_capacity(items.len());
        for item in items {
            match Members::of(item).and_then(|members| read(&members)) {
                Ok(record) => records.push(record),
                Err(error) => self.leave_out(format!("{path} {}: {error}", beginning(item.get()))),
            }
        }
        Ok(records)
    }

    /// Fetches several runs at once, and takes them in in their order, so that rows have it too.
    fn runs(&mut self, source: &Source, wanted: &mut dyn Iterator<Item = Wanted>) -> Result<(), ImportError> {
        let parallel = source.politeness().parallel.max(1);
        let (orders, waiting) = bounded::<Order>(parallel);
        thread::scope(|scope| {
            for _ in 0..parallel {
                let waiting = waiting.clone();
                scope.spawn(move || {
                    for order in waiting {
                        let answer = source.get(&format!("/runs/{}/?{FULL}", segment(order.name.as_str())));
                        // Nobody waits for it after a failure.
                        drop(order.answer.send(answer));
                    }
                });
            }
            drop(waiting);
            let mut under_way: VecDeque<Awaited> = VecDeque::new();
            for wanted in wanted {
                let Wanted::Run(name) = wanted else {
                    self.imported.looked_same += 1;
                    continue;
                };
                if under_way.len() >= parallel {
                    self.await_first(source, &mut under_way)?;
                }
                let (answer, awaited) = bounded(1);
                under_way.push_back(Awaited { name: name.clone(), answer: awaited });
                // They live until this channel ends.
                drop(orders.send(Order { name, answer }));
            }
            while !under_way.is_empty() {
                self.await_first(source, &mut under_way)?;
            }
            drop(orders);
            Ok(())
        })
    }

    fn await_first(&mut self, source: &Source, under_way: &mut VecDeque<Awaited>) -> Result<(), ImportError> {
        let Some(Awaited { name, answer }) = under_way.pop_front() else { return Ok(()) };
        match answer.recv() {
            Ok(Ok(Some(body))) => self.take_in(&name, &body)?,
            Ok(Ok(None)) => self.leave_out(format!("{name}: the server has no such run")),
            // One run that a server cannot show must not hold up the others.
            Ok(Err(error)) if source.is_there() => self.leave_out(format!("{name}: {error}")),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {}
        }
        self.progress.advance(1);
        Ok(())
    }

    pub(super) fn leave_out(&mut self, sentence: String) {
        self.progress.say(&sentence);
        self.imported.left_out.push(sentence);
    }
}

fn not_understood(path: &str, error: &serde_json::Error) -> SourceError {
    SourceError::NotUnderstood { url: path.to_owned(), reason: error.to_string() }
}

/// Enough of a document to know it by.
pub(super) fn beginning(json: &str) -> String {
    json.chars().take(60).collect()
}
