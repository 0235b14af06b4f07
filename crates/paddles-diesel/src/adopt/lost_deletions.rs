//! Deletions whose table is lost, told by the rows that they kept: a new deletion must not take the number of an old one, and what was
//! deleted can come back.

/// How many of its rows refer to a deletion that is not there.
pub(super) const LOST: &str = "SELECT (SELECT count(*) FROM deleted_runs WHERE deletion NOT IN (SELECT id FROM deletions)) \
    + (SELECT count(*) FROM deleted_jobs WHERE deletion NOT IN (SELECT id FROM deletions)) AS value";

/// What that counts.
pub(crate) const ARE_LOST: &str = "deleted runs and jobs belong to a deletion that is lost";

/// What tells them to Postgres, and moves the numbers behind them.
pub(super) fn on_postgres() -> String {
    format!(
        "{}; SELECT setval(pg_get_serial_sequence('deletions', 'id'), max(id)) FROM deletions HAVING max(id) > 0",
        found("now() AT TIME ZONE 'UTC'")
    )
}

/// The same for SQLite, which moves its numbers by itself.
pub(super) fn on_sqlite() -> String {
    found("CURRENT_TIMESTAMP")
}

/// Nobody knows any more who deleted it and when: it is kept for as long as if it was deleted now.
fn found(now: &str) -> String {
    let columns = "INSERT INTO deletions (id, time, who, run_id, run_name, job_id, jobs)";
    format!(
        "{columns} SELECT deletion, {now}, 'unknown', id, name, NULL, \
             (SELECT count(*) FROM deleted_jobs WHERE deleted_jobs.deletion = deleted_runs.deletion) \
         FROM deleted_runs WHERE name IS NOT NULL AND deletion NOT IN (SELECT id FROM deletions); \
         {columns} SELECT deletion, {now}, 'unknown', run_id, \
             coalesce((SELECT name FROM runs WHERE runs.id = run_id), \
             (SELECT min(name) FROM deleted_runs WHERE deleted_runs.id = run_id), ''), min(job_id), count(*) \
         FROM deleted_jobs WHERE run_id IS NOT NULL AND deletion NOT IN (SELECT id FROM deletions) GROUP BY deletion, run_id"
    )
}
