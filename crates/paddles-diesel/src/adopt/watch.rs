//! What others write while a database is adopted, and until this service takes over: noted by triggers, and counted again.
//!
//! The older service knows nothing of counts. So each of its writes notes the run and the day whose counts are no longer right.
//! A note becomes visible together with the write, and whoever takes a note counts afterwards: nothing is missed.

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, QueryResult};

use super::counting::{count_days, count_runs, day_of};
use super::progress::Progress;
use super::session::{Session, TextRow, numbers, rows};
use super::{AdoptError, catalog::literal};

/// How many runs are counted again at once: others wait for them meanwhile.
const RUNS_AT_ONCE: u32 = 4;

/// A moment in which nobody uses jobs is enough for so many runs and days.
const FEW: i64 = 4;

/// How often rows are asked for that others hold, before they are left for the end of the watch.
const ATTEMPTS: u32 = 30;

/// Whether writes of others are noted.
pub(crate) fn is_on(session: &mut Session) -> Result<bool, AdoptError> {
    session.has_table("adoption_noted_runs")
}

/// How many runs and days are noted.
pub(crate) fn noted(session: &mut Session) -> Result<i64, AdoptError> {
    if !is_on(session)? {
        return Ok(0);
    }
    session.number("count notes", NOTED)
}

const NOTED: &str = "SELECT (SELECT count(DISTINCT run_id) FROM adoption_noted_runs) + \
    (SELECT count(DISTINCT day) FROM adoption_noted_days) AS value";

/// Begins to note.
pub(super) fn begin(session: &mut Session, progress: &mut dyn Progress) -> Result<(), AdoptError> {
    if is_on(session)? {
        return Ok(());
    }
    let mut sql = BEGIN.replace("SCHEMA", &super::catalog::quoted(&session.schema));
    for (name, posted) in [("OLD_DAY", "OLD.posted"), ("NEW_DAY", "NEW.posted"), ("JOB_DAY", "posted")] {
        sql = sql.replace(name, &day_of(posted));
    }
    session.alter(progress, &["jobs", "job_nodes"], "SHARE ROW EXCLUSIVE", "watch what others write", &sql)
}

/// The triggers run with the rights of who adopts: the older service may have fewer. They look at values themselves, since a
/// condition of a trigger would keep columns from being changed. Days are written as the counts have them.
const BEGIN: &str = "CREATE TABLE adoption_noted_runs (run_id integer NOT NULL); \
    CREATE TABLE adoption_noted_days (day text NOT NULL); \
    CREATE FUNCTION adoption_note_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA AS $$ \
    BEGIN \
        IF TG_OP = 'UPDATE' AND (OLD.run_id, OLD.job_id, OLD.status, OLD.sha1, OLD.flavor, OLD.priority, OLD.machine_type, \
                OLD.posted, OLD.description) IS NOT DISTINCT FROM (NEW.run_id, NEW.job_id, NEW.status, NEW.sha1, NEW.flavor, \
                NEW.priority, NEW.machine_type, NEW.posted, NEW.description) THEN \
            RETURN NULL; \
        END IF; \
        IF TG_OP <> 'INSERT' THEN \
            INSERT INTO adoption_noted_runs SELECT OLD.run_id WHERE OLD.run_id IS NOT NULL; \
            INSERT INTO adoption_noted_days VALUES (OLD_DAY); \
        END IF; \
        IF TG_OP <> 'DELETE' THEN \
            INSERT INTO adoption_noted_runs SELECT NEW.run_id WHERE NEW.run_id IS NOT NULL; \
            INSERT INTO adoption_noted_days VALUES (NEW_DAY); \
        END IF; \
        RETURN NULL; \
    END $$; \
    CREATE FUNCTION adoption_note_node() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = SCHEMA AS $$ \
    BEGIN \
        IF TG_OP <> 'INSERT' THEN \
            INSERT INTO adoption_noted_days \
                SELECT JOB_DAY FROM jobs WHERE id = OLD.job_id; \
        END IF; \
        IF TG_OP <> 'DELETE' THEN \
            INSERT INTO adoption_noted_days \
                SELECT JOB_DAY FROM jobs WHERE id = NEW.job_id; \
        END IF; \
        RETURN NULL; \
    END $$; \
    CREATE TRIGGER adoption_note AFTER INSERT OR UPDATE OR DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION adoption_note_job(); \
    CREATE TRIGGER adoption_note AFTER INSERT OR UPDATE OR DELETE ON job_nodes \
        FOR EACH ROW EXECUTE FUNCTION adoption_note_node()";

const END: &str = "DROP TRIGGER adoption_note ON jobs; DROP TRIGGER adoption_note ON job_nodes; \
    DROP FUNCTION adoption_note_job(); DROP FUNCTION adoption_note_node(); \
    DROP TABLE adoption_noted_runs; DROP TABLE adoption_noted_days";

/// Counts again what is noted, until little is left: others may go on writing. Says how many runs and days it counted.
pub(super) fn catch_up(session: &mut Session, progress: &mut dyn Progress) -> Result<u64, AdoptError> {
    let mut done = 0;
    if !is_on(session)? {
        return Ok(done);
    }
    // What is written as fast as it is counted stays for the end of the watch. Notes may be millions: they are counted once.
    let most = session.number("count notes", NOTED)?.unsigned_abs() * 2 + 20;
    let mut in_vain = 0;
    while done < most && in_vain < ATTEMPTS {
        match (session.change(count_some_runs)?, session.change(count_a_day)?) {
            (Some(0), Some(0)) => break,
            (Some(runs), Some(days)) => done += runs + days,
            (runs, days) => {
                // Somebody holds one of these rows, and will let go.
                in_vain += 1;
                progress.wait("for rows that others hold");
                std::thread::sleep(std::time::Duration::from_millis(300));
                done += runs.unwrap_or(0) + days.unwrap_or(0);
            }
        }
        progress.reach(done);
    }
    Ok(done)
}

/// Counts the last notes and stops noting, while nobody writes for a moment.
pub(crate) fn end(session: &mut Session, progress: &mut dyn Progress) -> Result<(), AdoptError> {
    for _ in 0..100 {
        catch_up(session, progress)?;
        session.alter(progress, &["jobs", "job_nodes"], "ACCESS EXCLUSIVE", "see that nobody writes", "SELECT 1")?;
        let ended = session.change(|connection| {
            connection.batch_execute("LOCK TABLE jobs, job_nodes IN ACCESS EXCLUSIVE MODE")?;
            if numbers(connection, NOTED)?.iter().any(|noted| *noted > FEW) {
                return Ok(false);
            }
            while count_some_runs(connection)? + count_a_day(connection)? > 0 {}
            connection.batch_execute(END)?;
            Ok(true)
        })?;
        if ended == Some(true) {
            return Ok(());
        }
    }
    Err(AdoptError::Locked {
        table: "jobs and job_nodes".to_owned(),
        holders: "whoever writes all the time".to_owned(),
    })
}

/// Takes notes of some runs and counts those anew; says how many. A note is gone before its counting looks at jobs, so that
/// what is written in between is noted once more.
fn count_some_runs(connection: &mut PgConnection) -> QueryResult<u64> {
    let wanted = format!(
        "SELECT DISTINCT CAST(run_id AS bigint) AS value FROM (SELECT run_id FROM adoption_noted_runs LIMIT 1000) noted \
         LIMIT {RUNS_AT_ONCE}"
    );
    let runs = numbers(connection, &wanted)?;
    if !runs.is_empty() {
        let list = list(&runs);
        // In the order in which everybody locks runs.
        let locked =
            format!("SELECT CAST(id AS bigint) AS value FROM runs WHERE id IN ({list}) ORDER BY id FOR NO KEY UPDATE");
        let there = numbers(connection, &locked)?;
        connection.batch_execute(&format!("DELETE FROM adoption_noted_runs WHERE run_id IN ({list})"))?;
        count_runs(connection, &there)?;
    }
    Ok(runs.len() as u64)
}

/// The same with the notes of one day.
fn count_a_day(connection: &mut PgConnection) -> QueryResult<u64> {
    let noted: Vec<TextRow> = rows(connection, "SELECT day AS value FROM adoption_noted_days LIMIT 1")?;
    let days: Vec<String> = noted.into_iter().filter_map(|row| row.value).collect();
    for day in &days {
        connection.batch_execute(&format!("DELETE FROM adoption_noted_days WHERE day = {}", literal(day)))?;
    }
    count_days(connection, &days)?;
    Ok(days.len() as u64)
}

pub(super) fn list(numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}
