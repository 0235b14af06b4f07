//! The server: the routes on a listener, with what surrounds every request.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{ServiceFactoryExt as _, boxed, map_config};
use actix_web::App as ActixApp;
use actix_web::dev::{AppConfig, Server, fn_service};
use actix_web::middleware::{DefaultHeaders, NormalizePath, TrailingSlash, from_fn};
use actix_web::rt::task::JoinHandle;
use actix_web::web::{Data, PathConfig};
use paddles_repository::Repository;
use socket2::SockRef;

use crate::answer_room::keep_room;
use crate::api_error::ApiError;
use crate::app::App;
use crate::bridge::{Askers, Bridge};
use crate::compression::compress;
use crate::connection::{HEAD_TIMEOUT, wait_until_asked};
use crate::drain::{Drain, Listener, Stopper};
use crate::entity_tag::tag_answer;
use crate::expiry;
use crate::head_room::HeadRoom;
use crate::listening::Listening;
use crate::process::remember_start;
use crate::rate_limit::limit_rate;
use crate::request_log::log_request;
use crate::routes;
use crate::settings::HttpSettings;

/// How long requests in flight may take when the service stops, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// How long a client may take to end a connection after the last answer.
const CLOSING: Duration = Duration::from_secs(1);

/// How long a connection is kept on which nothing more is asked. Proxies that keep theirs must give them up sooner.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// From so much on, what is to be sent waits for the system to take it: of a slow reader, little more than a chunk is kept.
const WRITE_BUFFER: usize = 8 * 1024;

/// How many connections may wait to be accepted, if the system allows so many.
const BACKLOG: i32 = 4_096;

/// How much the system keeps of what a slow reader has not read, beside what is on its way to it.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;

/// A reader that takes nothing for so long is gone.
#[cfg(target_os = "linux")]
const READER_PATIENCE: Duration = Duration::from_mins(1);

/// What every answer says, errors included: a dashboard on another origin may read it (pulpito-ng), and a cache keeps an answer
/// for each coding that clients take.
const HEADERS: [(&str, &str); 5] = [
    ("Vary", "Accept-Encoding"),
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET, OPTIONS"),
    ("Access-Control-Allow-Headers", "origin, authorization, accept"),
    ("Access-Control-Expose-Headers", "ETag, Link, X-Request-Id"),
];

/// A server that listens, and will answer once it runs.
pub struct HttpServer {
    server: Server,
    drain: Data<Drain>,
    askers: Askers,
    own_listener: Option<Arc<TcpListener>>,
    expiry: Option<JoinHandle<()>>,
}

/// Serves `repository` on `listener`, as `settings` say. Needs actix's runtime, and leaves signals to the caller.
pub fn server(repository: &Arc<dyn Repository>, settings: HttpSettings, listener: Listener) -> io::Result<HttpServer> {
    let (bridge, askers) = Bridge::start(repository, settings.askers, settings.request_timeout)?;
    let workers = settings.workers;
    let connections = settings.connections.div_ceil(workers);
    let expiry = settings.expiry;
    let app = Data::new(App::new(bridge, repository, settings));
    remember_start();
    let expiry = expiry.map(|schedule| expiry::keep(schedule, app.clone()));
    let drain = Data::new(Drain::default());
    let for_workers = drain.clone();
    let (listener, own_listener) = match listener {
        Listener::Own(listener) => (listener.try_clone()?, Some(Arc::new(listener))),
        Listener::Inherited(listener) => (listener, None),
    };
    tune(&listener)?;
    let description = Data::new(routes::description());
    let heads = HeadRoom::default();
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections)
        .disable_signals()
        .shutdown_timeout(DRAIN_SECONDS);
    let stops = server.graceful_shutdown_signal();
    let server = server.listen("http", listener, move || {
        let unreadable_path = |_, _: &_| ApiError::not_found("resource was not found").into();
        let routes = ActixApp::new()
            .app_data(app.clone())
            .app_data(for_workers.clone())
            .app_data(description.clone())
            .app_data(PathConfig::default().error_handler(unreadable_path))
            .configure(routes::configure)
            .wrap(from_fn(tag_answer))
            .wrap(from_fn(keep_room))
            .wrap(from_fn(compress))
            .wrap(from_fn(limit_rate))
            .wrap(from_fn(log_request))
            .wrap(HEADERS.into_iter().fold(DefaultHeaders::new(), DefaultHeaders::add))
            // A real client asks for `//runs/...`.
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly));
        let routes = map_config(routes, |()| AppConfig::default()).map_err(|error| error.error_response());
        let (for_connections, stops_asked, stops_silent) = (for_workers.clone(), stops.clone(), stops.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stops = stops_asked.clone();
                async move { stops.notified().await }
            })
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(CLOSING)
            .keep_alive(KEEP_ALIVE)
            .h1_write_buffer_size(WRITE_BUFFER)
            .on_connect_ext(move |listening: &Listening, connection| {
                connection.insert(for_connections.connection_opened());
                connection.insert(listening.turns());
            })
            .finish(routes);
        let (drain, heads) = (for_workers.clone(), heads.clone());
        fn_service(move |connection| {
            let (drain, heads, stops) = (drain.clone(), heads.clone(), stops_silent.clone());
            async move { wait_until_asked(connection, &drain, heads, stops.notified()).await }
        })
        // In a place of its own, which is taken when something is asked.
        .and_then(boxed::factory(http))
    })?;
    let server = server.run();
    Ok(HttpServer { server, drain, askers, own_listener, expiry })
}

/// Sets what accepted connections inherit. Where the system knows no such thing, its own bounds hold.
fn tune(listener: &TcpListener) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.listen(BACKLOG)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        socket.set_tcp_user_timeout(Some(READER_PATIENCE))?;
    }
    Ok(())
}

impl HttpServer {
    /// What stops the server from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper { server: self.server.handle(), drain: self.drain.clone(), own: self.own_listener.clone() }
    }

    /// Serves until it is stopped; when it returns, the repository is no longer in use.
    pub async fn run(self) -> io::Result<()> {
        let ended = self.server.await;
        if let Some(expiry) = self.expiry {
            expiry.abort();
            // It lets go of the bridge when it is gone, which it would not be while this thread waits for the askers.
            let _ = expiry.await;
        }
        self.askers.finish(Duration::from_secs(DRAIN_SECONDS));
        ended
    }
}
