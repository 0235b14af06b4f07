//! Takes the database of an existing lab over, in place: looked at first (`look`), planned (`plan`), and then done in steps
//! (`steps`), each of which finds out by itself what is left to do.
//!
//! - `declared` asks the migrations how tables should look, `catalog` reads how they do, `difference` compares.
//! - Nobody waits for it for more than a moment: `session` takes locks shortly and again and again, `indexes` are built beside
//!   everybody, `counting` goes in small batches.
//! - Whatever others write meanwhile is noted by triggers (`watch`) and counted again.
//! - Nothing is dropped: `merge` keeps every row that it changes in `merged_jobs`, `counting` every status that it corrects in
//!   `corrected_runs`, and indexes of the older service stay.

pub(crate) mod catalog;
mod columns;
mod counting;
pub(crate) mod declared;
pub(crate) mod difference;
pub(crate) mod drift;
mod duplicates;
pub(crate) mod file;
pub(crate) mod file_schema;
mod indexes;
pub(crate) mod look;
pub(crate) mod lost_deletions;
mod merge;
pub(crate) mod plan;
mod progress;
pub(crate) mod session;
mod steps;
mod survey;
pub(crate) mod watch;

use std::thread;
use std::time::{Duration, Instant};

use paddles_domain::Act;
use paddles_repository::RepositoryError;

pub use self::duplicates::{duplicates, merge_duplicates};
pub use self::merge::DuplicateJob;
pub use self::progress::Progress;
pub(crate) use self::survey::summed_up;
pub use self::survey::{PlannedStep, Survey};

use self::look::look;
use self::plan::plan;
use self::session::Session;
use crate::{DatabaseUrl, OpenError};

/// Whether adopting stands for a migration, told by its version: for the first ones, and for those that build indexes of a lab's
/// tables, which are built beside everybody here. Others run as they do everywhere.
pub(crate) fn is_adopted(version: &str) -> bool {
    version <= "20261124000003" || version == "20261124000008"
}

/// How long until a lock is asked for again.
const PAUSE: Duration = Duration::from_millis(200);

/// Any number will do that nothing else in the database takes.
const ALONE: &str = "SELECT pg_try_advisory_lock(7223555) AS value";

/// Why a database could not be looked at or taken over. What was done before holds, and the next attempt goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// No connection could be made.
    #[error("cannot connect to {url}: {source}")]
    Connect {
        /// The address, without its password.
        url: String,
        /// What the database or the system said.
        source: diesel::ConnectionError,
    },
    /// A pooler is between that lends a session for each transaction.
    #[error(
        "{url} is a pooler in transaction mode; tables are changed through the address of the server itself: \
        PADDLES_MIGRATION_DATABASE_URL"
    )]
    Pooled {
        /// The address, without its password.
        url: String,
    },
    /// Only a server can be asked this.
    #[error("{url} is an SQLite file, which has no server to ask")]
    Sqlite {
        /// The address.
        url: String,
    },
    /// The database holds no lab.
    #[error("this is not the database of a paddles: it has no table {missing}")]
    NoLab {
        /// The tables that are missing.
        missing: String,
    },
    /// Another adoption is at work.
    #[error("somebody else is adopting this database")]
    Busy,
    /// Something has to be put right by hand first.
    #[error("this database cannot be adopted before this is put right:\n  {}", .0.join("\n  "))]
    Blocked(Vec<String>),
    /// Others hold locks for too long.
    #[error("cannot get a lock on {table}, which others hold: {holders}. What is done so far holds; try again")]
    Locked {
        /// The tables.
        table: String,
        /// Who holds them.
        holders: String,
    },
    /// Duplicates come faster than they are merged.
    #[error("cannot build the index {index}: somebody keeps adding duplicates. What is done so far holds; try again")]
    Duplicates {
        /// The unique index.
        index: String,
    },
    /// The database refused a statement.
    #[error("cannot {doing}: {source}")]
    Refused {
        /// What was tried.
        doing: String,
        /// What the database said.
        source: diesel::result::Error,
    },
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The file refused a change.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A later migration failed.
    #[error("the database is adopted, but later migrations failed: {reason}")]
    Migrate {
        /// What the database said.
        reason: String,
    },
}

/// What an adoption has done.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// How many steps it took: none if there was nothing to do.
    pub steps: usize,
    /// How long it took.
    pub took: Duration,
    /// The longest that it held, or stood in line for, a lock that others may have waited for.
    pub longest_hold: Duration,
    /// Writes of the older service are still noted, until this service starts.
    pub is_watching: bool,
}

/// Looks at the database at `url`, changes nothing, and says what adopting it would do.
pub fn survey(url: &DatabaseUrl) -> Result<Survey, AdoptError> {
    if let DatabaseUrl::Sqlite(file) = url {
        return file::survey(url, file);
    }
    let mut session = Session::open(url)?;
    let found = look(&mut session, true)?;
    let planned = plan(&found);
    Ok(Survey::new(url, &found, &planned))
}

/// Takes the database at `url` over, or completes it if it is one of ours. May be killed at any point and run again.
pub fn adopt(url: &DatabaseUrl, act: &Act, progress: &mut dyn Progress) -> Result<Adopted, AdoptError> {
    if let DatabaseUrl::Sqlite(file) = url {
        return file::adopt(url, file, act, progress);
    }
    let mut session = Session::open(url)?;
    let began = Instant::now();
    be_alone(&mut session)?;
    session.run("allow memory for indexes", MEMORY)?;
    let found = look(&mut session, true)?;
    if !found.blockers.is_empty() {
        return Err(AdoptError::Blocked(found.blockers));
    }
    let planned = plan(&found);
    for (place, planned_step) in planned.iter().enumerate() {
        progress.begin(place + 1, planned.len(), &planned_step.step.to_string(), planned_step.rows);
        let outcome = steps::take(&mut session, progress, url, &planned_step.step, found.is_foreign)?;
        progress.end(&outcome);
    }
    Ok(Adopted {
        steps: planned.len(),
        took: began.elapsed(),
        longest_hold: session.longest_hold,
        is_watching: watch::is_on(&mut session)?,
    })
}

/// Of several adoptions of a database one goes on.
fn be_alone(session: &mut Session) -> Result<(), AdoptError> {
    if session.holds("ask whether somebody else is adopting", ALONE)? { Ok(()) } else { Err(AdoptError::Busy) }
}

/// What is there stays, if it is more.
const MEMORY: &str = "SELECT set_config('maintenance_work_mem', greatest(256 * 1024, \
    (SELECT setting::bigint FROM pg_settings WHERE name = 'maintenance_work_mem'))::text || 'kB', false)";

/// Ends the watch over the older service, if there is one: its last writes are counted, and noted no longer. What keeps it from
/// ending is left for the next time.
pub(crate) fn end_watch(url: &DatabaseUrl) -> Result<(), AdoptError> {
    let mut session = Session::open(url)?;
    // Of several servers that start at once one does it. Asked again and again: an adoption that builds an index beside everybody would
    // wait for a statement that waits for it.
    while !session.holds("wait for another server", ALONE)? {
        thread::sleep(PAUSE);
    }
    if watch::is_on(&mut session)? { watch::end(&mut session, &mut Silent) } else { Ok(()) }
}

/// Nobody watches.
struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: usize, _: usize, _: &str, _: Option<u64>) {}
    fn reach(&mut self, _: u64) {}
    fn wait(&mut self, _: &str) {}
    fn end(&mut self, _: &str) {}
}
