//! Room in tables and indexes that nothing fills: measured where the extension `pgstattuple` is there, else estimated.
//!
//! What is estimated is told too small rather than too large: rows are taken to be as wide as the statistics say, and indexes to
//! keep each value once a row, which newer servers avoid.

use std::fmt;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};

use super::Finding;
use crate::adopt::AdoptError;
use crate::adopt::session::Session;

/// Bytes: less than this that is empty costs nothing.
const LITTLE: f64 = 10_000_000.0;

/// A table or an index.
#[derive(QueryableByName)]
struct Relation {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    /// What its rows would fill, as far as statistics tell.
    #[diesel(sql_type = Nullable<Double>)]
    filled: Option<f64>,
}

impl Relation {
    fn is_table(&self) -> bool {
        self.kind == "table"
    }
}

/// How a figure was come by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Measured,
    Estimated,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Measured => "",
            Self::Estimated => "at least ",
        })
    }
}

/// Tables and indexes that are more empty than full. With `measure` they are read, if the server can.
pub(super) fn bloat(session: &mut Session, measure: bool) -> Result<Vec<Finding>, AdoptError> {
    let relations: Vec<Relation> = session.rows("read sizes of tables and indexes", &relations())?;
    if relations.is_empty() {
        return Ok(Vec::new());
    }
    let functions = functions(session)?;
    let mut findings = Vec::new();
    for relation in &relations {
        let (filled, known) = match &functions {
            Some(functions) if measure => (Some(measured(session, functions, relation)?), Known::Measured),
            _ => (relation.filled, Known::Estimated),
        };
        findings.extend(filled.and_then(|filled| judged(relation, filled, known)));
    }
    if functions.is_none() {
        let what = "room that nothing fills is estimated from rows and their widths: to have it measured, \
            CREATE EXTENSION pgstattuple, and let this role use it (GRANT pg_stat_scan_tables)";
        findings.push(Finding::note("upkeep", what));
    }
    Ok(findings)
}

#[expect(clippy::cast_precision_loss, reason = "megabytes are shown")]
fn judged(relation: &Relation, filled: f64, known: Known) -> Option<Finding> {
    let bytes = relation.bytes as f64;
    let empty = bytes - filled;
    let (name, kind) = (&relation.name, &relation.kind);
    let mend = if relation.is_table() {
        format!("VACUUM FULL {name} (which locks it), or pg_repack")
    } else {
        format!("REINDEX INDEX CONCURRENTLY {name}")
    };
    (empty > LITTLE && empty > bytes / 2.0).then(|| {
        let (empty, bytes) = (empty / 1e6, bytes / 1e6);
        Finding::problem("upkeep", format!("{known}{empty:.0} of {bytes:.0} MB of the {kind} {name} are empty: {mend}"))
    })
}

/// The schema of the functions that measure, if this role may call them.
fn functions(session: &mut Session) -> Result<Option<String>, AdoptError> {
    let schemas = session.texts(
        "look for pgstattuple",
        "SELECT quote_ident(n.nspname) AS value FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
         WHERE e.extname = 'pgstattuple' AND has_schema_privilege(n.oid, 'USAGE') \
         AND coalesce(has_function_privilege(to_regprocedure(quote_ident(n.nspname) || '.pgstatindex(regclass)'), 'EXECUTE'), \
         false) AND coalesce(has_function_privilege(to_regprocedure(quote_ident(n.nspname) || \
         '.pgstattuple_approx(regclass)'), 'EXECUTE'), false)",
    )?;
    Ok(schemas.into_iter().next())
}

fn measured(session: &mut Session, functions: &str, relation: &Relation) -> Result<f64, AdoptError> {
    let name = crate::adopt::catalog::literal(&relation.name);
    let sql = if relation.is_table() {
        format!(
            "SELECT approx_tuple_len::double precision AS value FROM {functions}.pgstattuple_approx({name}::regclass)"
        )
    } else {
        // Pages that were emptied or deleted are none of its leaves.
        format!(
            "SELECT (leaf_pages * CASE WHEN leaf_pages > 0 THEN avg_leaf_density / 100 ELSE 0 END + internal_pages) \
             * current_setting('block_size')::bigint AS value FROM {functions}.pgstatindex({name}::regclass)"
        )
    };
    let rows: Vec<MeasuredRow> = session.rows("measure how full a table or index is", &sql)?;
    Ok(rows.first().map_or(0.0, |row| row.value))
}

/// Tables and b-trees of more than [`LITTLE`]. Size and rows are those of the last look of vacuum or analyze: of one moment.
fn relations() -> String {
    format!(
        "SELECT c.oid::regclass::text AS name, 'table'::text AS kind, {SIZE} AS bytes, \
         CASE WHEN w.is_known THEN greatest(c.reltuples, 0)::double precision * (4 + 32 + 8 * ceil(w.bytes / 8)) END AS filled \
         FROM pg_class c CROSS JOIN LATERAL (SELECT sum({WIDTH})::double precision AS bytes, \
         bool_and(s.avg_width IS NOT NULL) AS is_known FROM pg_attribute a LEFT JOIN pg_stats s \
         ON s.schemaname = current_schema() AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited \
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS w \
         WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND {SIZE} > {LITTLE} \
         UNION ALL \
         SELECT c.oid::regclass::text, 'index', {SIZE}, \
         CASE WHEN w.is_known THEN greatest(c.reltuples, 0)::double precision * \
         (4 + 8 + CASE WHEN w.has_nulls THEN 8 ELSE 0 END + 8 * ceil(w.bytes / 8)) END \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam JOIN pg_class t ON t.oid = i.indrelid \
         CROSS JOIN LATERAL (SELECT sum({WIDTH})::double precision AS bytes, bool_and(s.avg_width IS NOT NULL) AS is_known, \
         bool_or(s.null_frac > 0) AS has_nulls FROM pg_attribute k \
         LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[k.attnum - 1] AND a.attnum > 0 \
         LEFT JOIN pg_stats s ON s.schemaname = current_schema() AND NOT s.inherited AND CASE WHEN a.attnum IS NULL \
         THEN s.tablename = c.relname AND s.attname = k.attname ELSE s.tablename = t.relname AND s.attname = a.attname END \
         WHERE k.attrelid = c.oid AND k.attnum > 0) AS w \
         WHERE m.amname = 'btree' AND t.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND {SIZE} > {LITTLE} \
         ORDER BY 2 DESC, 1"
    )
}

const SIZE: &str = "c.relpages::bigint * current_setting('block_size')::bigint";

const WIDTH: &str = "s.avg_width * (1 - s.null_frac)";

#[derive(QueryableByName)]
struct MeasuredRow {
    #[diesel(sql_type = Double)]
    value: f64,
}
