//! Duplicate jobs, looked for and merged without adopting anything: by the rule of an adoption, and with all that counts them.

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, QueryResult};
use paddles_domain::{Act, Deed, Document, JobId, RunName};

use super::catalog::literal;
use super::counting::{self, count_days, count_runs};
use super::declared::listed;
use super::look::require_lab;
use super::merge::{self, DuplicateJob};
use super::progress::Progress;
use super::session::{Session, numbers};
use super::{AdoptError, be_alone};
use crate::DatabaseUrl;

/// A job's id in its run is the key of an index that is whole.
const RULED_OUT: &str = "SELECT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = 'jobs'::regclass AND x.indisunique \
    AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL AND ARRAY['job_id', 'run_id'] = \
    (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a \
    WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey))) AS value";

/// The jobs of the database at `url` that have several rows; `None` where a unique index rules that out.
pub fn duplicates(url: &DatabaseUrl) -> Result<Option<Vec<DuplicateJob>>, AdoptError> {
    let mut session = Session::open(url)?;
    require_lab(&mut session)?;
    let is_ruled_out = session.holds("look for the unique index", RULED_OUT)?;
    if is_ruled_out { Ok(None) } else { merge::find(&mut session).map(Some) }
}

/// Makes every job of the database at `url` one row, as an adoption does, and names those that were several. Where this service
/// made the tables, counts and audit follow.
pub fn merge_duplicates(
    url: &DatabaseUrl,
    act: &Act,
    progress: &mut dyn Progress,
) -> Result<Vec<DuplicateJob>, AdoptError> {
    let mut session = Session::open(url)?;
    require_lab(&mut session)?;
    be_alone(&mut session)?;
    session.run("make the tables of what is merged", &[merge::TABLE, counting::CORRECTED].join("; "))?;
    let is_counted = !listed(&mut session)?.is_empty();
    let is_audited = session.has_table("audit")?;
    progress.begin(1, 1, "merge duplicates", None);
    let merged = merge::merge_all(&mut session, progress, |connection, job, days| {
        if is_counted {
            let run = format!("SELECT CAST(id AS bigint) AS value FROM runs WHERE id = {}", job.run_id);
            let run = numbers(connection, &run)?;
            count_runs(connection, &run)?;
            count_days(connection, days)?;
        }
        if is_audited { keep(connection, act, job) } else { Ok(()) }
    })?;
    progress.end(&format!("{} jobs", merged.len()));
    Ok(merged)
}

/// Keeps in the audit that a job was made one row.
fn keep(connection: &mut PgConnection, act: &Act, job: &DuplicateJob) -> QueryResult<()> {
    let run = RunName::from_stored(job.run.clone().unwrap_or_default());
    let deed = Deed::of_merged_job(&run, &JobId::from_stored(job.job_id.clone()), job.rows);
    let text = |document: &Option<Document>| {
        document.as_ref().map_or_else(|| "NULL".to_owned(), |document| literal(document.as_json()))
    };
    connection.batch_execute(&format!(
        "INSERT INTO audit (time, who, action, kind, name, before, after) VALUES ({}, {}, {}, {}, {}, {}, {})",
        literal(&act.when.to_string()),
        literal(&act.who.to_string()),
        literal(deed.action.as_str()),
        literal(deed.thing.kind()),
        literal(&deed.thing.name()),
        text(&deed.before),
        text(&deed.after)
    ))
}
