//! The copy itself: fetched by several at once, taken in by one, oldest first.

use std::collections::{HashMap, VecDeque};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use paddles_domain::{Job, JobId, JobKey, RunName, RunResults, Value, word_targets};
use paddles_repository::{JobsCopied, PlacedJob, Repository, RepositoryError};
use serde_json::value::RawValue;

use super::listing::{readable, selected_runs};
use super::source::{Source, SourceError, segment};
use crate::reachable::take_in_nodes;
use crate::records::{Members, ReadRun, RecordError, read_job, read_node, read_queue, read_run};
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

/// Jobs of one transaction.
const AT_ONCE: usize = 256;

/// Copies the selected runs with their jobs, and all nodes and queues.
pub fn import(
    lab: &dyn Repository,
    source: &Source,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<Imported, ImportError> {
    let mut copy = Copy { lab, progress, imported: Imported::default() };
    if options.with_nodes {
        copy.nodes_and_queues(source)?;
    }
    let selection = &options.selection;
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

struct Copy<'a> {
    lab: &'a dyn Repository,
    progress: &'a dyn Progress,
    imported: Imported,
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
        self.imported.taken.nodes += take_in_nodes(self.lab, &nodes, &mut |sentence| {
            self.progress.say(&sentence);
            self.imported.left_out.push(sentence);
        })?;
        let queues = self.list(source, "/queue/", read_queue)?;
        self.imported.taken.queues += self.lab.queue_import(&queues)?;
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
                        let answer = source.get(&format!("/runs/{}/", segment(order.name.as_str())));
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
                    self.await_first(&mut under_way)?;
                }
                let (answer, awaited) = bounded(1);
                under_way.push_back(Awaited { name: name.clone(), answer: awaited });
                // They live until this channel ends.
                drop(orders.send(Order { name, answer }));
            }
            while !under_way.is_empty() {
                self.await_first(&mut under_way)?;
            }
            drop(orders);
            Ok(())
        })
    }

    fn await_first(&mut self, under_way: &mut VecDeque<Awaited>) -> Result<(), ImportError> {
        let Some(Awaited { name, answer }) = under_way.pop_front() else { return Ok(()) };
        match answer.recv() {
            Ok(Ok(Some(body))) => self.take_in(&name, &body)?,
            Ok(Ok(None)) => self.leave_out(format!("{name}: the server has no such run")),
            // One run that a server cannot show must not hold up the others.
            Ok(Err(error @ SourceError::Refused { status: 400 | 500, .. })) => {
                self.leave_out(format!("{name}: {error}"));
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {}
        }
        self.progress.advance(1);
        Ok(())
    }

    /// Takes in a run as its server shows it.
    fn take_in(&mut self, name: &RunName, body: &[u8]) -> Result<(), ImportError> {
        let text = readable(body);
        let (read, mut jobs) = match self.read(name, &text) {
            Ok(read) => read,
            Err(error) => {
                self.leave_out(format!("{name}: {error}"));
                return Ok(());
            }
        };
        read.tell().for_each(|sentence| self.leave_out(sentence));
        // Rows have the order in which jobs were posted.
        jobs.sort_by_key(|placed| placed.job.posted);
        self.count_correction(&read, &jobs);
        self.imported.taken.runs += self.lab.run_import(std::slice::from_ref(&read.run))?;
        for some in jobs.chunks(AT_ONCE) {
            match self.lab.job_import(some)? {
                JobsCopied::Copied(copied) => self.imported.taken.jobs += copied,
                JobsCopied::UnknownRun(name) => {
                    self.leave_out(format!("{name}: it was deleted here while its jobs came"));
                    break;
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, name: &RunName, text: &[u8]) -> Result<(ReadRun, Vec<PlacedJob>), RecordError> {
        let whole: &RawValue = serde_json::from_slice(text)?;
        let members = Members::of(whole)?;
        let mut read = read_run(&members)?;
        read.run.name = name.clone();
        let shown: Vec<&RawValue> =
            members.get("jobs").map(|json| serde_json::from_str(json.get())).transpose()?.unwrap_or_default();
        let mut jobs: Vec<PlacedJob> = Vec::with_capacity(shown.len());
        let mut times_seen: HashMap<String, u32> = HashMap::new();
        for json in shown {
            match Members::of(json).and_then(|members| read_job(name, &members)) {
                Ok(read) => {
                    read.tell().for_each(|sentence| self.leave_out(sentence));
                    let placed = read.placed;
                    *times_seen.entry(placed.job.job_id.to_string()).or_default() += 1;
                    self.tell_of_words(&placed.job);
                    jobs.push(placed);
                }
                Err(error) => self.leave_out(format!("{name}: a job {}: {error}", beginning(json.get()))),
            }
        }
        for (job_id, times) in times_seen.into_iter().filter(|(_, times)| *times > 1) {
            self.leave_out(format!("{name}: job {job_id} is there {times} times; the one heard of last counts"));
        }
        Ok((read, jobs))
    }

    /// A server links no job to a node that it could not show; neither does the copy.
    fn tell_of_words(&mut self, job: &Job) {
        let Some(Value::Document(targets)) = job.values.get(JobKey::Targets) else { return };
        for target in word_targets(targets) {
            self.leave_out(format!(
                "{}/{} comes without its node of {target}: no node is called so",
                job.run, job.job_id
            ));
        }
    }

    fn count_correction(&mut self, read: &ReadRun, jobs: &[PlacedJob]) {
        let mut last: HashMap<&JobId, &Job> = HashMap::new();
        for PlacedJob { job, .. } in jobs {
            let known = last.entry(&job.job_id).or_insert(job);
            if known.updated <= job.updated {
                *known = job;
            }
        }
        let mut results = RunResults::default();
        for job in last.values() {
            results.add(job.status);
        }
        if read.status.is_some_and(|status| status != results.run_status()) {
            self.imported.corrected += 1;
        }
    }

    fn leave_out(&mut self, sentence: String) {
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
