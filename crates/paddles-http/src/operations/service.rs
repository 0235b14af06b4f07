//! The service itself, and what its errors look like.

use serde_json::json;

use crate::openapi::{Operation, Parameter, nothing};

pub(crate) fn index() -> Operation {
    Operation::constant("service_index", "Whether the service is there").answers(nothing())
}

pub(crate) fn health() -> Operation {
    Operation::for_watchers("service_health", "Whether the process answers").answers(nothing())
}

pub(crate) fn readiness() -> Operation {
    Operation::for_watchers("service_readiness", "Whether questions can be answered: 503 says why not")
        .answers(nothing())
        .refuses(&[503])
}

pub(crate) fn metrics() -> Operation {
    Operation::for_watchers("service_metrics", "What is counted, as Prometheus reads it").answers_text("text/plain")
}

pub(crate) fn description() -> Operation {
    Operation::constant("service_description", "This description").answers(json!({ "type": "object" }))
}

pub(crate) fn page() -> Operation {
    Operation::constant("service_docs", "A page on which to try it").answers_text("text/html")
}

pub(crate) fn asset(id: &'static str, media_type: &'static str) -> Operation {
    Operation::constant(id, "A part of that page").answers_text(media_type)
}

/// What an error of this status looks like.
pub(crate) fn error(id: &'static str, status: u16) -> Operation {
    let message = Parameter::text("error_message", "What it says");
    Operation::constant(id, "An error of this kind").query([message]).refuses(&[status])
}
