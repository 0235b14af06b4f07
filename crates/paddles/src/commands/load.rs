//! `paddles load`: a file that `paddles export` wrote, into the database.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use paddles_diesel::OpenError;
use paddles_repository::WhatIsHere;
use paddles_transfer::{ArchiveError, Brought, LoadError, Records};

use super::import::print_fates;
use super::serve;
use crate::progress::Bar;
use crate::settings::Settings;

/// Adds what is not here and changes what is older here; what was heard of later here stays, and so do nodes and queues, of which
/// nobody knows when they changed last. Broken off, it goes on where it is begun again. The file is read twice: a damaged one is
/// refused before anything is stored.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The file to read
    file: PathBuf,
    /// Only check the file, and say what is in it and what of that a load would leave out
    #[arg(long)]
    dry_run: bool,
    /// Nodes and queues that are here become those of the file, with its locks and pauses
    #[arg(long)]
    replace_nodes: bool,
}

/// Why a file is not loaded, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadFailure {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{}, {source}\nNothing of it is stored.", file.display())]
    Refused { file: PathBuf, source: ArchiveError },
    #[error("{0}\nThe same command goes on where this one ended.")]
    Load(#[from] LoadError),
    #[error("{0} things are left out: see above")]
    LeftOut(u64),
}

impl Load {
    pub(super) fn run(&self, settings: &Settings) -> Result<(), LoadFailure> {
        let bar = Bar::new();
        let mut left_out = 0;
        let here = if self.replace_nodes { WhatIsHere::Changes } else { WhatIsHere::Stays };
        let checked = paddles_transfer::check(self.open()?, &bar, &mut |sentence| {
            // A load says so itself.
            if self.dry_run {
                paddles_transfer::Progress::say(&bar, &sentence);
                left_out += 1;
            }
        });
        let records = checked.map_err(|source| {
            bar.end();
            LoadFailure::Refused { file: self.file.clone(), source }
        })?;
        if self.dry_run {
            bar.end();
            let Records { nodes, queues, runs, jobs } = records;
            say!("a whole archive of {nodes} nodes, {queues} queues, {runs} runs and {jobs} jobs");
            return told(left_out);
        }
        let lab = serve::repository(settings)?;
        let start = Instant::now();
        paddles_transfer::Progress::begin(&bar, "loading", Some(records.total()));
        let loaded = paddles_transfer::load(&lab, self.open()?, here, &bar);
        bar.end();
        let Brought { taken, left_out } = loaded?;
        print_fates(&taken, start.elapsed());
        told(left_out)
    }

    fn open(&self) -> Result<File, LoadFailure> {
        File::open(&self.file).map_err(|source| LoadFailure::Read { file: self.file.clone(), source })
    }
}

fn told(left_out: u64) -> Result<(), LoadFailure> {
    if left_out == 0 { Ok(()) } else { Err(LoadFailure::LeftOut(left_out)) }
}
