//! How an accepted connection becomes one on which is asked.
//!
//! HTTP needs buffers of many kilobytes for each connection. One on which nothing is said waits without them: ten thousand of
//! those take twenty megabytes.

use std::net::SocketAddr;
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::DispatchError;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::timeout;

use crate::drain::Drain;
use crate::head_room::HeadRoom;
use crate::listening::Listening;

/// How long the head of a request may take to come, and a new connection to begin one.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection on which somebody begins to ask.
pub(crate) type Asking = (Listening, Protocol, Option<SocketAddr>);

/// Waits until something is asked on the connection. One that stays silent ends, and all silent ones end when the service `stops`.
pub(crate) async fn wait_until_asked(
    connection: TcpStream,
    drain: &Drain,
    heads: HeadRoom,
    stops: impl Future<Output = ()>,
) -> Result<Asking, DispatchError> {
    // Who was accepted is waited for when the service stops: a request may be on its way.
    let _open = drain.connection_opened();
    // Otherwise a small chunk waits 40 ms for the acknowledgement of the one before. What fails here fails again when it is read.
    let _ = connection.set_nodelay(true);
    let client = connection.peer_addr().ok();
    tokio::select! {
        asked = timeout(HEAD_TIMEOUT, connection.readable()) => match asked {
            Ok(asked) => asked?,
            Err(_) => return Err(DispatchError::SlowRequestTimeout),
        },
        () = stops => return Err(DispatchError::SlowRequestTimeout),
    }
    Ok((Listening::on(connection, heads), Protocol::Http1, client))
}
