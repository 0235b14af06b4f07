//! What each route takes and answers, in the words and types of the OpenAPI description: see `routes`.

pub(crate) mod audit;
pub(crate) mod jobs;
pub(crate) mod nodes;
pub(crate) mod queue;
pub(crate) mod runs;
pub(crate) mod service;
