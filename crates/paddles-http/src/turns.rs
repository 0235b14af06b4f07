//! Whose turn it is on a connection: the client's to ask, or the service's to answer.
//!
//! actix limits the time for the head of the first request. Of the next ones on a connection it limits only the silence before
//! them, so one byte of a second head would keep the connection, and its buffers, for ever.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::RequestHead;
use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use actix_web::rt::time::{Instant, Sleep, sleep};
use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::HEAD_TIMEOUT;
use crate::head_room::{HeadRoom, Unread};
use crate::server::KEEP_ALIVE;

/// From the end of an answer on a head may take so long to come whole: actix waits for its beginning, and then the rest comes.
const PATIENCE: Duration = KEEP_ALIVE.saturating_add(HEAD_TIMEOUT);

/// Whose turn it is.
#[derive(Clone)]
pub(crate) struct Turns(Rc<State>);

struct State {
    /// How many requests are being answered.
    answered: Cell<u32>,
    /// Since when it is the client's turn, if it is.
    since: Cell<Instant>,
    /// What came that belongs to no request yet.
    unread: Unread,
}

/// The service's turn, until it is dropped.
pub(crate) struct Answering(Turns);

impl Turns {
    fn begin(heads: HeadRoom) -> Self {
        Self(Rc::new(State { answered: Cell::new(0), since: Cell::new(Instant::now()), unread: heads.begin() }))
    }

    /// A request has come, its head at least.
    pub(crate) fn answer(&self, request: &RequestHead) -> Answering {
        let Self(state) = self;
        state.answered.set(state.answered.get() + 1);
        state.unread.take(request);
        Answering(self.clone())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let Turns(state) = &self.0;
        state.answered.set(state.answered.get().saturating_sub(1));
        state.since.set(Instant::now());
    }
}

/// An answer whose text is still being made while it is sent: until its end it is the service's turn.
pub(crate) struct Spoken {
    body: BoxBody,
    _turn: Option<Answering>,
}

impl Spoken {
    /// Keeps the turn while `body` is made.
    pub(crate) fn over(body: impl MessageBody + 'static, turn: Option<Answering>) -> BoxBody {
        match body.size() {
            BodySize::Stream => BoxBody::new(Self { body: body.boxed(), _turn: turn }),
            _ => body.boxed(),
        }
    }
}

impl MessageBody for Spoken {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let chunk = ready!(self.get_mut().body.as_pin_mut().poll_next(context));
        Poll::Ready(chunk.map(|chunk| chunk.map_err(Into::into)))
    }
}

/// A connection that ends when its client takes too long for its turn.
pub(crate) struct Listening {
    connection: TcpStream,
    turns: Turns,
    /// Whether the client has yet to take what was written.
    is_full: bool,
    /// When to look again.
    look: Pin<Box<Sleep>>,
}

impl Listening {
    pub(crate) fn on(connection: TcpStream, heads: HeadRoom) -> Self {
        Self { connection, turns: Turns::begin(heads), is_full: false, look: Box::pin(sleep(PATIENCE)) }
    }

    /// Whose turn it is here.
    pub(crate) fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// Nothing came: fails if it should have. The clock is seldom set: what it was set for is over by then, mostly.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.look.as_mut().poll(context).is_ready() {
            let state = &self.turns.0;
            let is_clients = state.answered.get() == 0 && !self.is_full;
            let until = if is_clients { state.since.get() } else { Instant::now() } + PATIENCE;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.look.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl AsyncRead for Listening {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        match Pin::new(&mut this.connection).poll_read(context, into)? {
            Poll::Pending => this.wait(context),
            Poll::Ready(()) => {
                let State { answered, unread, .. } = &*this.turns.0;
                Poll::Ready(unread.grow(into.filled().len() - before, answered.get() > 0))
            }
        }
    }
}

impl AsyncWrite for Listening {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.connection).poll_write(context, text);
        this.is_full = written.is_pending();
        if !this.is_full {
            this.turns.0.since.set(Instant::now());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().connection).poll_shutdown(context)
    }
}

impl ActixStream for Listening {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.connection, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.connection, context)
    }
}
