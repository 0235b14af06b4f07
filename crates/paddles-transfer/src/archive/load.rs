//! Bringing an archive into a database.

use std::io::Read;

use paddles_domain::{Node, Queue, Run, RunName};
use paddles_repository::{Copied, JobsCopied, PlacedJob, Repository, RepositoryError, WhatIsHere};

use super::line::Line;
use super::reader::Lines;
use crate::reachable::{keep_reachable, take_in_nodes, take_in_queues};
use crate::{ArchiveError, Progress};

/// Why an archive is not loaded, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The archive is no whole one.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The database refused some of it; what came before is here, and loading again goes on behind it.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A run went away while its jobs came.
    #[error("the run {0} was deleted while its jobs were loaded")]
    RunGone(RunName),
}

/// What came of a load, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they say it themselves")]
pub struct Loaded {
    pub nodes: Copied,
    pub queues: Copied,
    pub runs: Copied,
    pub jobs: Copied,
}

/// What became of an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brought {
    /// What was taken in.
    pub taken: Loaded,
    /// How much was left out, since the service would refuse it: nodes that no URL reaches, hosts that run on their guests, and single
    /// values of runs and jobs. Which is said to who watches.
    pub left_out: u64,
}

/// Records of one transaction: a fraction of a second, and a few megabytes.
const AT_ONCE: usize = 256;

/// Brings the records of an archive into a database. An archive may turn out to be damaged after half of it is here:
/// [`check`](crate::check) it first. `here` says what becomes of nodes and queues, of which nobody knows when they changed last.
pub fn load(
    lab: &dyn Repository,
    archive: impl Read,
    here: WhatIsHere,
    progress: &dyn Progress,
) -> Result<Brought, LoadError> {
    let mut lines = Lines::open(archive)?;
    let mut batch = Batch::default();
    let mut brought = Brought::default();
    while let Some(line) = lines.next()? {
        if !batch.takes(&line) {
            batch.store(lab, here, &mut brought, progress)?;
        }
        batch.add(line);
    }
    batch.store(lab, here, &mut brought, progress)?;
    Ok(brought)
}

/// Records of one kind that come one behind the other.
#[derive(Default)]
struct Batch {
    nodes: Vec<Node>,
    queues: Vec<Queue>,
    runs: Vec<Run>,
    jobs: Vec<PlacedJob>,
    /// What these runs or jobs come without, a sentence each.
    without: Vec<String>,
}

impl Batch {
    fn takes(&self, line: &Line) -> bool {
        let (same, all) = match line {
            Line::Node(_) => (self.nodes.len(), self.total()),
            Line::Queue(_) => (self.queues.len(), self.total()),
            Line::Run(_) => (self.runs.len(), self.total()),
            Line::Job(_) => (self.jobs.len(), self.total()),
            Line::Archive(_) | Line::End(_) | Line::Other(_) => return true,
        };
        same == all && all < AT_ONCE
    }

    fn total(&self) -> usize {
        self.nodes.len() + self.queues.len() + self.runs.len() + self.jobs.len()
    }

    fn add(&mut self, line: Line) {
        match line {
            Line::Node(node) => self.nodes.push(node),
            Line::Queue(queue) => self.queues.push(queue),
            Line::Run(read) => {
                self.without.extend(read.tell());
                self.runs.push(read.run);
            }
            Line::Job(read) => {
                self.without.extend(read.tell());
                self.jobs.push(read.placed);
            }
            Line::Archive(_) | Line::End(_) | Line::Other(_) => {}
        }
    }

    fn store(
        &mut self,
        lab: &dyn Repository,
        here: WhatIsHere,
        brought: &mut Brought,
        progress: &dyn Progress,
    ) -> Result<(), LoadError> {
        let Brought { taken: loaded, left_out } = brought;
        let mut leave_out = |sentence: String| {
            progress.say(&sentence);
            *left_out += 1;
        };
        self.without.drain(..).for_each(&mut leave_out);
        if !self.nodes.is_empty() {
            loaded.nodes += take_in_nodes(lab, &self.nodes, here, &mut leave_out)?;
        }
        if !self.queues.is_empty() {
            loaded.queues += take_in_queues(lab, &self.queues, here, &mut leave_out)?;
        }
        if !self.runs.is_empty() {
            loaded.runs += lab.run_import(&self.runs)?;
        }
        if !self.jobs.is_empty() {
            for placed in &mut self.jobs {
                keep_reachable(placed, &mut leave_out);
            }
            match lab.job_import(&self.jobs)? {
                JobsCopied::Copied(copied) => loaded.jobs += copied,
                JobsCopied::UnknownRun(name) => return Err(LoadError::RunGone(name)),
            }
        }
        progress.advance(self.total() as u64);
        *self = Self::default();
        Ok(())
    }
}
