//! Who did what: written in the transaction of the change itself, and only ever added to.

use diesel::deserialize;
use diesel::row::Row;
use paddles_domain::{Act, Deed, Document};
use paddles_repository::{AuditEntry, AuditFilter, AuditRepository, HistoryPage, RepositoryError};

use crate::DieselRepository;
use crate::cells::{Cells, FromCells, there};
use crate::connection::Backend;
use crate::history::History;
use crate::run_filter::Where;
use crate::statement::{Bind, Statement};

/// An entry has so many values.
const VALUES: usize = 8;

/// Entries of one statement: SQLite takes 32,766 values.
const ENTRIES_AT_ONCE: usize = 1_000;

/// What keeps these deeds of one act.
pub(crate) fn keep(act: &Act, deeds: impl IntoIterator<Item = Deed>) -> Vec<Statement> {
    let deeds: Vec<Deed> = deeds.into_iter().collect();
    deeds.chunks(ENTRIES_AT_ONCE).map(|deeds| insert(act, deeds)).collect()
}

fn insert(act: &Act, deeds: &[Deed]) -> Statement {
    let row = format!("({})", ["?"; VALUES].join(", "));
    let sql = format!(
        "INSERT INTO audit (time, who, address, action, kind, name, before, after) VALUES {}",
        vec![row; deeds.len()].join(", ")
    );
    Statement::for_some(deeds.len(), sql).binds(deeds.iter().flat_map(|deed| {
        let text = |document: &Option<Document>| Bind::Text(document.as_ref().map(|it| it.as_json().to_owned()));
        let [time, who, address] = actor(act);
        let [action, kind] = [deed.action.as_str(), deed.thing.kind()].map(Bind::from);
        [time, who, address, action, kind, deed.thing.name().as_str().into(), text(&deed.before), text(&deed.after)]
    }))
}

/// When, who, and from where, as columns.
pub(crate) fn actor(act: &Act) -> [Bind; 3] {
    [act.when.into(), act.who.to_string().as_str().into(), Bind::Text(act.from.map(|address| address.to_string()))]
}

const NEWEST_FIRST: History = History {
    select: "SELECT id, time, who, address, action, kind, name, before, after FROM audit",
    table: "audit",
    time: "time",
    id: "id",
};

impl AuditRepository for DieselRepository {
    fn audit_list(&self, filter: &AuditFilter, page: HistoryPage) -> Result<Vec<AuditEntry>, RepositoryError> {
        let mut clause = Where::all(&[]);
        for (sql, text) in [("who = ?", &filter.who), ("kind = ?", &filter.kind), ("name = ?", &filter.name)] {
            if let Some(text) = text {
                clause.and(sql, [text.as_str().into()]);
            }
        }
        self.database.read(|connection| NEWEST_FIRST.page(connection, &clause, page))
    }
}

impl FromCells for AuditEntry {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self {
            id: cells.id()?,
            time: there(cells.time()?)?,
            who: there(cells.text()?)?,
            address: cells.text()?,
            action: there(cells.text()?)?,
            kind: there(cells.text()?)?,
            name: there(cells.text()?)?,
            before: cells.text()?.and_then(Document::from_stored),
            after: cells.text()?.and_then(Document::from_stored),
        })
    }
}
