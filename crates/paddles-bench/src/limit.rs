//! The limit: pgbench asks the database the same with the fewest plain statements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use paddles_diesel::DatabaseUrl;
use paddles_diesel::testing::server_binaries;

use crate::error::{BenchError, doing};
use crate::keys::JobKey;

/// A script for pgbench, `limits/*.sql`, with `{name}` where values go.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    script: String,
}

impl Limit {
    /// A script without places for values.
    pub(crate) fn new(script: &str) -> Self {
        Self { script: script.to_owned() }
    }

    /// Puts SQL in the place of `{name}`.
    pub(crate) fn sql(mut self, name: &str, sql: &str) -> Self {
        self.script = self.script.replace(&format!("{{{name}}}"), sql);
        self
    }

    /// Puts a text in the place of `{name}`.
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.sql(name, &text_literal(text))
    }

    /// Puts an array of texts in the place of `{name}` and its length in that of `{count of name}`.
    pub(crate) fn texts<'a>(self, name: &str, texts: impl Iterator<Item = &'a str>) -> Self {
        let quoted: Vec<String> = texts.map(|text| format!("\"{text}\"")).collect();
        let array = format!("{}::text[]", text_literal(&format!("{{{}}}", quoted.join(","))));
        self.sql(&format!("count of {name}"), &quoted.len().to_string()).sql(name, &array)
    }

    /// Arrays of the runs and ids of jobs, for `{runs}`, `{jobs}` and `{count of jobs}`.
    pub(crate) fn jobs(self, keys: &[JobKey]) -> Self {
        let runs = self.texts("runs", keys.iter().map(|key| key.run.as_str()));
        runs.texts("jobs", keys.iter().map(|key| key.job.as_str()))
    }

    /// Places that got no value yet.
    #[cfg(test)]
    pub(crate) fn open_places(&self) -> Vec<&str> {
        let names = ["runs", "jobs", "nodes", "prefixes", "number", "branch", "columns", "values", "count of "];
        names.into_iter().filter(|name| self.script.contains(&format!("{{{name}"))).collect()
    }

    /// Transactions a second of as many clients for so many seconds.
    pub(crate) fn measure(
        &self,
        url: &DatabaseUrl,
        clients: usize,
        seconds: u64,
        folder: &Path,
    ) -> Result<f64, BenchError> {
        let DatabaseUrl::Postgres(url) = url else {
            return Err(failed("it knows no SQLite"));
        };
        let file = folder.join("limit.sql");
        fs::write(&file, &self.script).map_err(doing(format!("write {}", file.display())))?;
        let mut command = Command::new(pgbench()?);
        let threads = clients.min(2).to_string();
        command.args(["-n", "-M", "prepared", "-c", &clients.to_string(), "-j", &threads, "-T", &seconds.to_string()]);
        command.arg("-f").arg(&file).arg(url);
        let output = command.output().map_err(doing("start pgbench"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(failed(&String::from_utf8_lossy(&output.stderr)));
        }
        rate(&said).ok_or_else(|| failed(&said))
    }
}

fn pgbench() -> Result<PathBuf, BenchError> {
    let beside_server = server_binaries()?.join("pgbench");
    if beside_server.is_file() { Ok(beside_server) } else { Err(failed("it is not beside the server's programs")) }
}

fn failed(said: &str) -> BenchError {
    BenchError::Program { program: "pgbench".to_owned(), said: said.trim().to_owned() }
}

/// A text as SQL. pgbench would take a colon and the word behind it for a variable of its own, so none may stand there.
pub(crate) fn text_literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "''").replace(':', "\\003a");
    format!("U&'{escaped}'")
}

/// `tps = 1234.5 (without initial connection time)`.
fn rate(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places() {
        let limit = Limit::new("\\set i random(1, {count of runs})\nSELECT {runs}[:i], {name};");
        let limit = limit.texts("runs", ["a:b", "c"].into_iter()).text("name", "it's");
        assert_eq!(limit.script, "\\set i random(1, 2)\nSELECT U&'{\"a\\003ab\",\"c\"}'::text[][:i], U&'it''s';");
    }

    #[test]
    fn the_rate_is_read() {
        assert_eq!(rate("latency average = 1 ms\ntps = 1234.5 (without initial connection time)\n"), Some(1234.5));
        assert_eq!(rate("pgbench: error"), None);
    }
}
