//! What is counted beside jobs, counted anew from them: for databases whose jobs came in behind the service's back.

use diesel::QueryResult;
use diesel::connection::SimpleConnection;

use crate::DatabaseUrl;
use crate::connection::{AnyConnection, Connector};

/// Why a database could not be recounted.
#[derive(Debug, thiserror::Error)]
pub enum RecountError {
    /// No connection could be made.
    #[error("cannot connect to {url}: {source}")]
    Connect {
        /// The address, without its password.
        url: String,
        /// What the database or the system said.
        source: diesel::ConnectionError,
    },
    /// The database refused a statement; nothing has changed.
    #[error("cannot count the jobs of {url}: {source}")]
    Refused {
        /// The address, without its password.
        url: String,
        /// What the database said.
        source: diesel::result::Error,
    },
}

/// Makes everything right that is counted beside jobs, in one transaction that reads every job: after a bulk load, or when
/// another program has written jobs. The service should not run meanwhile.
pub fn recount(url: &DatabaseUrl) -> Result<(), RecountError> {
    let mut connection =
        Connector::new(url.clone()).open().map_err(|source| RecountError::Connect { url: url.to_string(), source })?;
    recount_all(&mut connection).map_err(|source| RecountError::Refused { url: url.to_string(), source })
}

pub(crate) fn recount_all(connection: &mut AnyConnection) -> QueryResult<()> {
    // Postgres' index of trigrams is one like any other.
    let trigrams = matches!(connection, AnyConnection::Sqlite(_)).then_some(TRIGRAMS);
    connection.begin_write()?;
    for counted in [RUNS, SHA1S, FLAVORS, NODE_DAYS, DESCRIPTIONS].into_iter().chain(trigrams) {
        if let Err(error) = connection.batch_execute(counted) {
            connection.roll_back().ok();
            return Err(error);
        }
    }
    connection.commit()
}

/// The jobs of each run by state, and what lists show of its first job. A job in no known state counts as unknown.
const RUNS: &str = "UPDATE runs SET \
    jobs_queued = counted.queued, jobs_waiting = counted.waiting, jobs_running = counted.running, \
    jobs_pass = counted.pass, jobs_fail = counted.fail, jobs_dead = counted.dead, jobs_unknown = counted.jobs \
        - counted.queued - counted.waiting - counted.running - counted.pass - counted.fail - counted.dead, \
    first_job_id = jobs.job_id, first_job_sha1 = jobs.sha1, first_job_flavor = jobs.flavor, \
    first_job_priority = jobs.priority \
    FROM (SELECT runs.id, min(jobs.job_id) AS first_job, count(jobs.id) AS jobs, \
        count(jobs.id) FILTER (WHERE jobs.status = 'queued') AS queued, \
        count(jobs.id) FILTER (WHERE jobs.status = 'waiting') AS waiting, \
        count(jobs.id) FILTER (WHERE jobs.status = 'running') AS running, \
        count(jobs.id) FILTER (WHERE jobs.status = 'pass') AS pass, \
        count(jobs.id) FILTER (WHERE jobs.status = 'fail') AS fail, \
        count(jobs.id) FILTER (WHERE jobs.status = 'dead') AS dead \
        FROM runs LEFT JOIN jobs ON jobs.run_id = runs.id GROUP BY runs.id) AS counted \
    LEFT JOIN jobs ON jobs.run_id = counted.id AND jobs.job_id = counted.first_job \
    WHERE runs.id = counted.id";

const SHA1S: &str = "DELETE FROM run_sha1s; \
    INSERT INTO run_sha1s (run_id, sha1, jobs) \
    SELECT run_id, sha1, count(*) FROM jobs \
    WHERE run_id IN (SELECT id FROM runs) AND sha1 IS NOT NULL GROUP BY run_id, sha1";

const FLAVORS: &str = "DELETE FROM run_flavors; \
    INSERT INTO run_flavors (run_id, flavor, jobs) \
    SELECT run_id, flavor, count(*) FROM jobs \
    WHERE run_id IN (SELECT id FROM runs) AND flavor IS NOT NULL GROUP BY run_id, flavor";

const NODE_DAYS: &str = "DELETE FROM node_days; \
    INSERT INTO node_days (day, node_id, machine_type, jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead, \
    jobs_unknown) \
    SELECT coalesce(substr(CAST(jobs.posted AS text), 1, 10), ''), job_nodes.node_id, coalesce(jobs.machine_type, ''), \
    count(*) FILTER (WHERE jobs.status = 'queued'), count(*) FILTER (WHERE jobs.status = 'waiting'), \
    count(*) FILTER (WHERE jobs.status = 'running'), count(*) FILTER (WHERE jobs.status = 'pass'), \
    count(*) FILTER (WHERE jobs.status = 'fail'), count(*) FILTER (WHERE jobs.status = 'dead'), \
    count(*) FILTER (WHERE jobs.status IS NULL \
    OR jobs.status NOT IN ('queued', 'waiting', 'running', 'pass', 'fail', 'dead')) \
    FROM job_nodes JOIN jobs ON jobs.id = job_nodes.job_id JOIN nodes ON nodes.id = job_nodes.node_id GROUP BY 1, 2, 3";

const DESCRIPTIONS: &str = "INSERT INTO job_descriptions (description) \
    SELECT DISTINCT description FROM jobs WHERE description IS NOT NULL ON CONFLICT DO NOTHING";

/// Reads all descriptions anew: some may have come without the trigger, or have the number of one that is gone.
const TRIGRAMS: &str = "INSERT INTO job_description_trigrams (job_description_trigrams) VALUES ('rebuild')";
