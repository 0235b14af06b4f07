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
//! `routes` is the table of what is served and of what each route needs, with its description (`operations`), of which
//! `openapi` makes the document that clients read. `caller` finds out who sends a request, and refuses whoever may not. A
//! handler (`handlers`) reads the request (`request_body`, `parameters`) into values of the domain, asks the port one question
//! through the bridge (`bridge`), and renders the answer
//! (`documents`). On its way out the answer gets a tag, or is left out if the client knows it (`entity_tag`), and is made
//! smaller (`compression`). What is refused becomes a status and `{"message": ...}` in `api_error`, and nowhere else.

mod answer_room;
mod api_error;
mod app;
mod body_room;
mod bridge;
mod caller;
mod client_address;
mod clock;
mod compression;
mod connection;
mod credentials;
mod documents;
mod drain;
mod endpoint;
mod entity_tag;
mod expiry;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handlers;
mod head_room;
mod idempotency_key;
mod job_counters;
mod job_stream;
mod known_tokens;
mod lab_watch;
mod links;
mod listening;
mod measures;
mod message_ends;
mod networks;
mod next_page;
mod openapi;
mod operations;
mod other_sites;
mod parameters;
mod process;
mod rate_limit;
mod request_body;
mod request_id;
mod request_log;
mod routes;
mod run_path;
mod server;
mod settings;
mod together;
mod turns;

pub use clock::now;
pub use drain::{Listener, Stopper};
pub use expiry::ExpirySchedule;
pub use links::{LogLinkTemplate, LogLinkTemplateError};
pub use networks::{NetworksError, TrustedNetworks, TrustedProxies};
pub use request_log::{AccessLog, UnknownAccessLog};
pub use routes::{ServedRoute, served_routes};
pub use server::{HttpServer, server};
pub use settings::{AccessSettings, HttpSettings, RunsView, StatsdSettings, UnknownRunsView};
