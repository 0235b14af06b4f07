//! `paddles export`: the lab in a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
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
    #[expect(clippy::print_stderr, reason = "standard output may be the file")]
    pub(super) fn run(&self, settings: &Settings) -> Result<(), ExportFailure> {
        let lab = serve::repository(settings)?;
        let bar = Bar::new();
        let written = |out: &mut dyn Write| {
            let records = paddles_transfer::export(&lab, &self.runs.selection(), out, &bar);
            bar.end();
            records
        };
        let Exported { written: Records { nodes, queues, runs, jobs }, left_out } =
            if self.file == Path::new("-") { written(&mut io::stdout().lock())? } else { self.write_file(written)? };
        eprintln!("{nodes} nodes, {queues} queues, {runs} runs and {jobs} jobs are written");
        if left_out.total() > 0 {
            let Records { nodes, queues, runs, jobs } = left_out;
            eprintln!(
                "left out, since no URL could name them: {nodes} nodes, {queues} queues, {runs} runs and {jobs} jobs"
            );
        }
        Ok(())
    }

    /// The file has its name only when it is whole and on the disk.
    fn write_file(
        &self,
        written: impl FnOnce(&mut dyn Write) -> Result<Exported, ExportError>,
    ) -> Result<Exported, ExportFailure> {
        let mut partial = self.file.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let failed = |source| ExportFailure::Write { file: self.file.clone(), source };
        let file = File::create(&partial).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 17, file);
        let records = written(&mut out)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        fs::rename(&partial, &self.file).map_err(failed)?;
        Ok(records)
    }
}
