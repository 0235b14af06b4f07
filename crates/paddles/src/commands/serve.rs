//! `paddles serve`: the repository, the HTTP service on top of it, and an orderly end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use listenfd::ListenFd;
use paddles_diesel::{DieselRepository, OpenError};
use paddles_domain::Auth;
use paddles_http::{Listener, Stopper, server};
use paddles_repository::Repository;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::logging;
use crate::purge::Purge;
use crate::settings::Settings;

/// Why the service does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("one TCP socket can be handed over in LISTEN_FDS: {0}")]
    HandedOver(String),
    #[error("the server failed: {0}")]
    Server(#[from] io::Error),
}

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub(super) fn serve(settings: &Settings) -> Result<(), ServeError> {
    logging::start(settings.watching.log_format.value, &settings.watching.log.value);
    for unknown in &settings.unknown {
        tracing::warn!("{unknown}");
    }
    raise_open_files();
    let handed_over = handed_over()?;
    let lab = repository(settings)?;
    paddles_diesel::refuse_read_only(&settings.database.url.value)?;

    let is_handed_over = handed_over.is_some();
    let listener = match handed_over {
        Some(socket) => Listener::Inherited(socket),
        None => Listener::Own(listen(settings)?),
    };
    let address = listener.address()?;
    warn_if_open(settings, address);
    let lab: Arc<dyn Repository> = Arc::new(lab);
    let purge = Purge::begin(Arc::clone(&lab), settings.access.deleted_retention.value)?;
    actix_web::rt::System::new().block_on(async {
        let server = server(&lab, settings.http(), listener)?;
        let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        actix_web::rt::spawn(stop_on_signal(signals, server.stopper()));
        tracing::info!(%address, is_handed_over, "listening on http://{address}");
        tell_service_manager(NotifyState::Ready);
        server.run().await
    })?;
    drop(purge);
    tracing::info!("stopped");
    Ok(())
}

/// The repository in the database, its tables up to date.
pub(super) fn repository(settings: &Settings) -> Result<DieselRepository, OpenError> {
    let (url, connections) = (&settings.database.url.value, settings.database.connections.value.into());
    let pooler = settings.database.pooler.value;
    // Through a pooler, and without an address past it, they must be so already.
    if let Ok(direct) = settings.database.direct_url() {
        for migration in paddles_diesel::migrate(direct)? {
            tracing::info!(migration, "the tables were changed");
        }
    }
    let lab = DieselRepository::open_migrated(url, connections, pooler, settings.database.limits())?;
    tracing::info!(database = %url, connections, %pooler, "the database is ready");
    Ok(lab)
}

/// Says once that whoever reaches this address may do everything.
fn warn_if_open(settings: &Settings, address: SocketAddr) {
    if settings.access.auth.value == Auth::Open && !address.ip().to_canonical().is_loopback() {
        tracing::warn!(%address, "whoever reaches {address} may change and delete everything: see PADDLES_AUTH");
    }
}

/// Every connection is an open file, and a shell allows a thousand: takes what the system allows.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) => tracing::debug!(files, "open files are limited"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}

/// The socket on which a service manager listens for us, if one does: connections wait there while we are away.
fn handed_over() -> Result<Option<TcpListener>, ServeError> {
    let mut sockets = ListenFd::from_env();
    if sockets.len() > 1 {
        return Err(ServeError::HandedOver(format!("{} were", sockets.len())));
    }
    sockets.take_tcp_listener(0).map_err(|error| ServeError::HandedOver(error.to_string()))
}

/// A socket of our own.
fn listen(settings: &Settings) -> Result<TcpListener, ServeError> {
    let address = SocketAddr::new(settings.serving.host.value, settings.serving.port.value);
    TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })
}

/// Tells systemd how we are, if it asked to be told.
fn tell_service_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told how the service is");
    }
}

async fn stop_on_signal((mut terminate, mut interrupt): (Signal, Signal), stopper: Stopper) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!("stopping on {name}: requests in flight are finished");
    tell_service_manager(NotifyState::Stopping);
    logging::service_stops();
    stopper.stop().await;
}
