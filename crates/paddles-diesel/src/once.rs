//! Changes that are made once, however often they are asked for: what came of one is kept with it, in the same transaction, and
//! told again.

use std::time::Duration;

use diesel::result::Error;
use diesel::row::Row;
use diesel::{QueryResult, deserialize};
use paddles_domain::{Act, Once, Timestamp};
use paddles_repository::{
    HostedNode, JobCreated, LockedMany, NodeCreated, QueueCreated, QueueHead, RepositoryError, RunCreated,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::DieselRepository;
use crate::cells::{Cells, FromCells, there};
use crate::claim::forget_old_keys;
use crate::connection::{AnyConnection, Backend};
use crate::statement::Statement;

/// For how long a key is known.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// An outcome that can be told again.
pub(crate) trait Outcome: Sized {
    /// It as text, if anything was done. What was refused changed nothing: asked again, it may succeed.
    fn keep(&self) -> Option<String>;

    /// The outcome that was kept as this text.
    fn recall(text: &str) -> Option<Self>;
}

/// What came of a change that is made once.
enum Made<T> {
    Now(T),
    Before(T),
    /// The key was used for another request.
    Otherwise,
}

impl DieselRepository {
    /// Makes a change as [`crate::database::Database::write`] does; once, if the act says so. Costs nothing where it does not.
    pub(crate) fn write_once<T: Outcome>(
        &self,
        act: &Act,
        change: impl Fn(&mut AnyConnection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        let Some(once) = &act.once else { return self.database.write(change) };
        match self.database.write(|connection| make(connection, act, once, &change))? {
            Made::Now(outcome) | Made::Before(outcome) => Ok(outcome),
            Made::Otherwise => Err(RepositoryError::KeyReused),
        }
    }
}

/// Whoever comes second with a key waits here for the first, and finds what came of it.
fn make<T: Outcome>(
    connection: &mut AnyConnection,
    act: &Act,
    once: &Once,
    change: impl Fn(&mut AnyConnection) -> QueryResult<T>,
) -> QueryResult<Made<T>> {
    let caller = act.who.to_string();
    let of_key = |statement: Statement| statement.bind(caller.as_str()).bind(once.key.as_str());
    let oldest = act.when.earlier(KEPT_FOR);
    loop {
        let take = Statement::new(
            "INSERT INTO idempotency_keys (caller, key, request, made) VALUES (?, ?, ?, ?) \
             ON CONFLICT (caller, key) DO NOTHING",
        );
        if of_key(take).bind(once.request.as_str()).bind(act.when).run(connection)? == 1 {
            break;
        }
        let find = "SELECT request, outcome, made FROM idempotency_keys WHERE caller = ? AND key = ?";
        // It may just have been given up by whoever had it.
        let Some(known): Option<KnownKey> = of_key(Statement::new(find)).row(connection)? else { continue };
        if known.made.is_some_and(|made| made >= oldest) {
            if known.request != once.request {
                return Ok(Made::Otherwise);
            }
            let outcome = known.outcome.as_deref().and_then(T::recall);
            return outcome.map(Made::Before).ok_or_else(|| Error::DeserializationError("a kept outcome".into()));
        }
        of_key(Statement::new(FORGET)).run(connection)?;
    }
    forget_old_keys(connection, oldest)?;
    let outcome = change(connection)?;
    match outcome.keep() {
        Some(kept) => {
            let keep = "UPDATE idempotency_keys SET outcome = ? WHERE caller = ? AND key = ?";
            of_key(Statement::new(keep).bind(kept.as_str())).run(connection)?;
        }
        None => drop(of_key(Statement::new(FORGET)).run(connection)?),
    }
    Ok(Made::Now(outcome))
}

const FORGET: &str = "DELETE FROM idempotency_keys WHERE caller = ? AND key = ?";

/// A key that was used.
struct KnownKey {
    request: String,
    outcome: Option<String>,
    made: Option<Timestamp>,
}

impl FromCells for KnownKey {
    fn from_cells<'a>(cells: &mut Cells<'_, impl Row<'a, Backend>>) -> deserialize::Result<Self> {
        Ok(Self { request: there(cells.text()?)?, outcome: cells.text()?, made: cells.time()? })
    }
}

/// These are text and numbers, which can always be written.
fn written(outcome: &impl Serialize) -> Option<String> {
    serde_json::to_string(outcome).ok()
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

impl Outcome for RunCreated {
    fn keep(&self) -> Option<String> {
        (*self == Self::Created).then(String::new)
    }

    fn recall(_: &str) -> Option<Self> {
        Some(Self::Created)
    }
}

impl Outcome for NodeCreated {
    fn keep(&self) -> Option<String> {
        (*self == Self::Created).then(String::new)
    }

    fn recall(_: &str) -> Option<Self> {
        Some(Self::Created)
    }
}

impl Outcome for QueueCreated {
    fn keep(&self) -> Option<String> {
        (*self == Self::Created).then(String::new)
    }

    fn recall(_: &str) -> Option<Self> {
        Some(Self::Created)
    }
}

impl Outcome for JobCreated {
    fn keep(&self) -> Option<String> {
        if matches!(self, Self::Created(..)) { written(self) } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        read(text).map(told_again)
    }
}

/// Of many jobs one that was added is enough.
impl Outcome for Vec<JobCreated> {
    fn keep(&self) -> Option<String> {
        if self.iter().any(|created| created.keep().is_some()) { written(self) } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        read::<Self>(text).map(|outcomes| outcomes.into_iter().map(told_again).collect())
    }
}

fn told_again(outcome: JobCreated) -> JobCreated {
    match outcome {
        JobCreated::Created(job_id, _) => JobCreated::CreatedBefore(job_id),
        other => other,
    }
}

impl Outcome for LockedMany {
    fn keep(&self) -> Option<String> {
        if let Self::Locked(nodes) = self { written(nodes) } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        read::<Vec<HostedNode>>(text).map(Self::Locked)
    }
}

impl Outcome for QueueHead {
    fn keep(&self) -> Option<String> {
        if let Self::Job(job) = self { written(job) } else { None }
    }

    fn recall(text: &str) -> Option<Self> {
        read(text).map(Self::Job)
    }
}
