//! How much memory answers may hold while their readers are slow: many slow readers share what one has for itself.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpResponse, ResponseError as _};

use crate::api_error::ApiError;
use crate::app::App;

/// What streamed answers share. One of them may take a small part of what is left, so that there is always some.
const SHARED: usize = 32 * 1024 * 1024;
const PART_FOR_A_PAGE: usize = 16;
const PART_FOR_A_CHUNK: usize = 64;

/// However many readers there are, each has so many jobs of a page, and so much of what is sent.
const FEWEST_JOBS: usize = 2;
const SMALLEST_CHUNK: usize = 8 * 1024;
const LARGEST_CHUNK: usize = 128 * 1024;

/// So many answers at once may each send the largest chunk in a turn.
const FEW_ANSWERS: usize = 8;

/// How often a chunk is in memory on its way: as it was written, encoded, and in its connection's buffer, which grows by doubling.
const COPIES_OF_A_CHUNK: usize = 4;

/// What answers in one piece may take together; more are refused until some are read.
const MOST: usize = 48 * 1024 * 1024;

/// What is smaller is not counted.
const SMALL: u64 = 64 * 1024;

/// What lies in a connection's buffer at once, of an answer in one piece.
const SLICE: usize = 32 * 1024;

/// What encoding an answer takes: zstd keeps a window, tables and buffers.
const ENCODER: usize = 1024 * 1024;

/// The memory that answers hold.
#[derive(Debug, Default)]
pub(crate) struct AnswerRoom {
    held: AtomicUsize,
}

/// A part of it, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    room: Arc<AnswerRoom>,
    bytes: usize,
}

impl AnswerRoom {
    fn free(&self) -> usize {
        SHARED.saturating_sub(self.held.load(Ordering::Relaxed))
    }

    /// Takes so much, whatever is left.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Held {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        Held { room: Arc::clone(self), bytes }
    }

    /// Takes what an answer of this size needs in one piece, if there is room. The only one always fits.
    fn hold_whole(self: &Arc<Self>, bytes: usize) -> Option<Held> {
        let held = self.held.load(Ordering::Relaxed);
        (held == 0 || held + bytes <= MOST).then(|| self.hold(bytes))
    }

    /// Takes what encoding an answer needs, if there is room: one that is not encoded is right as well.
    pub(crate) fn hold_encoder(self: &Arc<Self>, size: BodySize) -> Option<Held> {
        let bytes = match size {
            BodySize::Sized(bytes) => usize::try_from(bytes).unwrap_or(ENCODER).saturating_mul(2).min(ENCODER),
            _ => ENCODER,
        };
        (bytes <= self.free()).then(|| self.hold(bytes))
    }

    /// How many jobs of about this size a page may have, of at most `most`.
    pub(crate) fn jobs(&self, bytes: usize, most: u32) -> u32 {
        let jobs = (self.free() / PART_FOR_A_PAGE / bytes.max(1)).max(FEWEST_JOBS);
        u32::try_from(jobs).unwrap_or(most).min(most)
    }

    /// How much may be sent at once: of many answers little each, since who is served next waits for one chunk of all of them.
    pub(crate) fn chunk(self: &Arc<Self>) -> usize {
        let answers = Arc::strong_count(self).max(FEW_ANSWERS);
        let turn = LARGEST_CHUNK * FEW_ANSWERS / answers;
        (self.free() / PART_FOR_A_CHUNK).min(turn).clamp(SMALLEST_CHUNK, LARGEST_CHUNK)
    }

    /// What sending so much at once takes.
    pub(crate) fn in_flight(chunk: usize) -> usize {
        chunk * COPIES_OF_A_CHUNK
    }
}

impl Held {
    /// Holds so much instead.
    pub(crate) fn set(&mut self, bytes: usize) {
        self.room.held.fetch_add(bytes, Ordering::Relaxed);
        self.room.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Counts large answers in one piece until they are read, and refuses one for which there is no room. What was changed is always
/// told: who asks for the next job of a queue would lose it.
pub(crate) async fn keep_room(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.call(request).await?.map_into_boxed_body();
    let BodySize::Sized(size @ SMALL..) = response.response().body().size() else { return Ok(response) };
    let Some(app) = app else { return Ok(response) };
    let bytes = usize::try_from(size).unwrap_or(usize::MAX);
    let held = if is_read { app.room.hold_whole(bytes) } else { Some(app.room.hold(bytes)) };
    let (request, response) = response.into_parts();
    let response: HttpResponse = match held {
        None => ApiError::busy().error_response(),
        Some(held) => response.map_body(|_, body| match body.try_into_bytes() {
            Ok(rest) => BoxBody::new(Sliced { rest, is_others_turn: false, _held: held }),
            Err(body) => body,
        }),
    };
    Ok(ServiceResponse::new(request, response))
}

/// A text that goes to the connection slice by slice: what is not sent yet lies in no second buffer.
struct Sliced {
    rest: Bytes,
    /// After each slice whoever else is served by this thread has a turn.
    is_others_turn: bool,
    _held: Held,
}

impl MessageBody for Sliced {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let Self { rest, is_others_turn, .. } = self.get_mut();
        if rest.is_empty() {
            return Poll::Ready(None);
        }
        if mem::replace(is_others_turn, false) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        *is_others_turn = true;
        Poll::Ready(Some(Ok(rest.split_to(rest.len().min(SLICE)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: usize = 8 * 1024;

    /// Readers who read nothing more, one after the other: together they hold little more than what is shared.
    #[test]
    fn many_readers_share_what_one_has_for_itself() {
        let room = Arc::new(AnswerRoom::default());
        assert_eq!((room.jobs(JOB, 256), room.chunk()), (256, LARGEST_CHUNK));
        let page = |room: &Arc<AnswerRoom>| {
            room.hold(room.jobs(JOB, 256) as usize * JOB + AnswerRoom::in_flight(room.chunk()))
        };
        let readers: Vec<Held> = (0..1_000).map(|_| page(&room)).collect();
        let held: usize = readers.iter().map(|held| held.bytes).sum();
        assert_eq!(room.held.load(Ordering::Relaxed), held);
        assert!(held < SHARED + 1_000 * (FEWEST_JOBS * JOB + AnswerRoom::in_flight(SMALLEST_CHUNK)), "{held}");
        assert_eq!((room.jobs(JOB, 256), room.chunk()), (2, SMALLEST_CHUNK));
        assert_eq!(room.jobs(1024 * JOB, 256), 2);
        drop(readers);
        assert_eq!((room.jobs(JOB, 64), room.held.load(Ordering::Relaxed)), (64, 0));
    }

    #[test]
    fn there_is_room_for_one_answer_of_any_size() {
        let room = Arc::new(AnswerRoom::default());
        let first = room.hold_whole(MOST * 2);
        assert!(first.is_some() && room.hold_whole(1).is_none());
        assert!(room.hold_encoder(BodySize::Stream).is_none());
        drop(first);
        let mut half = room.hold_whole(MOST / 2).unwrap();
        assert!(room.hold_whole(MOST / 2 + 1).is_none());
        half.set(0);
        assert!(room.hold_encoder(BodySize::Stream).is_some());
    }
}
