//! Writing an archive.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

use paddles_domain::{JobId, NodeName, QueueName, RunName};
use paddles_repository::{NodeFilter, RecordId, Repository, RepositoryError};

use super::Records;
use super::line::{Header, Written};
use crate::records::{JobLine, NodeLine, QueueLine, RunLine};
use crate::{Progress, Selection};

/// Why there is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database gave no answer.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The file could not be written.
    #[error("cannot write the archive: {0}")]
    Write(#[from] io::Error),
}

/// Rows of one question: some megabytes of jobs.
const PAGE: u32 = 500;

/// zstd's own default: more costs several times the work for a tenth of the size.
const LEVEL: i32 = 3;

/// What became of the records of a lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// They are in the archive.
    pub written: Records,
    /// They are not, since no URL could name them, and nothing could take them in: older labs have jobs without an id.
    pub left_out: Records,
}

/// Writes all nodes and queues and the selected runs with their jobs, and says how many.
///
/// Jobs that come while it writes are in it if their run is. No record is written while it changes, but they are not all of
/// one moment.
pub fn export(
    lab: &dyn Repository,
    selection: &Selection,
    out: impl Write,
    progress: &dyn Progress,
) -> Result<Exported, ExportError> {
    let mut left_out = Records::default();
    let mut lines = Lines::new(out)?;
    let conditions = selection.conditions();
    lines.write(&Written::Archive(Header::new()))?;

    progress.begin("nodes and queues", None);
    for hosted in lab.node_list(&NodeFilter::default())? {
        let is_named = |name: &NodeName| NodeName::new(name.as_str()).is_ok();
        let mut node = hosted.node;
        if !is_named(&node.name) {
            left_out.nodes += 1;
            continue;
        }
        // A guest of a host that is left out has none.
        node.vm_host = node.vm_host.filter(is_named);
        lines.write(&Written::Node(NodeLine(&node)))?;
        lines.records.nodes += 1;
    }
    for queue in lab.queue_list(None, None)? {
        if QueueName::new(queue.name.as_str()).is_err() {
            left_out.queues += 1;
            continue;
        }
        lines.write(&Written::Queue(QueueLine(&queue)))?;
        lines.records.queues += 1;
    }

    progress.begin("runs", None);
    // A job of a run that is not in the archive would be of none.
    let mut known = KnownRuns::default();
    let mut jobs_counted: u64 = 0;
    let mut after: Option<RecordId> = None;
    loop {
        let page = lab.run_walk(&conditions, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for run in &page {
            if RunName::new(run.record.name.as_str()).is_err() {
                left_out.runs += 1;
                continue;
            }
            lines.write(&Written::Run(RunLine(&run.record)))?;
            known.add(run.record.name.as_str());
            jobs_counted += u64::from(run.record.results.total());
            lines.records.runs += 1;
        }
        progress.advance(page.len() as u64);
    }

    progress.begin("jobs", Some(jobs_counted));
    let mut after: Option<RecordId> = None;
    loop {
        let page = lab.job_walk(&conditions, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for placed in page.iter().map(|job| &job.record) {
            let (run, job_id) = (placed.job.run.as_str(), placed.job.job_id.as_str());
            if RunName::new(run).is_err() || known.has(run) && JobId::new(job_id).is_err() {
                left_out.jobs += 1;
                continue;
            }
            if !known.has(run) {
                continue;
            }
            lines.write(&Written::Job(JobLine(placed)))?;
            lines.records.jobs += 1;
        }
        progress.advance(page.len() as u64);
    }
    Ok(Exported { written: lines.end()?, left_out })
}

/// The names of runs, a few bytes each.
#[derive(Default)]
struct KnownRuns {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl KnownRuns {
    fn add(&mut self, name: &str) {
        self.hashes.insert(self.hasher.hash_one(name));
    }

    fn has(&self, name: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(name))
    }
}

/// Lines on their way into a compressed file.
struct Lines<W: Write> {
    out: zstd::Encoder<'static, W>,
    line: Vec<u8>,
    records: Records,
}

impl<W: Write> Lines<W> {
    fn new(out: W) -> io::Result<Self> {
        let mut out = zstd::Encoder::new(out, LEVEL)?;
        out.include_checksum(true)?;
        Ok(Self { out, line: Vec::new(), records: Records::default() })
    }

    fn write(&mut self, line: &Written<'_>) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    fn end(mut self) -> Result<Records, ExportError> {
        let records = self.records;
        self.write(&Written::End(records))?;
        self.out.finish()?.flush()?;
        Ok(records)
    }
}
