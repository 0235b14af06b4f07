//! paddles over HTTP: routes, thin handlers, wire documents, and errors as status codes. The only crate that knows HTTP.
//!
//! [`server`] serves any [`Repository`](paddles_repository::Repository) on a listener:
//!
//! ```no_run
//! use std::net::TcpListener;
//! use std::sync::Arc;
//!
//! use paddles_http::{HttpSettings, Listener, server};
//! use paddles_repository::Repository;
//!
//! async fn serve(lab: Arc<dyn Repository>) -> std::io::Result<()> {
//!     let listener = Listener::Own(TcpListener::bind("127.0.0.1:8080")?);
//!     server(&lab, HttpSettings::default(), listener)?.run().await
//! }
//! ```
//!
//! # The way of a request
//!
//! `routes` is the table of what is served, each route with its description (`operations`), of which `openapi` makes the
//! document that clients read; a handler (`handlers`) reads the request (`request_body`, `parameters`) into values of the
//! domain, and who sends it (`caller`), asks the port one question through the bridge (`bridge`), and renders the answer
//! (`documents`). On its way out the answer gets a tag, or is left out if the client knows it (`entity_tag`), and is made
//! smaller (`compression`). What is refused becomes a status and `{"message": ...}` in `api_error`, and nowhere else.

mod api_error;
mod app;
mod bridge;
mod caller;
mod clock;
mod compression;
mod documents;
mod drain;
mod endpoint;
mod entity_tag;
mod handlers;
mod job_counters;
mod job_stream;
mod json_text;
mod links;
mod next_page;
mod openapi;
mod operations;
mod parameters;
mod request_body;
mod request_log;
mod routes;
mod run_path;
mod server;
mod settings;

pub use drain::{Listener, Stopper};
pub use links::{LogLinkTemplate, LogLinkTemplateError};
pub use server::{HttpServer, server};
pub use settings::{HttpSettings, RunsView, StatsdSettings, UnknownRunsView};
