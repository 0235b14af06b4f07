//! Settings of the server that hurt.

use diesel::QueryableByName;
use diesel::sql_types::Text;

use super::Finding;
use crate::adopt::AdoptError;
use crate::adopt::session::Session;

/// A setting, what it must not be, and what happens if it is.
const HARMFUL: [(&str, &str, &str); 8] = [
    ("fsync", "off", "a crash of the machine can destroy the database"),
    ("full_page_writes", "off", "a crash of the machine can destroy the database"),
    ("synchronous_commit", "off", "a crash can lose reports that were acknowledged"),
    ("autovacuum", "off", "dead rows pile up, and the planner knows less and less"),
    ("track_counts", "off", "autovacuum does not see what it has to do"),
    ("default_transaction_read_only", "on", "every report is refused"),
    ("standard_conforming_strings", "off", "backslashes in statements are read otherwise"),
    ("track_activities", "off", "nobody can see what holds whom up"),
];

#[derive(QueryableByName)]
struct SettingRow {
    #[diesel(sql_type = Text)]
    name: String,
    /// As a connection of the service gets it: our own differs.
    #[diesel(sql_type = Text)]
    value: String,
}

/// What of the server's settings hurts this service.
pub(super) fn settings(session: &mut Session) -> Result<Vec<Finding>, AdoptError> {
    let rows: Vec<SettingRow> =
        session.rows("read settings", "SELECT name, coalesce(reset_val, '') AS value FROM pg_settings")?;
    let value = |name: &str| rows.iter().find(|row| row.name == name).map_or("", |row| row.value.as_str());
    let mut findings = Vec::new();
    for (name, harmful, why) in HARMFUL {
        if value(name) == harmful {
            findings.push(Finding::problem("settings", format!("{name} is {harmful}: {why}")));
        }
    }
    let isolation = value("default_transaction_isolation");
    if isolation != "read committed" {
        let what =
            format!("default_transaction_isolation is {isolation}: this service locks rows and expects read committed");
        findings.push(Finding::problem("settings", what));
    }
    let style = value("DateStyle");
    if !style.starts_with("ISO") {
        findings.push(Finding::problem(
            "settings",
            format!("DateStyle is {style}: days are read from times written as ISO"),
        ));
    }
    let encoding = session.text("ask for the encoding", "SELECT current_setting('server_encoding') AS value")?;
    if encoding != "UTF8" {
        findings.push(Finding::problem(
            "settings",
            format!("the database's encoding is {encoding}: names take all of Unicode"),
        ));
    }
    for name in ["statement_timeout", "lock_timeout"] {
        if let Ok(limit @ 1..5_000) = value(name).parse::<i64>() {
            findings.push(Finding::note(
                "settings",
                format!("{name} is {limit} ms: long runs may not be read to their end"),
            ));
        }
    }
    findings.extend(memory(session)?);
    Ok(findings)
}

/// The server's cache is left as it was made.
fn memory(session: &mut Session) -> Result<Option<Finding>, AdoptError> {
    let cache = session.number(
        "read a setting",
        "SELECT setting::bigint * 8192 AS value FROM pg_settings WHERE name = 'shared_buffers'",
    )?;
    let size = session.number("measure the database", "SELECT pg_database_size(current_database()) AS value")?;
    let is_small = cache <= 128 * 1024 * 1024 && size > 20 * cache;
    Ok(is_small.then(|| {
        let what = format!(
            "shared_buffers is {} MB for a database of {} MB: a quarter of the memory is usual",
            cache / 1_000_000,
            size / 1_000_000
        );
        Finding::note("settings", what)
    }))
}
