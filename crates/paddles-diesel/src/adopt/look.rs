//! What is there: looked at, and not touched.

use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use paddles_domain::{JobStatus, RunName, RunResults};

use super::catalog::{self, Catalog};
use super::counting::aggregates;
use super::declared::{declared_for, listed, migrations};
use super::difference::{Difference, What, differences};
use super::drift::{Drift, drift};
use super::session::{Session, refused};
use super::{AdoptError, indexes, lost_deletions, merge, watch};

/// Tables that a lab's database must have.
pub(super) const LAB: [&str; 5] = ["runs", "jobs", "nodes", "job_nodes", "queue"];

/// The oldest server on which a column with a default comes in an instant.
const OLDEST_SERVER: i64 = 110_000;

/// What a look has found.
pub(crate) struct Look {
    pub(crate) server: String,
    /// Another paddles made the tables.
    pub(crate) is_foreign: bool,
    /// An adoption has begun and did not end.
    pub(crate) is_under_way: bool,
    /// How many migrations have not run here: it is an older one of ours, or an adoption was broken off before them.
    pub(crate) pending_migrations: usize,
    pub(crate) tables: Vec<TableSize>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) live: Catalog,
    pub(crate) blockers: Vec<String>,
    pub(crate) jobs: Jobs,
    /// Tables that the lab made for itself and that refer to jobs, where jobs have several rows.
    pub(crate) referring: Vec<String>,
    /// Statuses of jobs that are no word of ours, and how many jobs have them.
    pub(crate) strange_statuses: Vec<(Option<String>, i64)>,
    /// Rows of `job_nodes` without their job or node.
    pub(crate) loose_links: i64,
    pub(crate) wrong_statuses: u64,
    /// Sequences that would give numbers that are taken: the sequence, and the statement that mends it.
    pub(crate) sequences: Vec<(String, String)>,
    /// Deleted runs and jobs whose deletion is lost.
    pub(crate) lost_deletions: i64,
    /// None where nothing was counted yet.
    pub(crate) drift: Option<Drift>,
    pub(crate) watch_is_on: bool,
    pub(crate) noted: i64,
    pub(crate) put_aside: Vec<String>,
    /// How long it took to read all of `jobs` once.
    pub(crate) scan: Duration,
}

/// How large a table is.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct TableSize {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) rows: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) bytes: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) index_bytes: i64,
}

/// What is odd about jobs.
#[derive(Debug, Clone, Default, QueryableByName)]
pub(crate) struct Jobs {
    #[diesel(sql_type = BigInt)]
    pub(crate) without_run: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) of_absent_run: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) without_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) strange: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) null_texts: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) duplicated: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) superfluous: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) days: i64,
}

/// Looks at everything. `counts`: also compares what is counted with the jobs, which reads them several times.
pub(crate) fn look(session: &mut Session, counts: bool) -> Result<Look, AdoptError> {
    require_lab(session)?;
    let listed = listed(session)?;
    let is_foreign = listed.is_empty();
    let should = declared_for(session, is_foreign)?;
    let schema = session.schema.clone();
    let live = catalog::read(&mut session.connection, &schema).map_err(refused("read how tables look"))?;
    let differences = differences(&should, &live);

    let mut blockers = blockers(session, &differences)?;
    blockers.extend(later_migrations(&listed));
    let is_under_way = session.has_table("adoption")?;
    let tables = sizes(session, &should)?;
    let began = Instant::now();
    let mut jobs = jobs(session)?;
    let scan = began.elapsed();
    let is_unique = !differences.iter().any(|difference| match &difference.what {
        What::NoIndex(index) | What::Broken(index) => difference.table == "jobs" && index.is_unique,
        _ => false,
    });
    if !is_unique {
        let found: Vec<DuplicateRow> = session.rows("look for duplicate jobs", DUPLICATES)?;
        if let Some(row) = found.first() {
            (jobs.duplicated, jobs.superfluous) = (row.duplicated, row.superfluous);
        }
    }
    let references = if jobs.duplicated > 0 { merge::references(session)? } else { Vec::new() };
    let strange_statuses = if jobs.strange > 0 { strange_statuses(session)? } else { Vec::new() };
    let is_complete =
        !differences.iter().any(|difference| matches!(difference.what, What::NoTable(_) | What::NoColumn(_)));
    let drift = if counts && is_complete && !is_under_way { Some(drift(session)?) } else { None };
    Ok(Look {
        server: session.text("ask for the version", "SELECT current_setting('server_version') AS value")?,
        is_foreign,
        is_under_way,
        pending_migrations: migrations().iter().filter(|(version, _)| !listed.contains(version)).count(),
        tables,
        blockers,
        referring: references.into_iter().map(|reference| reference.table).collect(),
        loose_links: session.number("look for loose links", LOOSE_LINKS)?,
        wrong_statuses: wrong_statuses(session)?,
        sequences: sequences(session)?,
        lost_deletions: lost_deletions(session)?,
        drift,
        watch_is_on: watch::is_on(session)?,
        noted: watch::noted(session)?,
        put_aside: indexes::kept(session)?.into_iter().map(|kept| kept.name).collect(),
        differences,
        live,
        jobs,
        strange_statuses,
        scan,
    })
}

/// Refuses a database that holds no lab.
pub(super) fn require_lab(session: &mut Session) -> Result<(), AdoptError> {
    let missing = session.texts(
        "look for the tables",
        &format!(
            "SELECT name AS value FROM unnest(ARRAY['{}']) AS name WHERE to_regclass(name) IS NULL",
            LAB.join("', '")
        ),
    )?;
    if missing.is_empty() { Ok(()) } else { Err(AdoptError::NoLab { missing: missing.join(", ") }) }
}

/// What stands in the way, and has to be put right by hand.
fn blockers(session: &mut Session, differences: &[Difference]) -> Result<Vec<String>, AdoptError> {
    let mut found: Vec<String> =
        differences.iter().filter(|difference| difference.is_hopeless()).map(ToString::to_string).collect();
    let version =
        session.number("ask for the version", "SELECT current_setting('server_version_num')::bigint AS value")?;
    if version < OLDEST_SERVER {
        found.push("the server is older than Postgres 11, where a new column rewrites its table".to_owned());
    }
    if session.holds("ask whether this is a standby", "SELECT pg_is_in_recovery() AS value")? {
        found.push("this server is a standby, which only reads: use the address of its primary".to_owned());
    }
    let not_owned = session.texts(
        "ask who owns the tables",
        &format!(
            "SELECT c.relname || ' belongs to ' || pg_get_userbyid(c.relowner) AS value FROM pg_class c \
             WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(ARRAY['{}']) AS name) \
             AND NOT pg_has_role(c.relowner, 'USAGE')",
            LAB.join("', '")
        ),
    )?;
    found.extend(not_owned.into_iter().map(|what| format!("table {what}: only its owner can change it")));
    for (table, column) in [("runs", "name"), ("nodes", "name"), ("queue", "queue")] {
        let twice = session.texts(
            "look for names that came twice",
            &format!(
                "SELECT {column} || ' (' || count(*) || ')' AS value FROM {table} WHERE {column} IS NOT NULL \
                 GROUP BY {column} HAVING count(*) > 1 ORDER BY {column} LIMIT 5"
            ),
        )?;
        if !twice.is_empty() {
            found.push(format!("several {table} share a name, which must be one: {}", twice.join(", ")));
        }
    }
    Ok(found)
}

/// A newer program has changed the tables.
fn later_migrations(listed: &[String]) -> Option<String> {
    let known = migrations();
    let unknown: Vec<&str> =
        listed.iter().map(String::as_str).filter(|version| known.iter().all(|(known, _)| known != version)).collect();
    (!unknown.is_empty())
        .then(|| format!("a newer paddles ran migrations that this one does not know: {}", unknown.join(", ")))
}

fn sizes(session: &mut Session, should: &Catalog) -> Result<Vec<TableSize>, AdoptError> {
    let mut sizes = Vec::new();
    for name in should.tables.keys() {
        if session.has_table(name)? {
            let sql = format!(
                "SELECT '{name}'::text AS name, (SELECT count(*) FROM {name}) AS rows, pg_table_size('{name}') AS bytes, \
                 pg_indexes_size('{name}') AS index_bytes"
            );
            sizes.extend(session.rows::<TableSize>("measure tables", &sql)?);
        }
    }
    Ok(sizes)
}

/// A text of a few bytes is told apart from a document without reading the document.
fn jobs(session: &mut Session) -> Result<Jobs, AdoptError> {
    let known = JobStatus::ALL.map(|status| format!("'{}'", status.as_str())).join(", ");
    let null_texts = ["kernel", "overrides", "roles", "targets", "tasks"]
        .map(|name| format!("count(*) FILTER (WHERE CASE WHEN pg_column_size({name}) < 16 THEN {name} = 'null' END)"))
        .join(" + ");
    let sql = format!(
        "SELECT count(*) FILTER (WHERE run_id IS NULL) AS without_run, \
         count(*) FILTER (WHERE run_id IS NOT NULL AND NOT EXISTS (SELECT FROM runs WHERE runs.id = jobs.run_id)) \
         AS of_absent_run, count(*) FILTER (WHERE job_id IS NULL OR strpos(job_id, '/') > 0) AS without_id, \
         count(*) FILTER (WHERE status IS NULL OR status NOT IN ({known})) AS strange, {null_texts} AS null_texts, \
         0::bigint AS duplicated, 0::bigint AS superfluous, count(DISTINCT posted::date) AS days FROM jobs"
    );
    Ok(session.rows("read all jobs", &sql)?.pop().unwrap_or_default())
}

const DUPLICATES: &str = "SELECT count(*) AS duplicated, coalesce(sum(rows - 1), 0)::bigint AS superfluous FROM \
    (SELECT count(*) AS rows FROM jobs WHERE run_id IS NOT NULL AND job_id IS NOT NULL GROUP BY run_id, job_id \
     HAVING count(*) > 1) AS twice";

const LOOSE_LINKS: &str = "SELECT count(*) AS value FROM job_nodes WHERE NOT EXISTS \
    (SELECT FROM jobs WHERE jobs.id = job_nodes.job_id) OR NOT EXISTS (SELECT FROM nodes WHERE nodes.id = job_nodes.node_id)";

fn strange_statuses(session: &mut Session) -> Result<Vec<(Option<String>, i64)>, AdoptError> {
    let known = JobStatus::ALL.map(|status| format!("'{}'", status.as_str())).join(", ");
    let rows: Vec<StatusRow> = session.rows(
        "read statuses of jobs",
        &format!(
            "SELECT CAST(status AS text) AS status, count(*) AS jobs FROM jobs \
             WHERE status IS NULL OR status NOT IN ({known}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"
        ),
    )?;
    Ok(rows.into_iter().map(|row| (row.status, row.jobs)).collect())
}

/// How many runs have a status that does not follow from their jobs.
fn wrong_statuses(session: &mut Session) -> Result<u64, AdoptError> {
    let rows: Vec<RunStatusRow> = session.rows("compare the statuses of runs", &statuses())?;
    Ok(rows.iter().filter(|row| row.is_wrong()).count() as u64)
}

/// Asks for the statuses of runs, and for their jobs by state.
pub(super) fn statuses() -> String {
    format!(
        "SELECT CAST(runs.name AS text) AS name, CAST(runs.status AS text) AS status, jobs.* FROM runs LEFT JOIN \
         (SELECT run_id, {} FROM jobs GROUP BY run_id) AS jobs ON jobs.run_id = runs.id",
        aggregates("true")
    )
}

fn lost_deletions(session: &mut Session) -> Result<i64, AdoptError> {
    for table in ["deletions", "deleted_runs", "deleted_jobs"] {
        if !session.has_table(table)? {
            return Ok(0);
        }
    }
    session.number("look for lost deletions", lost_deletions::LOST)
}

/// Sequences behind the numbers that they gave: rows that came in by COPY do not move them.
fn sequences(session: &mut Session) -> Result<Vec<(String, String)>, AdoptError> {
    let mut behind = Vec::new();
    let owned: Vec<SequenceRow> = session.rows(
        "list sequences",
        "SELECT s.relname::text AS sequence, t.relname::text AS in_table, a.attname::text AS column_name \
         FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass \
         JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid \
         WHERE s.relkind = 'S' AND s.relnamespace = current_schema()::regnamespace",
    )?;
    for SequenceRow { sequence, in_table, column_name } in owned {
        let (name, table, column) =
            (catalog::quoted(&sequence), catalog::quoted(&in_table), catalog::quoted(&column_name));
        let is_behind = format!(
            "SELECT coalesce((SELECT max({column}) FROM {table}), 0) > (SELECT CASE WHEN is_called THEN last_value ELSE \
             last_value - 1 END FROM {name}) AS value"
        );
        if session.holds("compare a sequence", &is_behind)? {
            let mend = format!("SELECT setval({}, (SELECT max({column}) FROM {table}))", catalog::literal(&name));
            behind.push((sequence, mend));
        }
    }
    Ok(behind)
}

#[derive(QueryableByName)]
struct DuplicateRow {
    #[diesel(sql_type = BigInt)]
    duplicated: i64,
    #[diesel(sql_type = BigInt)]
    superfluous: i64,
}

#[derive(QueryableByName)]
struct StatusRow {
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
}

#[derive(QueryableByName)]
struct SequenceRow {
    #[diesel(sql_type = Text)]
    sequence: String,
    #[diesel(sql_type = Text)]
    in_table: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

/// A run's status, and its jobs by state: nulls where it has none.
#[derive(QueryableByName)]
pub(super) struct RunStatusRow {
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    #[allow(dead_code, reason = "comes with the others")]
    run_id: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    queued: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    waiting: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    running: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pass: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    fail: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    dead: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unknown: Option<i64>,
}

impl RunStatusRow {
    /// Whether the status does not follow from the jobs.
    pub(super) fn is_wrong(&self) -> bool {
        self.status.as_deref() != Some(self.results().run_status().as_str())
    }

    pub(super) fn into_name(self) -> Option<RunName> {
        self.name.map(RunName::from_stored)
    }

    fn results(&self) -> RunResults {
        RunResults::from_counts(|status| {
            let count = match status {
                JobStatus::Queued => self.queued,
                JobStatus::Waiting => self.waiting,
                JobStatus::Running => self.running,
                JobStatus::Pass => self.pass,
                JobStatus::Fail => self.fail,
                JobStatus::Dead => self.dead,
                JobStatus::Unknown => self.unknown,
            };
            u32::try_from(count.unwrap_or(0)).unwrap_or(0)
        })
    }
}
