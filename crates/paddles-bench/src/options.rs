//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};

/// How fast the service is on a filled database, next to what the database alone can do.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask bench")]
pub struct Options {
    /// About how many jobs the history has: 200k, 1m, 8m or any other number
    #[arg(long, default_value = "200k")]
    pub jobs: JobCount,
    /// Which database
    #[arg(long, value_enum, default_value = "postgres")]
    pub database: Engine,
    /// How long each measurement takes, after a warm-up of a fifth of it
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Only rows whose name contains this; the documents stay as they are
    #[arg(long)]
    pub only: Option<String>,
    /// Where filled databases stay for the next time; at most a day old, they are filled again
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub keep: PathBuf,
    /// Fill the database again though there is one
    #[arg(long)]
    pub fresh: bool,
    /// Another seed, another history
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// The service to measure
    #[arg(long, value_name = "FILE", default_value = "target/release/paddles")]
    pub service: PathBuf,
    /// The folder of the documents
    #[arg(long, value_name = "DIR", default_value = "docs/benchmarks")]
    pub documents: PathBuf,
}

/// Which database the service runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A Postgres server of the benchmark's own.
    Postgres,
    /// A file.
    Sqlite,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        })
    }
}

/// A number of jobs, written short: `200k`, `8m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCount(u32);

impl JobCount {
    /// The number itself.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// A text that is no number of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of jobs from 1k to 20m, like 200k, 1m or 8m")]
pub struct NoJobCount;

impl FromStr for JobCount {
    type Err = NoJobCount;

    fn from_str(text: &str) -> Result<Self, NoJobCount> {
        let (digits, unit) = match (text.strip_suffix('k'), text.strip_suffix('m')) {
            (Some(digits), _) => (digits, 1_000),
            (_, Some(digits)) => (digits, 1_000_000),
            (None, None) => (text, 1),
        };
        let count = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
        count.filter(|count| (1_000..=20_000_000).contains(count)).map(Self).ok_or(NoJobCount)
    }
}

impl fmt::Display for JobCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            count if count % 1_000_000 == 0 => write!(f, "{}m", count / 1_000_000),
            count if count % 1_000 == 0 => write!(f, "{}k", count / 1_000),
            count => write!(f, "{count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_counts_are_written_short() {
        for text in ["2k", "200k", "1m", "8m", "1500"] {
            assert_eq!(text.parse::<JobCount>().unwrap().to_string(), text);
        }
        assert_eq!("1000k".parse::<JobCount>().unwrap().to_string(), "1m");
        for text in ["", "k", "-1", "10", "999m", "9999999999"] {
            assert!(text.parse::<JobCount>().is_err(), "{text}");
        }
    }
}
