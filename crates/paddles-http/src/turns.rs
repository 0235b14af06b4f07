//! Whose turn it is on a connection: the client's to ask, or the service's to answer.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::RequestHead;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::rt::time::Instant;
use actix_web::web::Bytes;

use crate::head_room::{HeadRoom, HeldHead};
use crate::message_ends::{Chunks, Head};

/// Whose turn it is.
#[derive(Clone)]
pub(crate) struct Turns(Rc<State>);

struct State {
    /// What is to come from the client.
    coming: Cell<Coming>,
    /// How many requests are being answered.
    answered: Cell<u32>,
    /// Since when it is the client's turn, if it is.
    since: Cell<Instant>,
    /// The head that comes, or whose request is answered.
    head: HeldHead,
    /// Who waits to hand on what came behind a request.
    reader: Cell<Option<Waker>>,
}

/// What is to come from a client.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Coming {
    /// The head of a request.
    Head(Head),
    /// Nothing: a head has come whole, and is on its way to be answered.
    Answer,
    /// So many bytes of a body.
    Body(u64),
    /// A body in chunks.
    Chunks(Chunks),
    /// Nothing until the answer is made and sent, and then a next head.
    Next,
}

impl Coming {
    /// What follows the head of this request.
    fn behind(request: &RequestHead) -> Self {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let length = header(CONTENT_LENGTH).and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        match length {
            _ if header(TRANSFER_ENCODING).is_some() => Self::Chunks(Chunks::default()),
            0 => Self::Next,
            length => Self::Body(length),
        }
    }
}

/// The service's turn, until it is dropped.
pub(crate) struct Answering(Turns);

impl Turns {
    /// Those of a new connection: the client begins.
    pub(crate) fn begin(heads: HeadRoom) -> Self {
        Self(Rc::new(State {
            coming: Cell::new(Coming::Head(Head::default())),
            answered: Cell::new(0),
            since: Cell::new(Instant::now()),
            head: heads.begin(),
            reader: Cell::new(None),
        }))
    }

    /// A request has come, its head at least.
    pub(crate) fn answer(&self, request: &RequestHead) -> Answering {
        let Self(state) = self;
        state.answered.set(state.answered.get() + 1);
        state.coming.set(Coming::behind(request));
        self.hand_on();
        Answering(self.clone())
    }

    /// What is to come. The client has its turn when what the service said is on its way.
    pub(crate) fn coming(&self, is_sending: bool) -> Coming {
        let Self(state) = self;
        if matches!(state.coming.get(), Coming::Next) && state.answered.get() == 0 && !is_sending {
            state.coming.set(Coming::Head(Head::default()));
        }
        state.coming.get()
    }

    /// So many bytes more of a head have come, and this is what comes now; fails if there is no room for them.
    pub(crate) fn comes(&self, coming: Coming, of_head: usize) -> io::Result<()> {
        let Self(state) = self;
        state.coming.set(coming);
        state.head.grow(of_head)
    }

    /// Since when the client has its turn, if it has.
    pub(crate) fn clients_since(&self) -> Option<Instant> {
        (self.0.answered.get() == 0).then(|| self.0.since.get())
    }

    /// Something was sent: the client's time begins now.
    pub(crate) fn sent(&self) {
        self.0.since.set(Instant::now());
        self.hand_on();
    }

    /// Wakes this one when it may be time to hand on what came.
    pub(crate) fn wait(&self, context: &Context<'_>) {
        self.0.reader.set(Some(context.waker().clone()));
    }

    fn hand_on(&self) {
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let Self(turns) = self;
        let answered = &turns.0.answered;
        answered.set(answered.get().saturating_sub(1));
        turns.0.head.let_go();
        turns.sent();
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
