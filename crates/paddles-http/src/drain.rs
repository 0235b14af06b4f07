//! How the server stops without failing anybody: no more connections, an answer to every request that was sent, and only
//! then the end. (Of requests sent at once on a connection, the first answer asks their client to come again with the rest.)
//!
//! actix drops connections that it has accepted and not yet begun with, and closes idle ones at once, although a request may
//! be on its way on them. So nothing is left to drop, and idle connections may still ask, before it is told to stop.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::time::sleep;
use actix_web::web::Data;
use socket2::SockRef;

/// The thread that accepts connections hears in this time that it must not.
const PAUSING: Duration = Duration::from_millis(2);

/// An accepted connection is begun with in this time.
const SETTLING: Duration = Duration::from_millis(100);

/// How long a connection may stay idle once the service is about to stop. One that asks sooner is answered, and asked to
/// come back on a new connection.
const LAST_CALL: Duration = Duration::from_secs(2);

/// The socket on which the service is asked.
#[derive(Debug)]
pub enum Listener {
    /// One that ends with this service: when it stops, new connections are refused at once.
    Own(TcpListener),
    /// One that outlives it: when it stops, new connections wait there for the next process.
    Inherited(TcpListener),
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Own(socket) | Self::Inherited(socket) => socket.local_addr(),
        }
    }
}

/// Whether the service is about to stop, and who is still connected.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    has_begun: AtomicBool,
    connections: Arc<AtomicUsize>,
}

/// An open connection, counted until it is dropped.
pub(crate) struct OpenConnection(Arc<AtomicUsize>);

/// Stops a running server.
#[derive(Clone)]
pub struct Stopper {
    pub(crate) server: ServerHandle,
    pub(crate) drain: Data<Drain>,
    /// The listener, if it ends with the server.
    pub(crate) own: Option<Arc<TcpListener>>,
}

impl Drain {
    /// Whether no new connection will be accepted.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts a connection that was opened.
    pub(crate) fn connection_opened(&self) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(&self.connections))
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stopper {
    /// Accepts no more connections, finishes what is in flight, for 30 seconds at the most, and ends the server.
    pub async fn stop(&self) {
        self.drain.has_begun.store(true, Ordering::Relaxed);
        self.server.pause().await;
        if let Some(listener) = &self.own {
            // As soon as nothing is accepted any more: who waits there from now on would wait in vain.
            sleep(PAUSING).await;
            // A refusal can be tried elsewhere at once. Where the system cannot refuse, it does when the process ends.
            let _ = SockRef::from(&**listener).shutdown(Shutdown::Both);
        }
        sleep(SETTLING).await;
        let began = Instant::now();
        while self.drain.connections.load(Ordering::Relaxed) > 0 && began.elapsed() < LAST_CALL {
            sleep(Duration::from_millis(10)).await;
        }
        self.server.stop(true).await;
    }
}
