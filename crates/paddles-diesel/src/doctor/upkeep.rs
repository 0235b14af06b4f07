//! What the server's housekeeping leaves: dead rows, tables that nobody has looked at, indexes that nobody reads.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};

use super::Finding;
use crate::adopt::AdoptError;
use crate::adopt::look::Look;
use crate::adopt::session::Session;

/// Fewer dead rows than this are no bloat.
const FEW_DEAD: i64 = 10_000;

/// Smaller tables do without statistics.
const FEW_ROWS: i64 = 1_000;

/// Statistics younger than this say little about who reads an index.
const DAYS_TO_JUDGE: i64 = 7;

/// Smaller indexes cost nothing.
const SMALL_INDEX: i64 = 10_000_000;

/// The server stops at two thousand million.
const OLD_TRANSACTIONS: i64 = 1_000_000_000;

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    live: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = Bool)]
    is_analyzed: bool,
}

pub(super) fn upkeep(session: &mut Session, look: &Look) -> Result<Vec<Finding>, AdoptError> {
    let mut findings = Vec::new();
    let tables: Vec<TableRow> = session.rows(
        "read statistics of tables",
        "SELECT relname::text AS name, n_live_tup AS live, n_dead_tup AS dead, \
         EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = t.schemaname AND s.tablename = t.relname) AS is_analyzed \
         FROM pg_stat_user_tables t WHERE schemaname = current_schema() ORDER BY relname",
    )?;
    for TableRow { name, live, dead, is_analyzed } in tables {
        if dead > FEW_DEAD && dead > live / 5 {
            let what = format!("{dead} of {} rows of {name} are dead: vacuum does not keep up", live + dead);
            findings.push(Finding::problem("upkeep", what));
        }
        if live > FEW_ROWS && !is_analyzed {
            findings.push(Finding::problem("upkeep", format!("nobody has looked at {name}: ANALYZE {name}")));
        }
    }
    let age = session.number(
        "read the age of transactions",
        "SELECT age(datfrozenxid)::bigint AS value FROM pg_database WHERE datname = current_database()",
    )?;
    if age > OLD_TRANSACTIONS {
        let what =
            format!("the oldest transaction is {age} ago: vacuum is held up, and at 2000000000 the server stops");
        findings.push(Finding::problem("upkeep", what));
    }
    let days = session.number(
        "read the age of statistics",
        "SELECT coalesce(extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time()))::bigint / 86400, 0) \
         AS value FROM pg_stat_database d WHERE d.datname = current_database()",
    )?;
    if days >= DAYS_TO_JUDGE {
        let indexes = look.live.tables.values().flat_map(|table| &table.indexes);
        for index in indexes.filter(|index| index.scans == 0 && !index.is_unique && index.bytes > SMALL_INDEX) {
            let what = format!("nobody read the index {} ({} MB) in {days} days", index.name, index.bytes / 1_000_000);
            findings.push(Finding::note("upkeep", what));
        }
    }
    Ok(findings)
}
