//! One line of an archive.

use paddles_domain::{Node, Queue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Records, VERSION};
use crate::records::{
    JobLine, Members, NodeLine, QueueLine, ReadJob, ReadRun, RecordError, RunLine, read_node, read_placed_job,
    read_queue, read_run,
};

/// What is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Written<'a> {
    Archive(Header),
    Node(NodeLine<'a>),
    Queue(QueueLine<'a>),
    Run(RunLine<'a>),
    Job(JobLine<'a>),
    End(Records),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) made_by: String,
}

impl Header {
    pub(super) fn new() -> Self {
        Self { version: VERSION, made_by: concat!("paddles ", env!("CARGO_PKG_VERSION")).to_owned() }
    }
}

/// What is read.
#[derive(Debug)]
pub(super) enum Line {
    Archive(Header),
    Node(Node),
    Queue(Queue),
    Run(Box<ReadRun>),
    Job(Box<ReadJob>),
    End(Records),
    /// Of a kind that this version does not know.
    Other(String),
}

impl Line {
    pub(super) fn read(text: &[u8]) -> Result<Self, RecordError> {
        let whole: &RawValue = serde_json::from_slice(text)?;
        let members = Members::of(whole)?;
        let Some((kind, json)) = members.only() else {
            return Ok(Self::Other("with several members".to_owned()));
        };
        Ok(match kind {
            "archive" => Self::Archive(serde_json::from_str(json.get())?),
            "node" => Self::Node(read_node(&Members::of(json)?)?),
            "queue" => Self::Queue(read_queue(&Members::of(json)?)?),
            "run" => Self::Run(Box::new(read_run(&Members::of(json)?)?)),
            "job" => Self::Job(Box::new(read_placed_job(&Members::of(json)?)?)),
            "end" => Self::End(serde_json::from_str(json.get())?),
            other => Self::Other(other.to_owned()),
        })
    }
}
