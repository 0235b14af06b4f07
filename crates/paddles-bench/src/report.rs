//! The table of a benchmark: for the terminal, and for the documents.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::error::{BenchError, doing};
use crate::machine::Machine;

/// One row on so many connections.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// What was asked.
    pub row: String,
    /// On how many connections at once.
    pub connections: usize,
    /// How many exchanges were measured.
    pub exchanges: u64,
    /// Exchanges a second.
    pub rate: f64,
    /// Milliseconds that half of them took at most.
    pub p50_ms: f64,
    /// Milliseconds that 99 of 100 took at most.
    pub p99_ms: f64,
    /// Milliseconds until the first byte of the body, half of them at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
    /// The most that the service held meanwhile, in MB.
    pub memory_mb: f64,
    /// How much of that came with each request in flight, in MB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_mb: Option<f64>,
    /// What pgbench reached, transactions a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `rate` divided by `limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
}

/// A whole benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `postgres` or `sqlite`.
    pub engine: String,
    /// About how many jobs, as asked for: `200k`.
    pub jobs_asked: String,
    /// How many jobs there were.
    pub jobs: u32,
    /// In how many runs.
    pub runs: usize,
    /// The history's seed.
    pub seed: u64,
    /// How long each measurement took.
    pub seconds: u64,
    /// The day, in UTC.
    pub date: String,
    /// Where it ran.
    pub machine: Machine,
    /// What was measured; nothing else.
    pub rows: Vec<Measured>,
}

/// Columns of both tables.
const COLUMNS: [&str; 10] = [
    "row",
    "connections",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "first byte ms",
    "memory MB",
    "MB in flight",
    "limit/s",
    "ratio",
];

impl Measured {
    fn cells(&self) -> [String; COLUMNS.len()] {
        let or_nothing = |value: Option<f64>| value.map(short).unwrap_or_default();
        [
            self.row.clone(),
            self.connections.to_string(),
            short(self.rate),
            short(self.p50_ms),
            short(self.p99_ms),
            or_nothing(self.first_byte_ms),
            short(self.memory_mb),
            or_nothing(self.growth_mb),
            or_nothing(self.limit),
            self.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        ]
    }

    /// The line on the terminal.
    pub(crate) fn line(&self) -> String {
        line(&self.cells())
    }
}

/// The line above all others on the terminal.
pub(crate) fn heading() -> String {
    line(&COLUMNS.map(str::to_owned))
}

fn line(cells: &[String; COLUMNS.len()]) -> String {
    let [row, others @ ..] = cells;
    let mut line = format!("{row:44}");
    for cell in others {
        let _ = write!(line, " {cell:>13}");
    }
    line
}

/// Three digits, or all those before the point.
fn short(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Report {
    /// The document for readers.
    pub(crate) fn markdown(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "# {} with {} jobs\n\n{} runs with {} jobs, seed {}. {} s for each line. {}, {} cores, {} GB; {}; {}; commit {}; {}.\n\n",
            self.engine,
            self.jobs_asked,
            self.runs,
            self.jobs,
            self.seed,
            self.seconds,
            machine.processor,
            machine.cores,
            machine.memory_gb,
            machine.database,
            machine.rustc,
            machine.commit,
            self.date
        );
        let _ = writeln!(text, "Made by `cargo xtask bench --database {} --jobs {}`.\n", self.engine, self.jobs_asked);
        // Without a limit there is no ratio either.
        let shown = |place: usize| place < 8 || self.rows.iter().any(|row| row.limit.is_some());
        let mut write_line = |cells: &[String]| {
            let cells = cells.iter().enumerate().filter(|(place, _)| shown(*place)).map(|(_, cell)| cell.as_str());
            let _ = writeln!(text, "| {} |", cells.collect::<Vec<_>>().join(" | "));
        };
        write_line(&COLUMNS.map(str::to_owned));
        write_line(&std::array::from_fn::<_, { COLUMNS.len() }, _>(|place| {
            if place == 0 { "---" } else { "---:" }.to_owned()
        }));
        for row in &self.rows {
            write_line(&row.cells());
        }
        text
    }

    /// Writes `ENGINE-JOBS.md` and `.json` into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), BenchError> {
        let name = format!("{}-{}", self.engine, self.jobs_asked);
        fs::create_dir_all(folder).map_err(doing(format!("make {}", folder.display())))?;
        let json = serde_json::to_string_pretty(self).map_err(io_error).map_err(doing("write JSON"))?;
        for (ending, text) in [("md", self.markdown()), ("json", json + "\n")] {
            let file = folder.join(format!("{name}.{ending}"));
            fs::write(&file, text).map_err(doing(format!("write {}", file.display())))?;
            println!("wrote {}", file.display());
        }
        Ok(())
    }
}

fn io_error(error: serde_json::Error) -> std::io::Error {
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(limit: Option<f64>) -> Report {
        let row = Measured {
            row: "one job".to_owned(),
            connections: 8,
            exchanges: 25_000,
            rate: 5_000.4,
            p50_ms: 1.234,
            p99_ms: 12.34,
            first_byte_ms: None,
            memory_mb: 15.0,
            growth_mb: None,
            limit,
            ratio: limit.map(|limit| 5_000.4 / limit),
        };
        let machine = Machine {
            processor: "a processor".to_owned(),
            cores: 2,
            memory_gb: 23,
            rustc: "rustc 1".to_owned(),
            database: "a database 1".to_owned(),
            commit: "abc".to_owned(),
        };
        Report {
            engine: "postgres".to_owned(),
            jobs_asked: "200k".to_owned(),
            jobs: 201_000,
            runs: 714,
            seed: 42,
            seconds: 5,
            date: "2026-03-01".to_owned(),
            machine,
            rows: vec![row],
        }
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        let with_limit = report(Some(10_000.0)).markdown();
        assert!(with_limit.ends_with(
            "| row | connections | requests/s | p50 ms | p99 ms | first byte ms | memory MB | MB in flight | limit/s | ratio |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n\
             | one job | 8 | 5000 | 1.23 | 12.3 |  | 15.0 |  | 10000 | 0.50 |\n"
        ), "{with_limit}");
        let without = report(None);
        assert!(!without.markdown().contains("limit"));
        assert!(!serde_json::to_string(&without).unwrap().contains("limit"));
    }

    #[test]
    fn the_terminal_shows_the_same_cells() {
        let line = report(None).rows[0].line();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["one", "job", "8", "5000", "1.23", "12.3", "15.0"]);
    }
}
