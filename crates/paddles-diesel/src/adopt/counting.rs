//! What is counted beside jobs, counted from them: some runs or days at a time.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName};
use paddles_domain::{JobStatus, RunResults};

use super::AdoptError;
use super::catalog::literal;
use super::progress::Progress;
use super::session::{Session, numbers, refused, rows};
use super::watch::list;

/// Others may wait for the rows of one batch, so it is as large as what takes about this long.
const BATCH_TIME: Duration = Duration::from_millis(100);

/// The most runs, or days, of one batch.
const LARGEST_BATCH: usize = 500;

/// How often a batch is tried whose rows somebody holds, before those rows are left for the end.
const ATTEMPTS: u32 = 20;

/// Counts the jobs of every run, from where an earlier adoption broke off.
pub(super) fn count_all_runs(session: &mut Session, progress: &mut dyn Progress) -> Result<u64, AdoptError> {
    // Descriptions of jobs without a run count too.
    session.run(
        "count descriptions",
        &descriptions("run_id IS NULL OR NOT EXISTS (SELECT FROM runs WHERE id = run_id)"),
    )?;
    let mut done: u64 = 0;
    let mut size: usize = 1;
    let mut behind = session.number("read how far counting is", &position("runs"))?;
    loop {
        let sql = format!("SELECT CAST(id AS bigint) AS value FROM runs WHERE id > {behind} ORDER BY id LIMIT {size}");
        let runs = numbers(&mut session.connection, &sql).map_err(refused("list runs"))?;
        let Some(last) = runs.last().copied() else { return Ok(done) };
        let began = Instant::now();
        let mut is_counted = false;
        for _ in 0..ATTEMPTS {
            let counted = session.change(|connection| {
                let locked = format!(
                    "SELECT CAST(id AS bigint) AS value FROM runs WHERE id IN ({}) ORDER BY id FOR NO KEY UPDATE",
                    list(&runs)
                );
                let there = numbers(connection, &locked)?;
                count_runs(connection, &there)?;
                connection.batch_execute(&set_position("runs", &last.to_string()))
            })?;
            if counted.is_some() {
                is_counted = true;
                break;
            }
            progress.wait("for runs that others hold");
            std::thread::sleep(BATCH_TIME);
        }
        if !is_counted {
            return Err(AdoptError::Locked { table: "runs".to_owned(), holders: format!("rows {}", list(&runs)) });
        }
        done += runs.len() as u64;
        behind = last;
        progress.reach(done);
        size = next_size(size, began.elapsed());
    }
}

/// Counts the jobs of nodes on every day, from where an earlier adoption broke off.
pub(super) fn count_all_days(session: &mut Session, progress: &mut dyn Progress) -> Result<u64, AdoptError> {
    let mut done: u64 = 0;
    let mut size: usize = 1;
    let mut behind = session.text("read how far counting is", &text_position("days"))?;
    loop {
        let days = days_behind(session, &behind, size)?;
        let Some(last) = days.last().cloned() else { return Ok(done) };
        let began = Instant::now();
        let counted = session.change(|connection| {
            count_days(connection, &days)?;
            connection.batch_execute(&set_position("days", &last))
        })?;
        if counted.is_none() {
            progress.wait("for counts that others hold");
            std::thread::sleep(BATCH_TIME);
            continue;
        }
        done += days.len() as u64;
        behind = last;
        progress.reach(done);
        size = next_size(size, began.elapsed());
    }
}

/// The next days on which jobs were posted, or are counted although no job of them is left; the first is no day, for jobs of which
/// nobody knows.
fn days_behind(session: &mut Session, behind: &str, count: usize) -> Result<Vec<String>, AdoptError> {
    if behind.is_empty() {
        return Ok(vec![NO_DAY.to_owned()]);
    }
    let mut days: Vec<String> = Vec::new();
    for _ in 0..count {
        let known = days.last().map_or(behind, String::as_str);
        let (posted, counted) = if known == NO_DAY {
            ("posted IS NOT NULL".to_owned(), "day > ''".to_owned())
        } else if known == LAST_DAY {
            break;
        } else {
            let known = literal(known);
            (format!("posted >= CAST({known} AS date) + 1"), format!("day > {known}"))
        };
        let sql = format!(
            "SELECT least(nullif({}, '') COLLATE \"C\", (SELECT min(day) FROM node_days WHERE {counted})) AS value \
             FROM jobs WHERE {posted}",
            day_of("min(posted)")
        );
        match session.texts("look for the next day", &sql)?.pop() {
            Some(day) => days.push(day),
            None => break,
        }
    }
    Ok(days)
}

/// The first and the last day that count: what was posted before or after, as at `infinity`, counts as of them.
const FIRST_DAY: &str = "0001-01-01";
const LAST_DAY: &str = "9999-12-31";

/// SQL for the day on which a job was posted, as the counts have it: empty if nobody knows.
pub(super) fn day_of(posted: &str) -> String {
    format!(
        "coalesce(to_char(CASE WHEN {posted} < '{FIRST_DAY}' THEN '{FIRST_DAY}' WHEN {posted} > '{LAST_DAY}' THEN '{LAST_DAY}' \
         ELSE {posted} END, 'YYYY-MM-DD'), '')"
    )
}

/// Stands for the day of jobs without one, since an empty position is no position.
const NO_DAY: &str = "none";

fn next_size(size: usize, took: Duration) -> usize {
    if took > BATCH_TIME * 2 {
        (size / 2).max(1)
    } else if took < BATCH_TIME {
        (size * 2).min(LARGEST_BATCH)
    } else {
        size
    }
}

/// Counts anew the jobs of these runs, which are locked, and writes what is not right. A status that does not follow from the
/// jobs is corrected, and the old one kept.
pub(super) fn count_runs(connection: &mut PgConnection, runs: &[i64]) -> QueryResult<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let runs = list(runs);
    let counts: Vec<String> = JobStatus::ALL.iter().map(|status| format!("jobs_{}", status.as_str())).collect();
    let stored: Vec<String> = counts.iter().map(|column| format!("runs.{column}")).collect();
    let counted: Vec<String> = JobStatus::ALL.iter().map(|status| format!("counted.{}", status.as_str())).collect();
    let set: Vec<String> = counts.iter().zip(&counted).map(|(column, value)| format!("{column} = {value}")).collect();
    connection.batch_execute(&format!(
        "WITH counted AS (SELECT runs.id, {aggregates} FROM runs LEFT JOIN jobs ON jobs.run_id = runs.id \
         WHERE runs.id IN ({runs}) GROUP BY runs.id), \
         firsts AS (SELECT runs.id, job.* FROM runs LEFT JOIN LATERAL (SELECT job_id, sha1, flavor, priority FROM jobs \
         WHERE jobs.run_id = runs.id AND jobs.job_id IS NOT NULL ORDER BY jobs.job_id LIMIT 1) AS job ON true \
         WHERE runs.id IN ({runs})) \
         UPDATE runs SET {set}, first_job_id = firsts.job_id, first_job_sha1 = firsts.sha1, \
         first_job_flavor = firsts.flavor, first_job_priority = firsts.priority \
         FROM counted JOIN firsts ON firsts.id = counted.id WHERE runs.id = counted.id \
         AND ({stored}, runs.first_job_id, runs.first_job_sha1, runs.first_job_flavor, runs.first_job_priority) \
         IS DISTINCT FROM ({counted}, firsts.job_id, firsts.sha1, firsts.flavor, firsts.priority); \
         DELETE FROM run_sha1s WHERE run_id IN ({runs}); \
         INSERT INTO run_sha1s (run_id, sha1, jobs) SELECT run_id, sha1, count(*) FROM jobs \
         WHERE run_id IN ({runs}) AND sha1 IS NOT NULL GROUP BY run_id, sha1; \
         DELETE FROM run_flavors WHERE run_id IN ({runs}); \
         INSERT INTO run_flavors (run_id, flavor, jobs) SELECT run_id, flavor, count(*) FROM jobs \
         WHERE run_id IN ({runs}) AND flavor IS NOT NULL GROUP BY run_id, flavor; \
         {descriptions}",
        aggregates = aggregates("jobs.id IS NOT NULL"),
        set = set.join(", "),
        stored = stored.join(", "),
        counted = counted.join(", "),
        descriptions = descriptions(&format!("run_id IN ({runs})")),
    ))?;
    correct_statuses(connection, &runs)
}

/// Counts anew the jobs of nodes on these days.
pub(super) fn count_days(connection: &mut PgConnection, days: &[String]) -> QueryResult<()> {
    let counts: Vec<String> = JobStatus::ALL.iter().map(|status| format!("jobs_{}", status.as_str())).collect();
    for day in days {
        let (day, on_day) = match day.as_str() {
            "" | NO_DAY => ("''".to_owned(), "jobs.posted IS NULL".to_owned()),
            FIRST_DAY => (literal(FIRST_DAY), format!("jobs.posted < CAST('{FIRST_DAY}' AS date) + 1")),
            LAST_DAY => (literal(LAST_DAY), format!("jobs.posted >= '{LAST_DAY}'")),
            day => {
                let day = literal(day);
                let on_day = format!("jobs.posted >= CAST({day} AS date) AND jobs.posted < CAST({day} AS date) + 1");
                (day, on_day)
            }
        };
        connection.batch_execute(&format!(
            "DELETE FROM node_days WHERE day = {day}; \
             INSERT INTO node_days (day, node_id, machine_type, {}) \
             SELECT {day}, nodes.id, coalesce(jobs.machine_type, ''), {} \
             FROM jobs JOIN job_nodes ON job_nodes.job_id = jobs.id JOIN nodes ON nodes.id = job_nodes.node_id \
             WHERE {on_day} GROUP BY 2, 3",
            counts.join(", "),
            aggregates("true")
        ))?;
    }
    Ok(())
}

/// A count for each state of a job, in their order. What is in no known state is unknown.
pub(crate) fn aggregates(is_job: &str) -> String {
    let known = JobStatus::ALL.into_iter().filter(|status| *status != JobStatus::Unknown);
    let known: Vec<String> = known.map(|status| format!("'{}'", status.as_str())).collect();
    let count = |status: JobStatus| {
        let word = status.as_str();
        let is_in = match status {
            JobStatus::Unknown => {
                format!("{is_job} AND (jobs.status IS NULL OR jobs.status NOT IN ({}))", known.join(", "))
            }
            _ => format!("jobs.status = '{word}'"),
        };
        format!("count(*) FILTER (WHERE {is_in}) AS {word}")
    };
    JobStatus::ALL.map(count).join(", ")
}

fn descriptions(of_jobs: &str) -> String {
    format!(
        "INSERT INTO job_descriptions (description) SELECT DISTINCT description FROM jobs \
         WHERE description IS NOT NULL AND ({of_jobs}) ON CONFLICT DO NOTHING"
    )
}

/// The table that keeps statuses as they were.
pub(super) const CORRECTED: &str = "CREATE TABLE IF NOT EXISTS corrected_runs \
    (corrected timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'), run_id integer NOT NULL, name text, was text, \
    became text NOT NULL)";

fn correct_statuses(connection: &mut PgConnection, runs: &str) -> QueryResult<()> {
    let sql = format!(
        "SELECT id, name, status, jobs_queued, jobs_waiting, jobs_running, jobs_pass, jobs_fail, jobs_dead, jobs_unknown \
         FROM runs WHERE id IN ({runs})"
    );
    for run in rows::<RunRow>(connection, &sql)? {
        let status = run.results().run_status();
        if run.status.as_deref() == Some(status.as_str()) {
            continue;
        }
        let was = run.status.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        let name = run.name.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        let (id, became) = (run.id, literal(status.as_str()));
        connection.batch_execute(&format!(
            "INSERT INTO corrected_runs (run_id, name, was, became) VALUES ({id}, {name}, {was}, {became}); \
             UPDATE runs SET status = {became} WHERE id = {id}"
        ))?;
    }
    Ok(())
}

/// A run with its counts.
#[derive(QueryableByName)]
struct RunRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    status: Option<String>,
    #[diesel(sql_type = Integer)]
    jobs_queued: i32,
    #[diesel(sql_type = Integer)]
    jobs_waiting: i32,
    #[diesel(sql_type = Integer)]
    jobs_running: i32,
    #[diesel(sql_type = Integer)]
    jobs_pass: i32,
    #[diesel(sql_type = Integer)]
    jobs_fail: i32,
    #[diesel(sql_type = Integer)]
    jobs_dead: i32,
    #[diesel(sql_type = Integer)]
    jobs_unknown: i32,
}

impl RunRow {
    fn results(&self) -> RunResults {
        RunResults::from_counts(|status| {
            let count = match status {
                JobStatus::Queued => self.jobs_queued,
                JobStatus::Waiting => self.jobs_waiting,
                JobStatus::Running => self.jobs_running,
                JobStatus::Pass => self.jobs_pass,
                JobStatus::Fail => self.jobs_fail,
                JobStatus::Dead => self.jobs_dead,
                JobStatus::Unknown => self.jobs_unknown,
            };
            u32::try_from(count).unwrap_or(0)
        })
    }
}

/// How far a counting is, as a number.
fn position(of: &str) -> String {
    format!("SELECT coalesce((SELECT CAST(position AS bigint) FROM adoption WHERE counting = '{of}'), 0) AS value")
}

fn text_position(of: &str) -> String {
    format!("SELECT (SELECT position FROM adoption WHERE counting = '{of}') AS value")
}

fn set_position(of: &str, position: &str) -> String {
    format!(
        "INSERT INTO adoption (counting, position) VALUES ('{of}', {position}) \
         ON CONFLICT (counting) DO UPDATE SET position = excluded.position",
        position = literal(position)
    )
}
