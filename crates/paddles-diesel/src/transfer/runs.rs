//! Taking in runs.

use diesel::QueryResult;
use paddles_domain::Run;
use paddles_repository::{Copied, Stored};

use crate::claim::lock_run;
use crate::connection::AnyConnection;
use crate::run_row;

/// Runs are kept in the order of their names by everyone who keeps several, so that nobody waits in a circle; their rows are
/// made in the order in which they come.
pub(super) fn import(connection: &mut AnyConnection, runs: &[Run]) -> QueryResult<Copied> {
    let mut copied = Copied::default();
    let mut known = Vec::new();
    for run in runs {
        match run_row::insert(&run.without_jobs()).run(connection)? {
            1 => copied.added += 1,
            _ => known.push(run),
        }
    }
    known.sort_by(|one, other| one.name.cmp(&other.name));
    for run in known {
        let Some(Stored { id, record: kept }) = lock_run(connection, &run.name)? else { continue };
        let told = run.without_jobs();
        if kept.updated > run.updated {
            copied.newer += 1;
        } else if kept.without_jobs() == told {
            copied.same += 1;
        } else {
            let run = Run { status: kept.status, results: kept.results, first_job: kept.first_job, ..told };
            for write in run_row::update_kept(id, &run) {
                write.run(connection)?;
            }
            copied.changed += 1;
        }
    }
    Ok(copied)
}
