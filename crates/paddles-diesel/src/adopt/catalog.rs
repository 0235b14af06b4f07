//! What a database says of its own tables: columns, indexes and constraints, read from its catalog.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};

/// The tables of one schema, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// In their order.
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) triggers: Vec<Trigger>,
    /// Storage parameters, like `fillfactor=70`.
    pub(crate) options: Option<String>,
}

/// A column.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Column {
    #[diesel(sql_type = Text)]
    pub(super) in_table: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// As SQL spells it, with its width.
    #[diesel(sql_type = Text)]
    pub(crate) type_name: String,
    #[diesel(sql_type = Bool)]
    pub(crate) not_null: bool,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) default_value: Option<String>,
    /// The collation, quoted, where it is not the database's own.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) collation: Option<String>,
    /// Whether it sorts byte by byte.
    #[diesel(sql_type = Bool)]
    pub(crate) is_bytewise: bool,
    /// A view that shows it: its type cannot change.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) view: Option<String>,
}

/// An index.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Index {
    #[diesel(sql_type = Text)]
    pub(super) in_table: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// What it indexes and how: `btree (posted, id)`.
    #[diesel(sql_type = Text)]
    pub(crate) what: String,
    #[diesel(sql_type = Bool)]
    pub(crate) is_unique: bool,
    #[diesel(sql_type = Bool)]
    pub(crate) is_valid: bool,
    /// It has a condition, or indexes an expression.
    #[diesel(sql_type = Bool)]
    pub(crate) is_special: bool,
    /// The constraint that it serves.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) constraint: Option<String>,
    /// Every column that it depends on, a line each.
    #[diesel(sql_type = Text)]
    pub(super) columns: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) bytes: i64,
    /// How often it was read since statistics began.
    #[diesel(sql_type = BigInt)]
    pub(crate) scans: i64,
}

/// A constraint.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Constraint {
    #[diesel(sql_type = Text)]
    pub(super) in_table: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// `p`rimary key, `u`nique, `f`oreign key, `c`heck.
    #[diesel(sql_type = Text)]
    pub(crate) kind: String,
    #[diesel(sql_type = Text)]
    pub(crate) definition: String,
    #[diesel(sql_type = Bool)]
    pub(crate) is_valid: bool,
}

/// A trigger, and the function that it calls.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub(crate) struct Trigger {
    #[diesel(sql_type = Text)]
    pub(super) in_table: String,
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// The statement that makes it.
    #[diesel(sql_type = Text)]
    pub(crate) definition: String,
    /// The statement that makes its function, or makes it anew.
    #[diesel(sql_type = Text)]
    pub(crate) function: String,
    /// Nobody has switched it off.
    #[diesel(sql_type = Bool)]
    pub(crate) is_on: bool,
}

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    options: Option<String>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether rows refer to those of the table `other`.
    pub(crate) fn refers_to(&self, other: &str) -> bool {
        self.constraints.iter().any(|key| key.definition.contains(&format!("REFERENCES {other}(")))
    }
}

impl Trigger {
    /// The statements that make it anew.
    pub(crate) fn create(&self) -> String {
        let (name, table) = (quoted(&self.name), quoted(&self.in_table));
        format!("{}; DROP TRIGGER IF EXISTS {name} ON {table}; {}", self.function, self.definition)
    }
}

impl Column {
    /// Whether the database numbers it by itself.
    pub(crate) fn is_serial(&self) -> bool {
        self.default_value.as_deref().is_some_and(|value| value.starts_with("nextval("))
    }
}

impl Index {
    /// What makes two indexes the same, whatever they are called and whichever kind of text they are on.
    pub(crate) fn essence(&self) -> String {
        let what = self.what.replace("::text", "").replace("::character varying", "").replace(" COLLATE \"C\"", "");
        format!("{}{what}", if self.is_unique { "unique " } else { "" })
    }

    pub(crate) fn depends_on(&self, column: &str) -> bool {
        self.columns.lines().any(|name| name == column)
    }

    /// The statement that makes it on `table`, without holding up writers if `concurrently`.
    pub(crate) fn create(&self, table: &str, concurrently: bool) -> String {
        format!(
            "CREATE {}INDEX {}{} ON {} USING {}",
            if self.is_unique { "UNIQUE " } else { "" },
            if concurrently { "CONCURRENTLY " } else { "" },
            quoted(&self.name),
            quoted(table),
            self.what
        )
    }
}

impl Constraint {
    /// A foreign key without what happens on deletion: `FOREIGN KEY (run_id) REFERENCES runs(id)`.
    pub(crate) fn essence(&self) -> &str {
        self.definition.split(" ON ").next().unwrap_or_default()
    }
}

/// A name as SQL takes it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text as SQL takes it.
pub(crate) fn literal(text: &str) -> String {
    // Under standard_conforming_strings, which is on since 9.1, nothing else is special.
    format!("'{}'", text.replace('\'', "''"))
}

/// The catalog of `schema`, which must come first in the search path, so that names are told without it.
pub(crate) fn read(connection: &mut PgConnection, schema: &str) -> QueryResult<Catalog> {
    let load = |sql: &str| sql.replace("SCHEMA", &literal(schema));
    let tables: Vec<TableRow> = sql_query(load(TABLES)).load(connection)?;
    let columns: Vec<Column> = sql_query(load(COLUMNS)).load(connection)?;
    let indexes: Vec<Index> = sql_query(load(INDEXES)).load(connection)?;
    let constraints: Vec<Constraint> = sql_query(load(CONSTRAINTS)).load(connection)?;
    let triggers: Vec<Trigger> = sql_query(load(TRIGGERS)).load(connection)?;
    let mut catalog = Catalog::default();
    for TableRow { name, options } in tables {
        catalog.tables.insert(name, Table { options, ..Table::default() });
    }
    for column in columns {
        catalog.tables.entry(column.in_table.clone()).or_default().columns.push(column);
    }
    for index in indexes {
        catalog.tables.entry(index.in_table.clone()).or_default().indexes.push(index);
    }
    for constraint in constraints {
        catalog.tables.entry(constraint.in_table.clone()).or_default().constraints.push(constraint);
    }
    for trigger in triggers {
        catalog.tables.entry(trigger.in_table.clone()).or_default().triggers.push(trigger);
    }
    Ok(catalog)
}

const TABLES: &str = "SELECT relname::text AS name, array_to_string(reloptions, ', ') AS options FROM pg_class \
    WHERE relnamespace = SCHEMA::regnamespace AND relkind IN ('r', 'p')";

/// A database in the locale C, or C with an encoding, sorts byte by byte itself.
const COLUMNS: &str = "SELECT t.relname::text AS in_table, a.attname::text AS name, \
    format_type(a.atttypid, a.atttypmod) AS type_name, a.attnotnull AS not_null, \
    pg_get_expr(d.adbin, d.adrelid) AS default_value, \
    CASE WHEN c.collname <> 'default' THEN quote_ident(c.collname) END AS collation, \
    coalesce(c.collname IN ('C', 'POSIX', 'ucs_basic') OR c.collname = 'default' AND EXISTS \
        (SELECT FROM pg_database b WHERE b.datname = current_database() \
         AND upper(b.datcollate) IN ('C', 'POSIX', 'C.UTF-8', 'C.UTF8') \
         AND coalesce(to_jsonb(b) ->> 'datlocprovider', 'c') = 'c'), true) AS is_bytewise, \
    (SELECT min(v.relname)::text FROM pg_depend p JOIN pg_rewrite r ON r.oid = p.objid JOIN pg_class v ON v.oid = r.ev_class \
     WHERE p.classid = 'pg_rewrite'::regclass AND p.refobjid = t.oid AND p.refobjsubid = a.attnum) AS view \
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped \
    LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum LEFT JOIN pg_collation c ON c.oid = a.attcollation \
    WHERE t.relnamespace = SCHEMA::regnamespace AND t.relkind IN ('r', 'p') ORDER BY t.relname, a.attnum";

const INDEXES: &str = "SELECT t.relname::text AS in_table, i.relname::text AS name, \
    substring(pg_get_indexdef(i.oid, 0, true) FROM ' USING (.*)$') AS what, x.indisunique AS is_unique, \
    x.indisvalid AND x.indisready AS is_valid, x.indpred IS NOT NULL OR x.indexprs IS NOT NULL AS is_special, \
    (SELECT min(c.conname)::text FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u', 'x')) AS \
        \"constraint\", \
    coalesce((SELECT string_agg(DISTINCT a.attname, E'\\n') FROM pg_attribute a WHERE a.attrelid = t.oid \
        AND (a.attnum = ANY (x.indkey) OR EXISTS (SELECT FROM pg_depend p WHERE p.classid = 'pg_class'::regclass \
            AND p.objid = i.oid AND p.refobjid = t.oid AND p.refobjsubid = a.attnum))), '') AS columns, \
    pg_relation_size(i.oid) AS bytes, coalesce(pg_stat_get_numscans(i.oid), 0) AS scans \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    WHERE t.relnamespace = SCHEMA::regnamespace AND t.relkind IN ('r', 'p') ORDER BY t.relname, i.relname";

const CONSTRAINTS: &str = "SELECT t.relname::text AS in_table, c.conname::text AS name, c.contype::text AS kind, \
    replace(pg_get_constraintdef(c.oid, true), ' NOT VALID', '') AS definition, c.convalidated AS is_valid \
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
    WHERE t.relnamespace = SCHEMA::regnamespace AND c.contype IN ('p', 'u', 'f', 'c') ORDER BY t.relname, c.conname";

const TRIGGERS: &str = "SELECT t.relname::text AS in_table, g.tgname::text AS name, \
    pg_get_triggerdef(g.oid, true) AS definition, \
    format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE %I AS %L', p.proname, l.lanname, p.prosrc) AS function, \
    g.tgenabled IN ('O', 'A') AS is_on \
    FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid \
    JOIN pg_language l ON l.oid = p.prolang \
    WHERE t.relnamespace = SCHEMA::regnamespace AND NOT g.tgisinternal ORDER BY t.relname, g.tgname";

#[cfg(test)]
pub(super) mod samples {
    //! Columns and indexes for tests of what compares them.

    use super::{Column, Index};

    pub(in crate::adopt) fn column(name: &str, type_name: &str) -> Column {
        Column {
            in_table: "jobs".to_owned(),
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            not_null: false,
            default_value: None,
            collation: None,
            is_bytewise: true,
            view: None,
        }
    }

    pub(in crate::adopt) fn index(name: &str, what: &str) -> Index {
        Index {
            in_table: "jobs".to_owned(),
            name: name.to_owned(),
            what: what.to_owned(),
            is_unique: false,
            is_valid: true,
            is_special: what.contains(" WHERE "),
            constraint: None,
            columns: "posted\nid".to_owned(),
            bytes: 0,
            scans: 0,
        }
    }
}
