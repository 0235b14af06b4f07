//! The server: the routes on a listener, with what surrounds every request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{DefaultHeaders, NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{Data, PathConfig};
use actix_web::{self as actix, App as ActixApp};
use paddles_repository::Repository;

use crate::api_error::ApiError;
use crate::app::App;
use crate::bridge::{Askers, Bridge};
use crate::compression::compress;
use crate::entity_tag::tag_answer;
use crate::request_log::log_request;
use crate::routes;
use crate::settings::HttpSettings;

/// How long requests in flight may take when the service stops, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// What every answer says, errors included: a dashboard on another origin may read it (pulpito-ng), and a cache keeps an answer
/// for each coding that clients take.
const HEADERS: [(&str, &str); 5] = [
    ("Vary", "Accept-Encoding"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, OPTIONS"),
    ("Access-Control-Allow-Headers", "origin, authorization, accept"),
    ("Access-Control-Expose-Headers", "ETag, Link"),
];

/// A server that listens, and will answer once it runs.
pub struct HttpServer {
    server: Server,
    drain: Data<Drain>,
    askers: Askers,
}

/// Whether the service is about to stop.
#[derive(Debug, Default)]
pub(crate) struct Drain(AtomicBool);

impl Drain {
    /// Whether no new connection will be accepted.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves `repository` on `listener`, as `settings` say. Needs actix's runtime, and leaves signals to the caller.
pub fn server(
    repository: &Arc<dyn Repository>,
    settings: HttpSettings,
    listener: TcpListener,
) -> io::Result<HttpServer> {
    let (bridge, askers) = Bridge::start(repository, settings.askers)?;
    let workers = settings.workers;
    let app = Data::new(App::new(bridge, settings));
    let drain = Data::new(Drain::default());
    let for_workers = drain.clone();
    let server = actix::HttpServer::new(move || {
        let unreadable_path = |_, _: &_| ApiError::not_found("resource was not found").into();
        ActixApp::new()
            .app_data(app.clone())
            .app_data(for_workers.clone())
            .app_data(PathConfig::default().error_handler(unreadable_path))
            .configure(routes::configure)
            .wrap(from_fn(tag_answer))
            .wrap(from_fn(compress))
            .wrap(from_fn(log_request))
            .wrap(HEADERS.into_iter().fold(DefaultHeaders::new(), DefaultHeaders::add))
            // A real client asks for `//runs/...`.
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
    })
    .workers(workers)
    // Without it a small chunk waits 40 ms for the acknowledgement of the one before.
    .tcp_nodelay(true)
    .disable_signals()
    .shutdown_timeout(DRAIN_SECONDS)
    .listen(listener)?
    .run();
    Ok(HttpServer { server, drain, askers })
}

impl HttpServer {
    /// What stops the server from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper { server: self.server.handle(), drain: self.drain.clone() }
    }

    /// Serves until it is stopped; when it returns, the repository is no longer in use.
    pub async fn run(self) -> io::Result<()> {
        let ended = self.server.await;
        self.askers.finish(Duration::from_secs(DRAIN_SECONDS));
        ended
    }
}

/// Stops a running server.
#[derive(Clone)]
pub struct Stopper {
    server: ServerHandle,
    drain: Data<Drain>,
}

impl Stopper {
    /// Accepts no more connections, finishes what is in flight, for 30 seconds at the most, and ends the server.
    pub async fn stop(&self) {
        self.drain.0.store(true, Ordering::Relaxed);
        self.server.stop(true).await;
    }
}
