//! What is measured: the rows of the table, in its order. Rows that change something come last.

mod reads;
mod writes;

use crate::dataset::History;
use crate::driver::Requests;
use crate::keys::Keys;
use crate::limit::Limit;
use crate::options::Engine;

pub(crate) use self::writes::TIDY;

/// One row of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) connections: &'static [usize],
    pub(crate) requests: Box<Requests>,
    pub(crate) limit: Limit,
    /// Whether the table shows when the first byte came, and how the service grows with each request in flight.
    pub(crate) is_streamed: bool,
    /// What the row leaves must be cleared away.
    pub(crate) leaves_traces: bool,
    /// SQL that must run before each measurement.
    pub(crate) before: Option<Box<dyn Fn(Case) -> String>>,
}

/// One measurement, of the service or of the limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// No two have the same.
    pub(crate) number: u32,
    pub(crate) seconds: u64,
    pub(crate) engine: Engine,
}

/// Every load is tried alone, with a few clients, and with many.
const CONNECTIONS: &[usize] = &[1, 8, 32];

impl Row {
    fn new(name: impl Into<String>, limit: Limit, requests: Box<Requests>) -> Self {
        Self {
            name: name.into(),
            connections: CONNECTIONS,
            requests,
            limit,
            is_streamed: false,
            leaves_traces: false,
            before: None,
        }
    }
}

/// All rows for a database that holds `history`.
pub(crate) fn rows(history: &History) -> Vec<Row> {
    let keys = Keys::of(history);
    let mut rows = reads::rows(&keys);
    rows.extend(writes::rows(&keys, history));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Turn;

    #[test]
    fn rows_have_names_of_their_own_and_ask_for_something() {
        let history = History::new(42, 2_000, "2026-03-01T12:00:00".parse().unwrap());
        let rows = rows(&history);
        let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((names.len(), rows.len()), (28, 28), "{names:?}");
        for row in &rows {
            let ask = (row.requests)(Turn { connection: 0, random: &mut fastrand::Rng::with_seed(1) });
            assert!(ask.path.starts_with('/'), "{}", row.name);
            assert_eq!(row.limit.open_places(), Vec::<&str>::new(), "{}", row.name);
        }
    }
}
