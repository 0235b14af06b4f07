//! Reading an archive line by line.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read};

use super::line::{Header, Line};
use super::{Records, VERSION};
use crate::reachable::{keep_reachable, keep_readable, reachable};
use crate::{Progress, RecordError};

/// A file that is no archive, or no longer a whole one.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ArchiveError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: BadLine,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum BadLine {
    /// It cannot be read: the file is damaged, cut off, or away.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is no record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It is longer than any line of an archive.
    #[error("it is longer than {MOST_LINE_BYTES} bytes")]
    TooLong,
    /// The first line is no header.
    #[error("no header of an archive, which paddles export writes")]
    NoHeader,
    /// The header is one of another format.
    #[error("an archive of format {0}; this version reads {VERSION}")]
    OtherVersion(u32),
    /// The file ends before its last line.
    #[error("the archive ends here, before its last line: it was cut off")]
    CutOff,
    /// The last line counts other records than there are.
    #[error("the last line counts other records than came before it")]
    Miscounted,
    /// Something stands behind the last line.
    #[error("something stands behind the last line")]
    Behind,
    /// The line holds something else than a node, queue, run or job.
    #[error("{0:?} is no kind of record")]
    Unknown(String),
    /// The job's run did not come before it.
    #[error("a job of {0}, a run that did not come before it")]
    NoRun(String),
}

/// The largest body that a server takes is a fraction of this.
const MOST_LINE_BYTES: u64 = 1 << 28;

/// What every file that zstd made begins with; one that does not is read as it is.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads a whole archive and refuses it if anything is wrong with it; says how many records it holds. What a load would leave out
/// is told in a sentence each, as far as the archive alone tells.
pub fn check(
    archive: impl Read,
    progress: &dyn Progress,
    leave_out: &mut dyn FnMut(String),
) -> Result<Records, ArchiveError> {
    progress.begin("checking", None);
    let mut lines = Lines::open(archive)?;
    let (mut runs, hasher) = (HashSet::new(), RandomState::new());
    while let Some(line) = lines.next()? {
        match line {
            Line::Node(node) => drop(reachable(&node, leave_out)),
            Line::Queue(mut queue) => keep_readable(&mut queue, leave_out),
            Line::Run(read) => {
                read.tell().for_each(&mut *leave_out);
                runs.insert(hasher.hash_one(read.run.name.as_str()));
            }
            Line::Job(mut read) => {
                if !runs.contains(&hasher.hash_one(read.placed.job.run.as_str())) {
                    return Err(lines.error(BadLine::NoRun(read.placed.job.run.to_string())));
                }
                read.tell().for_each(&mut *leave_out);
                keep_reachable(&mut read.placed, leave_out);
            }
            Line::Archive(_) | Line::End(_) | Line::Other(_) => {}
        }
        progress.advance(1);
    }
    Ok(lines.records)
}

/// The lines of an archive behind its header.
pub(super) struct Lines<'a> {
    input: Box<dyn BufRead + 'a>,
    text: Vec<u8>,
    number: u64,
    records: Records,
    has_ended: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn open(archive: impl Read + 'a) -> Result<Self, ArchiveError> {
        let mut archive = BufReader::new(archive);
        let unreadable = |error: io::Error| ArchiveError { line: 1, reason: error.into() };
        let is_compressed = archive.fill_buf().map_err(unreadable)?.starts_with(&ZSTD);
        let input: Box<dyn BufRead + 'a> = if is_compressed {
            Box::new(BufReader::with_capacity(1 << 17, zstd::Decoder::with_buffer(archive).map_err(unreadable)?))
        } else {
            Box::new(archive)
        };
        let mut lines = Self { input, text: Vec::new(), number: 0, records: Records::default(), has_ended: false };
        match lines.read() {
            Ok(Some(Line::Archive(Header { version: VERSION, .. }))) => Ok(lines),
            Ok(Some(Line::Archive(Header { version, .. }))) => Err(lines.error(BadLine::OtherVersion(version))),
            Ok(_) | Err(ArchiveError { reason: BadLine::Record(_), .. }) => Err(lines.error(BadLine::NoHeader)),
            Err(error) => Err(error),
        }
    }

    /// The next record; none behind a last line that is right.
    pub(super) fn next(&mut self) -> Result<Option<Line>, ArchiveError> {
        let line = self.read()?;
        let counted = match &line {
            None if self.has_ended => return Ok(None),
            None => return Err(self.error(BadLine::CutOff)),
            Some(_) if self.has_ended => return Err(self.error(BadLine::Behind)),
            Some(Line::Node(_)) => &mut self.records.nodes,
            Some(Line::Queue(_)) => &mut self.records.queues,
            Some(Line::Run(_)) => &mut self.records.runs,
            Some(Line::Job(_)) => &mut self.records.jobs,
            Some(Line::End(records)) if *records == self.records => {
                self.has_ended = true;
                return self.next();
            }
            Some(Line::End(_)) => return Err(self.error(BadLine::Miscounted)),
            Some(Line::Archive(_)) => return Err(self.error(BadLine::Unknown("archive".to_owned()))),
            Some(Line::Other(kind)) => return Err(self.error(BadLine::Unknown(kind.clone()))),
        };
        *counted += 1;
        Ok(line)
    }

    /// What is wrong with the line that was read last.
    pub(super) fn error(&self, reason: BadLine) -> ArchiveError {
        ArchiveError { line: self.number, reason }
    }

    fn read(&mut self) -> Result<Option<Line>, ArchiveError> {
        self.number += 1;
        self.text.clear();
        let mut piece = (&mut self.input).take(MOST_LINE_BYTES);
        let length = match piece.read_until(b'\n', &mut self.text) {
            Ok(length) => length,
            Err(error) => return Err(self.error(error.into())),
        };
        if length as u64 == MOST_LINE_BYTES {
            return Err(self.error(BadLine::TooLong));
        }
        if length == 0 {
            return Ok(None);
        }
        if self.text.last() != Some(&b'\n') {
            return Err(self.error(BadLine::CutOff));
        }
        Line::read(&self.text).map(Some).map_err(|error| self.error(error.into()))
    }
}
