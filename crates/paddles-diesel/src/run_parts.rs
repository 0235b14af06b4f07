//! The commits and flavors of a run's jobs, counted: what filters and lists of them read instead of jobs.

use diesel::QueryResult;
use paddles_domain::JobFacts;
use paddles_repository::RecordId;

use crate::connection::AnyConnection;
use crate::statement::Statement;

/// Counts a job of `run` that was added, changed or removed: nothing is written unless its sha1 or flavor changed.
pub(crate) fn count_job(
    connection: &mut AnyConnection,
    run: RecordId,
    before: Option<&JobFacts>,
    after: Option<&JobFacts>,
) -> QueryResult<()> {
    let sha1 = |facts: &JobFacts| facts.sha1.clone();
    let flavor = |facts: &JobFacts| facts.flavor.clone();
    recount(connection, run, &SHA1S, before.and_then(sha1), after.and_then(sha1))?;
    recount(connection, run, &FLAVORS, before.and_then(flavor), after.and_then(flavor))
}

/// The statements of one counted part.
struct Part {
    add: &'static str,
    remove: &'static str,
    forget: &'static str,
}

const SHA1S: Part = Part {
    add: "INSERT INTO run_sha1s (run_id, sha1, jobs) VALUES (?, ?, 1) \
        ON CONFLICT (run_id, sha1) DO UPDATE SET jobs = run_sha1s.jobs + 1",
    remove: "UPDATE run_sha1s SET jobs = jobs - 1 WHERE run_id = ? AND sha1 = ?",
    forget: "DELETE FROM run_sha1s WHERE run_id = ? AND sha1 = ? AND jobs < 1",
};

const FLAVORS: Part = Part {
    add: "INSERT INTO run_flavors (run_id, flavor, jobs) VALUES (?, ?, 1) \
        ON CONFLICT (run_id, flavor) DO UPDATE SET jobs = run_flavors.jobs + 1",
    remove: "UPDATE run_flavors SET jobs = jobs - 1 WHERE run_id = ? AND flavor = ?",
    forget: "DELETE FROM run_flavors WHERE run_id = ? AND flavor = ? AND jobs < 1",
};

fn recount(
    connection: &mut AnyConnection,
    run: RecordId,
    part: &Part,
    before: Option<String>,
    after: Option<String>,
) -> QueryResult<()> {
    if before == after {
        return Ok(());
    }
    if let Some(value) = before {
        for sql in [part.remove, part.forget] {
            Statement::new(sql).bind(run.0).bind(value.as_str()).run(connection)?;
        }
    }
    if let Some(value) = after {
        Statement::new(part.add).bind(run.0).bind(value.as_str()).run(connection)?;
    }
    Ok(())
}
