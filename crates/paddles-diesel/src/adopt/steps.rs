//! The steps, taken.

use std::time::Duration;

use super::catalog::{self, quoted};
use super::counting::{count_all_days, count_all_runs};
use super::declared::{declared_for, migrations};
use super::difference::{Difference, differences};
use super::merge::merge_all;
use super::plan::Step;
use super::progress::Progress;
use super::session::{Session, refused};
use super::{AdoptError, columns, counting, indexes, is_adopted, lost_deletions, merge, watch};
use crate::DatabaseUrl;
use crate::connection::Connector;
use crate::migrations::MigrateError;

/// How often migrations are tried while others hold locks that they need.
const MIGRATION_ATTEMPTS: u32 = 30;

/// How often duplicates are merged before the unique index: the older service may add one meanwhile.
const MERGE_ATTEMPTS: u32 = 20;

/// The tables in which an adoption keeps its place; what was merged and what was corrected has tables that stay.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS adoption (counting text PRIMARY KEY, position text NOT NULL); \
    CREATE TABLE IF NOT EXISTS adoption_indexes \
        (name text PRIMARY KEY, definition text NOT NULL)";

/// Takes a step; says what came of it.
pub(super) fn take(
    session: &mut Session,
    progress: &mut dyn Progress,
    url: &DatabaseUrl,
    step: &Step,
    is_foreign: bool,
) -> Result<String, AdoptError> {
    match step {
        Step::Prepare => {
            let tables = [TABLES, merge::TABLE, counting::CORRECTED].join("; ");
            session.run("make the adoption's tables", &tables)?;
        }
        Step::DropBroken { name } => indexes::drop_broken(session, name)?,
        Step::Rename { table, from, to } => indexes::rename(session, progress, table, (from, to))?,
        Step::Columns { table, .. } => {
            let (found, live) = look_again(session, is_foreign)?;
            columns::alter(session, progress, table, &found, &live)?;
        }
        Step::Table { name } => make_table(session, progress, name, is_foreign)?,
        Step::LostDeletions => {
            session.run("list lost deletions", &format!("BEGIN; {}; COMMIT", lost_deletions::on_postgres()))?;
        }
        Step::Trigger { table, trigger } => {
            session.alter(progress, &[table], "ACCESS EXCLUSIVE", "make a trigger", &trigger.create())?;
        }
        Step::Watch => watch::begin(session, progress)?,
        Step::Merge { .. } => {
            // All is counted afterwards.
            let merged = merge_all(session, progress, |_, _, _| Ok(()))?;
            return Ok(format!("{} rows", merged.iter().map(|job| job.rows - 1).sum::<i64>()));
        }
        Step::Index { table, index } => {
            if index.what.contains("gin_trgm_ops") {
                session.run("create the extension pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_trgm")?;
            }
            for _ in 0..MERGE_ATTEMPTS {
                if indexes::build(session, progress, url, table, index)? {
                    return Ok(String::new());
                }
                merge_all(session, progress, |_, _, _| Ok(()))?;
            }
            return Err(AdoptError::Duplicates { index: index.name.clone() });
        }
        Step::Restore { .. } => {
            for kept in indexes::kept(session)? {
                indexes::restore(session, progress, url, &kept)?;
            }
        }
        Step::Constraint { table, constraint } => return add_constraint(session, progress, table, constraint),
        Step::Check { table, name } => return check_constraint(session, table, name),
        Step::Sequence { mend, .. } => session.run("move a sequence", mend)?,
        Step::CountRuns => return Ok(format!("{} runs", count_all_runs(session, progress)?)),
        Step::CountDays => return Ok(format!("{} days", count_all_days(session, progress)?)),
        Step::CatchUp => return Ok(format!("{} runs and days", watch::catch_up(session, progress)?)),
        Step::Analyze => session.run("look at values", ANALYZE)?,
        Step::Record => record(session, progress, is_foreign)?,
        Step::Migrate => return migrate(progress, url),
    }
    Ok(String::new())
}

const ANALYZE: &str = "ANALYZE runs; ANALYZE jobs; ANALYZE job_nodes; ANALYZE run_sha1s; ANALYZE run_flavors; ANALYZE node_days; \
     ANALYZE job_descriptions";

/// How tables look by now, next to how they should.
fn look_again(session: &mut Session, is_foreign: bool) -> Result<(Vec<Difference>, catalog::Catalog), AdoptError> {
    let should = declared_for(session, is_foreign)?;
    let schema = session.schema.clone();
    let live = catalog::read(&mut session.connection, &schema).map_err(refused("read how tables look"))?;
    Ok((differences(&should, &live), live))
}

/// A new table comes with its indexes and keys: it is empty.
fn make_table(
    session: &mut Session,
    progress: &mut dyn Progress,
    name: &str,
    is_foreign: bool,
) -> Result<(), AdoptError> {
    if session.has_table(&quoted(name))? {
        return Ok(());
    }
    let should = declared_for(session, is_foreign)?;
    let Some(table) = should.tables.get(name) else { return Ok(()) };
    let mut parts: Vec<String> = table.columns.iter().map(columns::definition).collect();
    parts.extend(
        table
            .constraints
            .iter()
            .map(|constraint| format!("CONSTRAINT {} {}", quoted(&constraint.name), constraint.definition)),
    );
    let mut sql = format!("CREATE TABLE {} ({})", quoted(name), parts.join(", "));
    for index in table.indexes.iter().filter(|index| index.constraint.is_none()) {
        if index.what.contains("gin_trgm_ops") {
            session.run("create the extension pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_trgm")?;
        }
        sql = format!("{sql}; {}", index.create(name, false));
    }
    for trigger in &table.triggers {
        sql = format!("{sql}; {}", trigger.create());
    }
    let referred: Vec<&str> = ["runs", "nodes", "jobs"].into_iter().filter(|other| table.refers_to(other)).collect();
    if referred.is_empty() {
        return session.run(&format!("make the table {name}"), &format!("BEGIN; {sql}; COMMIT"));
    }
    session.alter(progress, &referred, "SHARE ROW EXCLUSIVE", &format!("make the table {name}"), &sql)
}

/// New rows obey at once; old ones are looked at while everybody goes on.
fn add_constraint(
    session: &mut Session,
    progress: &mut dyn Progress,
    table: &str,
    constraint: &catalog::Constraint,
) -> Result<String, AdoptError> {
    let name = quoted(&constraint.name);
    let (definition, doing) = (&constraint.definition, format!("add a constraint to {table}"));
    let free = format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {name}; ", quoted(table));
    match constraint.kind.as_str() {
        "f" | "c" => {
            let referred = definition.split("REFERENCES ").nth(1).and_then(|rest| rest.split('(').next());
            let mut tables = vec![table];
            tables.extend(referred.filter(|other| *other != table));
            let sql = format!("{free}ALTER TABLE {} ADD CONSTRAINT {name} {definition} NOT VALID", quoted(table));
            session.alter(progress, &tables, "ACCESS EXCLUSIVE", &doing, &sql)?;
            check_constraint(session, table, &constraint.name)
        }
        _ => {
            // The index is built beside everybody, and the constraint takes it.
            let index = format!("{}_adopted", constraint.name);
            let columns = definition.split_once('(').map_or("", |(_, columns)| columns);
            indexes::drop_broken(session, &index)?;
            session.run(
                &doing,
                &format!("CREATE UNIQUE INDEX CONCURRENTLY {} ON {} ({columns}", quoted(&index), quoted(table)),
            )?;
            let kind = if constraint.kind == "p" { "PRIMARY KEY" } else { "UNIQUE" };
            let sql =
                format!("ALTER TABLE {} ADD CONSTRAINT {name} {kind} USING INDEX {}", quoted(table), quoted(&index));
            session.alter(progress, &[table], "ACCESS EXCLUSIVE", &doing, &sql)?;
            Ok(String::new())
        }
    }
}

/// Rows that refer to nothing stay, and the constraint holds for new rows only.
fn check_constraint(session: &mut Session, table: &str, name: &str) -> Result<String, AdoptError> {
    let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", quoted(table), quoted(name));
    match session.run("check a constraint", &sql) {
        Ok(()) => Ok(String::new()),
        Err(AdoptError::Refused {
            source: diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::ForeignKeyViolation, _),
            ..
        }) => Ok("some rows refer to what is not there; they stay, new ones are checked".to_owned()),
        Err(error) => Err(error),
    }
}

/// From here on this is a database of ours. The list is written as the migrations themselves would write it.
fn record(session: &mut Session, progress: &mut dyn Progress, is_foreign: bool) -> Result<(), AdoptError> {
    let mut sql = String::from("BEGIN; DROP TABLE adoption; DROP TABLE adoption_indexes; ");
    if is_foreign {
        let adopted = migrations().into_iter().map(|(version, _)| version);
        let adopted: Vec<String> = adopted
            .filter(|version| is_adopted(version))
            .map(|version| format!("({})", catalog::literal(&version)))
            .collect();
        sql = format!(
            "{sql}CREATE TABLE IF NOT EXISTS __diesel_schema_migrations \
             (version varchar(50) PRIMARY KEY NOT NULL, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
             INSERT INTO __diesel_schema_migrations (version) VALUES {} ON CONFLICT DO NOTHING; ",
            adopted.join(", ")
        );
    }
    session.run("list the migrations", &format!("{sql}COMMIT"))?;
    // Without an older service nobody is left to be watched.
    let is_alone = !is_foreign && !session.has_table("alembic_version")?;
    if is_alone && watch::is_on(session)? { watch::end(session, progress) } else { Ok(()) }
}

/// Migrations after those that adopting stands for. They wait for locks as shortly as everything here does.
fn migrate(progress: &mut dyn Progress, url: &DatabaseUrl) -> Result<String, AdoptError> {
    use diesel::connection::SimpleConnection;

    let mut attempt = 0;
    loop {
        attempt += 1;
        let connect = |source| AdoptError::Connect { url: url.to_string(), source };
        let mut connection = Connector::new(url.clone()).open().map_err(connect)?;
        connection.batch_execute("SET lock_timeout = '500ms'").map_err(refused("run later migrations"))?;
        match crate::migrations::run_pending(&mut connection) {
            Ok(ran) if ran.is_empty() => return Ok("none".to_owned()),
            Ok(ran) => return Ok(ran.join(", ")),
            Err(MigrateError::Failed(reason)) if attempt < MIGRATION_ATTEMPTS => {
                progress.wait(&format!("to try a migration again: {}", reason.trim()));
                std::thread::sleep(Duration::from_secs(1));
            }
            Err(MigrateError::Failed(reason)) => return Err(AdoptError::Migrate { reason }),
            Err(MigrateError::Foreign) => return Err(AdoptError::Migrate { reason: "the list is missing".to_owned() }),
        }
    }
}
