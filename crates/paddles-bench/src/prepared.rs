//! The filled database: a kept one, or a new one.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use paddles_diesel::DatabaseUrl;
use paddles_diesel::testing::PostgresCluster;

use crate::dataset::{self, History};
use crate::error::{BenchError, doing};
use crate::fill::fill;
use crate::options::{Engine, Options};

/// A stock server but for this much of it in memory, and enough connections for service and pgbench.
const SERVER_OPTIONS: &[&str] = &["-cshared_buffers=1GB", "-cmax_connections=200", "-cunix_socket_directories="];

/// Questions about the last days need a history that ends now.
const KEPT_FOR: TimeDelta = TimeDelta::days(1);

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

/// A filled database, its server running.
pub(crate) struct Prepared {
    pub(crate) url: DatabaseUrl,
    pub(crate) history: History,
    /// Where logs and scripts go.
    pub(crate) folder: PathBuf,
    _server: Option<PostgresCluster>,
}

impl Prepared {
    /// Takes the kept database if it fits, else fills a new one.
    pub(crate) fn new(options: &Options, now: NaiveDateTime) -> Result<Self, BenchError> {
        let folder = options.keep.join(folder_name(options)?);
        let stamp = folder.join("filled-until");
        let kept = fs::read_to_string(&stamp).ok().and_then(|text| text.parse::<NaiveDateTime>().ok());
        let kept = kept.filter(|ends| !options.fresh && now - *ends < KEPT_FOR);
        if kept.is_none() && folder.exists() {
            fs::remove_dir_all(&folder).map_err(doing(format!("remove {}", folder.display())))?;
        }
        fs::create_dir_all(&folder).map_err(doing(format!("make {}", folder.display())))?;
        // Past the links, since others than we look from elsewhere.
        let folder = folder.canonicalize().map_err(doing(format!("find {}", folder.display())))?;

        let server = match options.database {
            Engine::Postgres => Some(PostgresCluster::start_kept(&folder.join("cluster"), SERVER_OPTIONS)?),
            Engine::Sqlite => None,
        };
        let url: DatabaseUrl = match &server {
            Some(server) => server.url("paddles").parse()?,
            None => format!("sqlite://{}", folder.join("paddles.db").display()).parse()?,
        };
        let history = History::new(options.seed, options.jobs.get(), kept.unwrap_or(now));
        if let Some(ends) = kept {
            println!("kept database in {}, its history ends at {ends}", folder.display());
        } else {
            if let Some(server) = &server {
                PgConnection::establish(&server.url("postgres"))?.batch_execute("CREATE DATABASE paddles")?;
            }
            println!("filling {}", folder.display());
            fill(&url, &history)?;
            let ends = now.format("%Y-%m-%dT%H:%M:%S").to_string();
            fs::write(&stamp, ends).map_err(doing(format!("write {}", stamp.display())))?;
        }
        Ok(Self { url, history, folder, _server: server })
    }
}

/// Now, to the second.
#[expect(clippy::disallowed_methods, reason = "the benchmark begins here, and its history ends now")]
pub(crate) fn now() -> NaiveDateTime {
    let now = DateTime::<Utc>::from(std::time::SystemTime::now());
    DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now).naive_utc()
}

/// Names what was filled and into which tables: another history or migration is another database.
fn folder_name(options: &Options) -> Result<String, BenchError> {
    let mut hasher = DefaultHasher::new();
    dataset::VERSION.hash(&mut hasher);
    hash_folder(&Path::new(MIGRATIONS).join(options.database.to_string()), &mut hasher)?;
    let tables = hasher.finish() >> 32;
    Ok(format!("{}-{}-{}-{tables:08x}", options.database, options.jobs, options.seed))
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> Result<(), BenchError> {
    let reading = || format!("read {}", folder.display());
    let entries = fs::read_dir(folder).map_err(doing(reading()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_folder(&path, hasher)?;
        } else {
            fs::read(&path).map_err(doing(reading()))?.hash(hasher);
        }
    }
    Ok(())
}
