//! A connection on which one request comes at a time.
//!
//! actix takes apart whatever came, and keeps kilobytes for each small request that waits for its turn: clients who send many at
//! once, and read no answer, would fill any memory. It also limits the time for the head of the first request alone. Of the next ones
//! on a connection it limits only the silence before them, so one byte of a second head would keep the connection, and its buffers,
//! for ever.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use actix_web::rt::time::{Instant, Sleep, sleep};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

use crate::connection::HEAD_TIMEOUT;
use crate::head_room::HeadRoom;
use crate::server::KEEP_ALIVE;
use crate::turns::{Coming, Turns};

/// From the end of an answer on a head may take so long to come whole: actix waits for its beginning, and then the rest comes.
const PATIENCE: Duration = KEEP_ALIVE.saturating_add(HEAD_TIMEOUT);

/// How much is read at once of what may belong to a next request: more than the heads of all known clients.
const AT_ONCE: usize = 2 * 1024;

/// How much is read at the end of a connection: more than the system keeps of a client who sends while it is not read.
const MOST_UNREAD: usize = 1024 * 1024;

/// A connection that hands on one request at a time, and ends when its client takes too long for its turn.
pub(crate) struct Listening {
    connection: Take<TcpStream>,
    turns: Turns,
    /// What came behind what was handed on.
    behind: Vec<u8>,
    /// Whether the client has yet to take what was written.
    is_full: bool,
    /// When to look again.
    look: Pin<Box<Sleep>>,
}

impl Listening {
    pub(crate) fn on(connection: TcpStream, heads: HeadRoom) -> Self {
        Self {
            connection: connection.take(0),
            turns: Turns::begin(heads),
            behind: Vec::new(),
            is_full: false,
            look: Box::pin(sleep(PATIENCE)),
        }
    }

    /// Whose turn it is here.
    pub(crate) fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// Nothing came: fails if it should have. The clock is seldom set: what it was set for is over by then, mostly.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.look.as_mut().poll(context).is_ready() {
            let clients = if self.is_full { None } else { self.turns.clients_since() };
            let until = clients.unwrap_or_else(Instant::now) + PATIENCE;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.look.as_mut().reset(until);
        }
        Poll::Pending
    }

    /// Reads at most `most` bytes, of those that are here already or that come.
    fn read(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
        if self.behind.is_empty() {
            self.connection.set_limit(most as u64);
            return Pin::new(&mut self.connection).poll_read(context, into);
        }
        let length = self.behind.len().min(most).min(into.remaining());
        into.put_slice(&self.behind[..length]);
        self.behind.drain(..length);
        if self.behind.is_empty() {
            self.behind = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    /// It is the service's turn: what comes waits. That nothing comes any more, or that the client is gone, is told at once, since
    /// nobody may wait for the answer.
    fn hold(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.behind.len() < AT_ONCE {
            let mut space = [const { MaybeUninit::uninit() }; AT_ONCE];
            let mut came = ReadBuf::uninit(&mut space);
            self.connection.set_limit((AT_ONCE - self.behind.len()) as u64);
            if Pin::new(&mut self.connection).poll_read(context, &mut came)?.is_pending() {
                break;
            }
            match came.filled() {
                [] if self.behind.is_empty() => return Poll::Ready(Ok(())),
                // What came before is still to be answered.
                [] => break,
                bytes => self.behind.extend_from_slice(bytes),
            }
        }
        if !self.behind.is_empty() {
            self.turns.wait(context);
        }
        self.wait(context)
    }
}

impl Drop for Listening {
    /// Reads what is not read: the system resets a connection that is closed before, and then the end of an answer is lost that is
    /// still on its way.
    fn drop(&mut self) {
        let mut bytes = [0; AT_ONCE];
        for _ in 0..MOST_UNREAD / AT_ONCE {
            if !matches!(self.connection.get_ref().try_read(&mut bytes), Ok(1..)) {
                break;
            }
        }
    }
}

impl AsyncRead for Listening {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let coming = this.turns.coming(this.is_full);
        let most = match coming {
            Coming::Answer | Coming::Next => return this.hold(context),
            Coming::Body(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Coming::Head(_) | Coming::Chunks(_) => AT_ONCE,
        };
        let before = into.filled().len();
        if this.read(context, into, most)?.is_pending() {
            return this.wait(context);
        }
        let came = &into.filled()[before..];
        let (belongs, next) = match coming {
            Coming::Head(mut head) => match head.end(came) {
                Some(end) => (end, Coming::Answer),
                None => (came.len(), Coming::Head(head)),
            },
            Coming::Chunks(mut chunks) => match chunks.end(came) {
                Some(end) => (end, Coming::Next),
                None => (came.len(), Coming::Chunks(chunks)),
            },
            Coming::Body(left) if left > came.len() as u64 => (came.len(), Coming::Body(left - came.len() as u64)),
            Coming::Body(_) | Coming::Answer | Coming::Next => (came.len(), Coming::Next),
        };
        if matches!(next, Coming::Body(_) | Coming::Chunks(_)) {
            // An answer that does not wait for the body leaves actix with full buffers, and nobody to tell it to read on.
            this.turns.wait(context);
        }
        // In front of what is here already, of which this may have been a part.
        this.behind.splice(..0, came[belongs..].iter().copied());
        into.set_filled(before + belongs);
        let of_head = if matches!(coming, Coming::Head(_)) { belongs } else { 0 };
        Poll::Ready(this.turns.comes(next, of_head))
    }
}

impl AsyncWrite for Listening {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(this.connection.get_mut()).poll_write(context, text);
        this.is_full = written.is_pending();
        if !this.is_full {
            this.turns.sent();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().connection.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().connection.get_mut()).poll_shutdown(context)
    }
}

impl ActixStream for Listening {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(self.connection.get_ref(), context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(self.connection.get_ref(), context)
    }
}
