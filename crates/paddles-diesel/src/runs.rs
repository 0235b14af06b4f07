//! Questions about runs.

use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Deed, JobStatus, LabZone, Run, RunName, RunParts, RunResults};
use paddles_repository::{
    HistoryPage, Page, RecordId, RepositoryError, RunCondition, RunCreated, RunIndex, RunRepository, Stored,
};

use crate::cells::{Cells, FromCells};
use crate::claim::{is_one_of_found, lock_run};
use crate::connection::{AnyConnection, Backend};
use crate::history::History;
use crate::job_facts::first_job;
use crate::run_filter::{Where, select_distinct};
use crate::run_row::{self, SELECT};
use crate::statement::{Statement, run_together};
use crate::{DieselRepository, audit, deletions};

impl RunRepository for DieselRepository {
    fn run_create(&self, run: &Run, act: &Act) -> Result<RunCreated, RepositoryError> {
        self.write_once(act, |connection| {
            if run_row::insert(run).run(connection)? == 0 {
                return Ok(RunCreated::AlreadyExists);
            }
            run_together(connection, audit::keep(act, [Deed::of_new_run(run)]))?;
            Ok(RunCreated::Created)
        })
    }

    fn run_get(&self, name: &RunName) -> Result<Option<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| {
            Statement::new(format!("{SELECT} WHERE runs.name = ?")).bind(name.as_str()).row(connection)
        })
    }

    fn run_list(&self, page: HistoryPage) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.history(&BY_POSTING, &Where::all(&[]), page)
    }

    fn run_filter(&self, conditions: &[RunCondition], page: HistoryPage) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.history(&BY_SCHEDULE, &Where::all(conditions), page)
    }

    fn run_queued(&self, page: Page) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| {
            let is_found = is_one_of_found(connection, "run");
            let sql = format!(
                "{WITH_QUEUED} {SELECT} WHERE runs.id {is_found} ORDER BY runs.scheduled, runs.id LIMIT ? OFFSET ?"
            );
            Statement::new(sql).bind(page.limit()).bind(page.offset()).rows(connection)
        })
    }

    fn run_index(&self, index: RunIndex, conditions: &[RunCondition]) -> Result<Vec<String>, RepositoryError> {
        if conditions.is_empty()
            && let Some((table, column)) = indexed(index)
        {
            let sql = leap(table, column);
            return self.database.read(|connection| sorted_values(Statement::new(sql.clone()), connection));
        }
        let (select, value) = select_distinct(index);
        let mut clause = Where::all(conditions);
        clause.and(&format!("{value} > ''"), []);
        let sql = format!("{select}{}", clause.sql);
        self.database
            .read(|connection| sorted_values(Statement::varied(sql.clone()).binds(clause.binds.clone()), connection))
    }

    fn run_recount(&self, name: &RunName, act: Option<&Act>) -> Result<Option<(Run, Run)>, RepositoryError> {
        self.correct(name, act, |connection, id, run| {
            let results = results_of(connection, id)?;
            let (status, first_job) = (results.run_status(), first_job(connection, id)?);
            Ok(Run { status, results, first_job, ..run.clone() })
        })
    }

    fn run_reparse(
        &self,
        name: &RunName,
        zone: LabZone,
        act: Option<&Act>,
    ) -> Result<Option<(Run, Run)>, RepositoryError> {
        self.correct(name, act, |connection, id, run| Ok(run.told_again(&parts_of_first_job(connection, id)?, zone)))
    }

    fn run_delete(&self, name: &RunName, act: &Act) -> Result<bool, RepositoryError> {
        self.database.write(|connection| deletions::delete_run(connection, name, act))
    }
}

impl DieselRepository {
    /// Puts right what was written behind the service's back, where there is an act. Says how the run was and how it should be.
    fn correct(
        &self,
        name: &RunName,
        act: Option<&Act>,
        right: impl Fn(&mut AnyConnection, RecordId, &Run) -> QueryResult<Run>,
    ) -> Result<Option<(Run, Run)>, RepositoryError> {
        self.database.write(|connection| {
            let Some(Stored { id, record: before }) = lock_run(connection, name)? else { return Ok(None) };
            let after = right(connection, id, &before)?;
            if let Some(act) = act.filter(|_| after != before) {
                let writes = run_row::update_kept(id, &after).into_iter();
                let writes = writes.chain(audit::keep(act, Deed::of_corrected_run(&before, &after)));
                writes.into_iter().try_for_each(|part| part.run(connection).map(drop))?;
            }
            Ok(Some((before, after)))
        })
    }
}

/// What the first job of a run by its id as text tells of the run.
fn parts_of_first_job(connection: &mut AnyConnection, run: RecordId) -> QueryResult<RunParts> {
    let sql = "SELECT suite, branch, machine_type FROM jobs WHERE run_id = ? AND job_id IS NOT NULL \
        ORDER BY job_id LIMIT 1";
    let parts: Option<RunParts> = Statement::new(sql).bind(run.0).row(connection)?;
    Ok(parts.unwrap_or_default())
}

impl FromCells for RunParts {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { suite: cells.text()?, branch: cells.text()?, machine_type: cells.text()? })
    }
}

/// The runs that have a queued job: the index of such jobs is asked for the run after the last one, so that it does not matter
/// how many there are of each.
const WITH_QUEUED: &str = "WITH RECURSIVE found (run) AS ( \
    SELECT (SELECT min(run_id) FROM jobs WHERE status = 'queued') UNION ALL \
    SELECT (SELECT min(run_id) FROM jobs WHERE status = 'queued' AND run_id > found.run) \
    FROM found WHERE found.run IS NOT NULL)";

/// The jobs of a run by state, counted. A job in no known state counts as unknown.
fn results_of(connection: &mut AnyConnection, run: RecordId) -> QueryResult<RunResults> {
    let statuses = Statement::new("SELECT status FROM jobs WHERE run_id = ?").bind(run.0);
    let statuses: Vec<Option<String>> = statuses.rows(connection)?;
    let mut results = RunResults::default();
    for status in statuses {
        results.add(status.and_then(|word| word.parse().ok()).unwrap_or(JobStatus::Unknown));
    }
    Ok(results)
}

const BY_POSTING: History = History { select: SELECT, table: "runs", time: "runs.posted", id: "runs.id" };

const BY_SCHEDULE: History = History { time: "runs.scheduled", ..BY_POSTING };

impl DieselRepository {
    fn history(&self, list: &History, clause: &Where, page: HistoryPage) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| list.page(connection, clause, page))
    }
}

/// The column whose index holds the values of a list that are few for each of them many runs: the index is asked for the next
/// greater value, again and again, instead of reading all of it.
fn indexed(index: RunIndex) -> Option<(&'static str, &'static str)> {
    match index {
        RunIndex::Branch => Some(("runs", "branch")),
        RunIndex::MachineType => Some(("runs", "machine_type")),
        RunIndex::Status => Some(("runs", "status")),
        RunIndex::Suite => Some(("runs", "suite")),
        RunIndex::User => Some(("runs", "\"user\"")),
        RunIndex::Flavor => Some(("run_flavors", "flavor")),
        RunIndex::Date | RunIndex::Sha1 => None,
    }
}

/// The distinct values of an indexed column that are not empty.
fn leap(table: &str, column: &str) -> String {
    let next = |than: &str| format!("(SELECT min({column}) FROM {table} WHERE {column} > {than})");
    format!(
        "WITH RECURSIVE found (value) AS (SELECT {} UNION ALL SELECT {} FROM found WHERE value IS NOT NULL) \
         SELECT value FROM found WHERE value IS NOT NULL",
        next("''"),
        next("found.value")
    )
}

/// The texts that a statement selects, sorted here, so that the order does not depend on the database's collation.
pub(crate) fn sorted_values(statement: Statement, connection: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let rows: Vec<Option<String>> = statement.rows(connection)?;
    let mut values: Vec<String> = rows.into_iter().flatten().collect();
    values.sort();
    Ok(values)
}
