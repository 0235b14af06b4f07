//! Answers made smaller for clients that ask for it, streamed ones chunk by chunk.

use std::error::Error as StdError;
use std::io::{self, Write as _};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AcceptEncoding, CONTENT_ENCODING, ContentEncoding, Encoding, Header as _, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use flate2::write::GzEncoder;
use futures_util::stream;
use zstd::stream::write::Encoder as ZstdEncoder;

use crate::answer_room::Held;
use crate::app::App;

/// What is not larger goes as it is: it fits into a packet or two anyway.
const SMALL_BYTES: u64 = 1024;

/// How much is compressed at once, in less than a millisecond, before it is sent.
const SLICE_BYTES: usize = 128 * 1024;

/// The fastest levels, which take about 3 ms for a run of 300 jobs (1.4 MB). zstd's default takes 1.4 times as long and makes it
/// no smaller, gzip's 8 times.
const ZSTD_LEVEL: i32 = 1;
const GZIP_LEVEL: u32 = 1;

/// Compresses large answers in the coding that the request likes best. Answers to HEAD have the headers of GET, and nothing is
/// read or compressed for them.
pub(crate) async fn compress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let wanted = Coding::wanted(&request);
    let is_head = request.method() == Method::HEAD;
    let room = request.app_data::<Data<App>>().map(|app| Arc::clone(&app.room));
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(response.map_body(|head, body| {
        let size = body.size();
        let is_large = match size {
            BodySize::None => false,
            BodySize::Sized(bytes) => bytes > SMALL_BYTES,
            BodySize::Stream => true,
        };
        // Without an encoder, or room for one, the answer goes as it is, which every client takes.
        let coded = wanted.filter(|_| is_large).and_then(|coding| {
            let held = room?.hold_encoder(size)?;
            Some((coding, Encoder::new(coding, size).ok()?, held))
        });
        if let Some((coding, ..)) = &coded {
            head.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        match coded {
            _ if is_head && (coded.is_some() || size == BodySize::Stream) => unread_body(),
            Some((_, encoder, held)) => {
                BoxBody::new(Compressed { body, rest: Bytes::new(), encoder: Some(encoder), _held: held })
            }
            None => body,
        }
    }))
}

/// The body of an answer to HEAD whose length nobody knows.
pub(crate) fn unread_body() -> BoxBody {
    BoxBody::new(BodyStream::new(stream::empty::<Result<Bytes, Error>>()))
}

/// A coding that answers may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Zstd,
    Gzip,
}

impl Coding {
    /// The best coding that the request asks for; of equals zstd. None also for a request that takes no answer as it is: better
    /// an answer that its client may understand than none.
    fn wanted(request: &ServiceRequest) -> Option<Self> {
        let codings = [Encoding::identity(), Encoding::zstd(), Encoding::gzip()];
        match AcceptEncoding::parse(request).ok()?.negotiate(codings.iter())? {
            Encoding::Known(ContentEncoding::Zstd) => Some(Self::Zstd),
            Encoding::Known(ContentEncoding::Gzip) => Some(Self::Gzip),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// What compresses one answer.
enum Encoder {
    Zstd(ZstdEncoder<'static, Vec<u8>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding, size: BodySize) -> io::Result<Self> {
        Ok(match coding {
            Coding::Zstd => {
                let mut encoder = ZstdEncoder::new(Vec::new(), ZSTD_LEVEL)?;
                if let BodySize::Sized(bytes) = size {
                    // It takes less memory for an answer that it knows to be short.
                    encoder.set_pledged_src_size(Some(bytes))?;
                }
                Self::Zstd(encoder)
            }
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL))),
        })
    }

    /// Compresses `bytes`, and gives all that the client needs to read them.
    fn encode(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => {
                encoder.write_all(bytes)?;
                encoder.flush()?;
                Ok(mem::take(encoder.get_mut()))
            }
            Self::Gzip(encoder) => {
                encoder.write_all(bytes)?;
                encoder.flush()?;
                Ok(mem::take(encoder.get_mut()))
            }
        }
    }

    /// The end of the answer.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(encoder) => encoder.finish(),
            Self::Gzip(encoder) => encoder.finish(),
        }
    }
}

/// A body that is compressed as it is sent.
struct Compressed {
    body: BoxBody,
    /// What came last of the body and is still to be compressed.
    rest: Bytes,
    /// Until its end is sent.
    encoder: Option<Encoder>,
    _held: Held,
}

impl MessageBody for Compressed {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        while let Some(encoder) = &mut this.encoder {
            if this.rest.is_empty() {
                match ready!(this.body.as_pin_mut().poll_next(context)) {
                    Some(Ok(bytes)) => this.rest = bytes,
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(this.encoder.take().map(|encoder| Ok(encoder.finish()?.into()))),
                }
                continue;
            }
            let slice = this.rest.split_to(this.rest.len().min(SLICE_BYTES));
            let encoded = encoder.encode(&slice)?;
            if !encoded.is_empty() {
                return Poll::Ready(Some(Ok(encoded.into())));
            }
        }
        Poll::Ready(None)
    }
}
