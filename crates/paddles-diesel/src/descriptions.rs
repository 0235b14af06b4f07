//! The distinct descriptions of jobs. Every night the same tests run again, so that there are far fewer of them than jobs:
//! a search looks here first, by trigrams where the database has them, and then for the jobs.

use std::collections::BTreeSet;

use paddles_domain::{JobKey, Value};

use crate::connection::AnyConnection;
use crate::statement::{Bind, Statement};

/// What keeps the description that a report gives a job, unless it had it `before`.
pub(crate) fn remember(before: Option<&str>, values: &[(JobKey, Option<Value>)]) -> Option<Statement> {
    let new = description(values).filter(|text| before != Some(*text))?;
    Some(Statement::new("INSERT INTO job_descriptions (description) VALUES (?) ON CONFLICT DO NOTHING").bind(new))
}

/// What keeps the descriptions that reports give new jobs. They are taken in one order by everyone, so that nobody waits in a
/// circle.
pub(crate) fn remember_many<'a>(changes: impl Iterator<Item = &'a [(JobKey, Option<Value>)]>) -> Option<Statement> {
    remember_all(&changes.filter_map(description).collect())
}

fn description(values: &[(JobKey, Option<Value>)]) -> Option<&str> {
    values.iter().find_map(|(key, value)| match value {
        Some(Value::Text(text)) if *key == JobKey::Description => Some(text.as_str()),
        _ => None,
    })
}

/// What keeps these descriptions. Everybody who keeps several does so in one order, so that nobody waits in a circle.
pub(crate) fn remember_all(descriptions: &BTreeSet<&str>) -> Option<Statement> {
    if descriptions.is_empty() {
        return None;
    }
    let rows = vec!["(?)"; descriptions.len()].join(", ");
    let sql = format!("INSERT INTO job_descriptions (description) VALUES {rows} ON CONFLICT DO NOTHING");
    Some(Statement::unprepared(sql).binds(descriptions.iter().map(|text| Bind::from(*text))))
}

/// A `SELECT` of all descriptions that contain `part`, and its values.
pub(crate) fn containing(connection: &AnyConnection, part: &str) -> (&'static str, Vec<Bind>) {
    let pattern = Bind::from(contains(part).as_str());
    match connection {
        // With pg_trgm there is an index for it; without, all descriptions are looked through, which are not that many.
        AnyConnection::Postgres(_) => {
            ("SELECT description FROM job_descriptions WHERE description LIKE ? ESCAPE '!'", vec![pattern])
        }
        AnyConnection::Sqlite(_) if part.chars().count() < SHORTEST_INDEXED => {
            ("SELECT description FROM job_descriptions WHERE description LIKE ? ESCAPE '!'", vec![pattern])
        }
        AnyConnection::Sqlite(_) => (
            "SELECT description FROM job_descriptions WHERE id IN \
             (SELECT rowid FROM job_description_trigrams WHERE job_description_trigrams MATCH ?) \
             AND description LIKE ? ESCAPE '!'",
            vec![format!("\"{}\"", part.replace('"', "\"\"")).as_str().into(), pattern],
        ),
    }
}

/// Shorter texts hold no trigram.
const SHORTEST_INDEXED: usize = 3;

/// A pattern for texts that contain `part`, in which nothing but that is special.
pub(crate) fn contains(part: &str) -> String {
    let mut pattern = String::from("%");
    for character in part.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
