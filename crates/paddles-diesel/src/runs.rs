//! Questions about runs.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use paddles_domain::{Run, RunName};
use paddles_repository::{Page, RepositoryError, RunCreated, RunRepository, Stored};

use crate::DieselRepository;
use crate::claim::lock_run;
use crate::run_row::{self, RunRow};
use crate::schema::runs;
use crate::statement::Statement;

impl RunRepository for DieselRepository {
    fn run_create(&self, run: &Run) -> Result<RunCreated, RepositoryError> {
        self.database.write(|connection| {
            let touched = run_row::insert(run).run(connection)?;
            Ok(if touched == 1 { RunCreated::Created } else { RunCreated::AlreadyExists })
        })
    }

    fn run_get(&self, name: &RunName) -> Result<Option<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| {
            let run = runs::table.filter(runs::name.eq(name.as_str())).select(RunRow::as_select());
            Ok(run.first(connection).optional()?.map(Stored::from))
        })
    }

    fn run_list(&self, page: Page) -> Result<Vec<Stored<Run>>, RepositoryError> {
        self.database.read(|connection| {
            let newest_first = runs::table
                .order((runs::posted.desc(), runs::id.desc()))
                .limit(page.limit())
                .offset(page.offset())
                .select(RunRow::as_select());
            let rows: Vec<RunRow> = newest_first.load(connection)?;
            Ok(rows.into_iter().map(Stored::from).collect())
        })
    }

    fn run_delete(&self, name: &RunName) -> Result<bool, RepositoryError> {
        self.database.write(|connection| match lock_run(connection, name)? {
            None => Ok(false),
            Some(run) => {
                for sql in RUN_DELETE {
                    Statement::new(sql).bind(run.id.0).run(connection)?;
                }
                Ok(true)
            }
        })
    }
}

/// A run's traces on nodes, its jobs, and the run: databases of the deployed service delete none of the former by
/// themselves.
const RUN_DELETE: [&str; 3] = [
    "DELETE FROM job_nodes WHERE job_id IN (SELECT id FROM jobs WHERE run_id = ?)",
    "DELETE FROM jobs WHERE run_id = ?",
    "DELETE FROM runs WHERE id = ?",
];
