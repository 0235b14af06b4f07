//! `paddles export`: the lab in a file.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::Args;
use paddles_diesel::OpenError;
use paddles_transfer::{ExportError, Exported, Records};

use super::selected_runs::SelectedRuns;
use super::serve;
use crate::progress::Bar;
use crate::settings::Settings;

/// All nodes and queues, and the selected runs with their jobs.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file to write, or - for standard output
    file: PathBuf,
    #[command(flatten)]
    runs: SelectedRuns,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportFailure {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot write {}: {source}", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl Export {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), ExportFailure> {
        let lab = serve::repository(settings)?;
        let bar = Bar::new();
        let written = |out: &mut dyn Write| {
            let records = paddles_transfer::export(&lab, &self.runs.selection(), out, &bar);
            bar.end();
            records
        };
        let Exported { written: Records { nodes, queues, runs, jobs }, left_out } = match self.file.as_path() {
            file if file == Path::new("-") => written(&mut io::stdout().lock())?,
            // A device, or a pipe with a reader, stays what it is.
            file if fs::metadata(file).is_ok_and(|there| !there.is_file() && !there.is_dir()) => {
                written(&mut File::options().write(true).open(file).map_err(|source| self.failed(source))?)?
            }
            _ => self.write_file(written)?,
        };
        tell!("{nodes} nodes, {queues} queues, {runs} runs and {jobs} jobs are written");
        if left_out.total() > 0 {
            let Records { nodes, queues, runs, jobs } = left_out;
            tell!(
                "left out, since no URL could name them: {nodes} nodes, {queues} queues, {runs} runs and {jobs} jobs"
            );
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> ExportFailure {
        ExportFailure::Write { file: self.file.clone(), source }
    }

    /// The file has its name only when it is whole and on the disk; until then it is beside it, and gone if it fails.
    fn write_file(
        &self,
        written: impl FnOnce(&mut dyn Write) -> Result<Exported, ExportError>,
    ) -> Result<Exported, ExportFailure> {
        // A link stays one.
        let target = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let mut partial = target.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let failed = |source| self.failed(source);
        // It is locked until this function ends.
        let file = create_alone(&partial).map_err(failed)?;
        let write = || {
            let mut out = BufWriter::with_capacity(1 << 17, &file);
            let records = written(&mut out)?;
            out.flush().map_err(failed)?;
            file.sync_all().map_err(failed)?;
            fs::rename(&partial, &target).map_err(failed)?;
            Ok(records)
        };
        write().inspect_err(|_| drop(fs::remove_file(&partial)))
    }
}

/// An empty file that no other export writes meanwhile, where its system knows of locks.
fn create_alone(path: &Path) -> io::Result<File> {
    loop {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(io::Error::other(format!("another export is writing {}", path.display())));
        }
        // Whoever wrote it may just have given it its name.
        let is_there =
            fs::metadata(path).is_ok_and(|there| there.ino() == file.metadata().map_or(0, |opened| opened.ino()));
        if is_there {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}
