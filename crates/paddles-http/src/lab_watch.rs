//! What those who watch the service want to know of its database: asked seldom, by one request at a time, however many
//! want to know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use actix_web::rt::time::timeout;
use paddles_repository::{DatabaseLoad, LabCounts, Readiness, Repository};
use tokio::sync::Mutex;

use crate::bridge::Bridge;

/// How long an answer about readiness holds.
const READINESS_HOLDS: Duration = Duration::from_secs(1);

/// How long counts hold: several servers may read whoever scrapes them.
const COUNTS_HOLD: Duration = Duration::from_secs(15);

/// How long anybody waits for an answer of the database: longer than for a connection, which says more of why there is none.
const PATIENCE: Duration = Duration::from_secs(3);

/// The database as it is watched.
pub(crate) struct LabWatch {
    bridge: Bridge,
    /// Not kept: the service lets go of it when it ends.
    repository: Weak<dyn Repository>,
    is_up: AtomicBool,
    readiness: Mutex<Option<(Instant, Result<(), String>)>>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// When the database was asked for them last.
    asked: Option<Instant>,
    known: Option<Known>,
}

/// Counts, and when they were true.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) when: Instant,
    pub(crate) counts: Arc<LabCounts>,
}

impl LabWatch {
    pub(crate) fn new(bridge: Bridge, repository: &Arc<dyn Repository>) -> Self {
        Self {
            bridge,
            repository: Arc::downgrade(repository),
            is_up: AtomicBool::new(true),
            readiness: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// Whether the database can be used, else why not. Whoever comes second waits for the answer to the first.
    pub(crate) async fn readiness(&self) -> Result<(), String> {
        let mut last = self.readiness.lock().await;
        if let Some((when, readiness)) = &*last
            && when.elapsed() < READINESS_HOLDS
        {
            return readiness.clone();
        }
        let readiness = match timeout(PATIENCE, self.bridge.watch(|lab| lab.readiness())).await {
            Ok(Ok(Readiness::Ready)) => Ok(()),
            Ok(Ok(Readiness::Behind(missing))) => Err(format!("the database lacks migrations: {}", missing.join(", "))),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the database did not answer within {} seconds", PATIENCE.as_secs())),
        };
        self.is_up.store(readiness.is_ok(), Ordering::Relaxed);
        *last = Some((Instant::now(), readiness.clone()));
        readiness
    }

    /// The counts that were true last; none if the database has not answered yet.
    pub(crate) async fn counts(&self) -> Option<Known> {
        let mut counts = self.counts.lock().await;
        if counts.asked.is_none_or(|when| when.elapsed() >= COUNTS_HOLD) {
            let answer = timeout(PATIENCE, self.bridge.watch(|lab| lab.lab_counts())).await;
            counts.asked = Some(Instant::now());
            self.is_up.store(matches!(answer, Ok(Ok(_))), Ordering::Relaxed);
            if let Ok(Ok(answer)) = answer {
                counts.known = Some(Known { when: Instant::now(), counts: Arc::new(answer) });
            }
        }
        counts.known.clone()
    }

    /// Whether the database answered when it was asked last.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// How busy the way to the database is; none while the service ends.
    pub(crate) fn load(&self) -> Option<DatabaseLoad> {
        self.repository.upgrade().map(|repository| repository.database_load())
    }
}
