//! What runs, jobs, nodes and queues of Ceph's teuthology ARE, and every rule about them.
//!
//! Plain data and plain functions: no I/O, no async, no SQL, no HTTP. Time is passed in. The service `paddles` is built
//! on it, and any tool can be.
//!
//! - A [`Run`] has a [`RunName`], which tells much about it ([`RunName::tell`]), and follows its jobs
//!   ([`Run::follow`]): their counts ([`RunResults`]) decide its [`RunStatus`].
//! - A [`Job`] has a [`JobId`] in its run, a [`JobStatus`] and values by [`JobKey`].
//! - A reporter's JSON becomes a [`JobReport`] or a [`JobPatch`], and that a [`JobChange`], by rules that the real
//!   clients rely on. Which new jobs are let in is up to [`Admission`].
//! - A [`Node`] is locked and unlocked by the rules of [`NodePatch::update`]; a [`Queue`] is paused by those of
//!   [`QueuePatch::update`].
//! - An [`ExpiryRule`] says which jobs nobody keeps alive any more.
//! - An [`Act`] says who changes something, when and from where. What a request [`Need`]s is a [`Role`], which the holder
//!   of a [`Token`] has, if the service asks for it ([`Auth`]). A [`Deed`] is what the audit keeps of a change.
//! - A [`Timestamp`] and a [`Day`] are UTC; [`LabZone`] reads the lab's own clock.
//!
//! ```
//! use paddles_domain::{JobId, JobPatch, JobStatus, LabZone, Run, RunName, RunStatus, Timestamp};
//!
//! let now: Timestamp = "2020-01-02 04:00:00".parse()?;
//! let name = RunName::new("me-2020-01-02_03:04:05-rados-main-distro-basic-mira")?;
//! let mut run = Run::new(name, LabZone::default(), now);
//!
//! let job = JobId::new("7001")?;
//! let queued = JobPatch::with_status(JobStatus::Queued).create(now);
//! run.follow(&job, None, &queued);
//! assert_eq!(run.status, RunStatus::Queued);
//!
//! let passed = JobPatch::with_status(JobStatus::Pass).update(&queued.after, now);
//! run.follow(&job, Some(&queued.after), &passed);
//! assert_eq!(run.status, RunStatus::FinishedPass);
//!
//! // The supervisor reports every job as dead in the end; a verdict stays.
//! let dead = JobPatch::with_status(JobStatus::Dead).update(&passed.after, now);
//! assert_eq!(dead.after.status, JobStatus::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod act;
mod admission;
mod day;
mod deed;
mod expiry;
mod heartbeat;
mod job;
mod job_key;
mod job_patch;
mod job_status;
mod json_text;
mod names;
mod node;
mod queue;
mod run;
mod run_name;
mod run_results;
mod targets;
mod timestamp;
mod token;
mod value;

pub use access::{Auth, Need, Role, UnknownAuth, UnknownRole};
pub use act::{Act, Actor, Once, OnceKey, OnceKeyError};
pub use admission::{Admission, Refused, UnknownAdmission};
pub use day::{Day, DayError};
pub use deed::{Action, Deed, Thing};
pub use expiry::ExpiryRule;
pub use heartbeat::Heartbeat;
pub use job::{Job, JobId, JobValues, OtherKeys};
pub use job_key::{JobKey, Kind, normalise_key};
pub use job_patch::{JobChange, JobFacts, JobPatch, JobReport, ReportError};
pub use job_status::{JobStatus, UnknownJobStatus};
pub use json_text::{DEEPEST, TooDeep, strict_json};
pub use names::{INDEXED_TEXT_BYTES, INDEXED_TEXT_CHARS, NameError, fits_index};
pub use node::{LockRefused, Node, NodeName, NodePatch};
pub use queue::{PauseRefused, Queue, QueueName, QueuePatch};
pub use run::{FirstJob, Run, RunParts};
pub use run_name::{NameParts, RunName};
pub use run_results::{RunResults, RunStatus, UnknownRunStatus};
pub use targets::{target_nodes, word_targets};
pub use timestamp::{LabZone, Timestamp, TimestampError, TimestampText, UnknownZone};
pub use token::{Standing, Token, TokenHash, TokenName, TokenSecret, find_token};
pub use value::{Document, FieldError, Value};

use names::check_name;
