//! `paddles serve`: the repository, the HTTP service on top of it, and an orderly end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use paddles_diesel::{DieselRepository, OpenError};
use paddles_http::{Stopper, server};
use paddles_repository::Repository;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::logging;
use crate::settings::Settings;

/// Why the service does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the server failed: {0}")]
    Server(#[from] io::Error),
}

/// Serves until SIGTERM or SIGINT, then finishes what is in flight.
pub(super) fn serve(settings: &Settings) -> Result<(), ServeError> {
    logging::start(settings.watching.log_format.value, &settings.watching.log.value);
    let connections = settings.database.connections.value.into();
    let lab = DieselRepository::open(&settings.database.url.value, connections)?;
    tracing::info!(database = %settings.database.url.value, connections, "the database is ready");

    let address = SocketAddr::new(settings.serving.host.value, settings.serving.port.value);
    let listener = TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
    let address = listener.local_addr()?;
    let lab: Arc<dyn Repository> = Arc::new(lab);
    actix_web::rt::System::new().block_on(async {
        let server = server(&lab, settings.http(), listener)?;
        let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        actix_web::rt::spawn(stop_on_signal(signals, server.stopper()));
        tracing::info!(%address, "listening on http://{address}");
        server.run().await
    })?;
    tracing::info!("stopped");
    Ok(())
}

async fn stop_on_signal((mut terminate, mut interrupt): (Signal, Signal), stopper: Stopper) {
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    tracing::info!("stopping on {name}: requests in flight are finished");
    stopper.stop().await;
}
