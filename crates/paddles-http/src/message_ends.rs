//! Where the head of a request ends, and where a body that comes in chunks does.
//!
//! Only so much is read of HTTP here as it takes to hand on one request at a time. What is no HTTP is refused by who parses it; a
//! wrong end found in it does no harm.

/// How far the head of a request has come: it ends with an empty line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Head {
    /// Nothing but the empty lines that may stand before a request.
    #[default]
    Before,
    /// Within a line.
    Line,
    /// A line has ended.
    LineEnd,
    /// A line has ended, and the next one begins with a carriage return.
    Return,
}

impl Head {
    /// How many of these bytes belong to the head, if it ends within them.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (before, byte) in bytes.iter().enumerate() {
            *self = match (*self, byte) {
                (Self::Before, b'\r' | b'\n') => Self::Before,
                (Self::LineEnd | Self::Return, b'\n') => return Some(before + 1),
                (Self::LineEnd, b'\r') => Self::Return,
                (_, b'\n') => Self::LineEnd,
                _ => Self::Line,
            };
        }
        None
    }
}

/// How far a body in chunks has come: each has a line with its size, and the last one has none and is followed by an empty line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Within the digits of a size.
    Size(u64),
    /// Behind the digits, in their line.
    SizeLine(u64),
    /// In a chunk, of which so much is to come.
    Chunk(u64),
    /// Behind a chunk, in its line.
    ChunkEnd,
    /// Behind the last chunk; whether the line has something in it.
    Trailer(bool),
}

impl Default for Chunks {
    fn default() -> Self {
        Self::Size(0)
    }
}

impl Chunks {
    /// How many of these bytes belong to the body, if it ends within them.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            *self = match (*self, byte) {
                (Self::Chunk(left), _) => {
                    let rest = bytes.len() - (at - 1);
                    let taken = usize::try_from(left).map_or(rest, |left| left.min(rest));
                    at += taken - 1;
                    if taken as u64 == left { Self::ChunkEnd } else { Self::Chunk(left - taken as u64) }
                }
                (Self::Size(size), digit) if digit.is_ascii_hexdigit() => {
                    let value = char::from(*digit).to_digit(16).unwrap_or(0);
                    Self::Size(size.saturating_mul(16).saturating_add(value.into()))
                }
                (Self::Size(0) | Self::SizeLine(0) | Self::Trailer(true), b'\n') => Self::Trailer(false),
                (Self::Size(size) | Self::SizeLine(size), b'\n') => Self::Chunk(size),
                (Self::Size(size) | Self::SizeLine(size), _) => Self::SizeLine(size),
                (Self::ChunkEnd, b'\n') => Self::Size(0),
                (Self::ChunkEnd, _) => Self::ChunkEnd,
                (Self::Trailer(false), b'\n') => return Some(at),
                (Self::Trailer(has_text), byte) => Self::Trailer(has_text || *byte != b'\r'),
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The end that is found when the bytes come in pieces of this size.
    fn end_by(pieces: usize, bytes: &[u8], mut end: impl FnMut(&[u8]) -> Option<usize>) -> Option<usize> {
        let mut before = 0;
        for piece in bytes.chunks(pieces) {
            if let Some(found) = end(piece) {
                return Some(before + found);
            }
            before += piece.len();
        }
        None
    }

    fn head_end(pieces: usize, bytes: &[u8]) -> Option<usize> {
        let mut head = Head::default();
        end_by(pieces, bytes, |piece| head.end(piece))
    }

    fn body_end(pieces: usize, bytes: &[u8]) -> Option<usize> {
        let mut chunks = Chunks::default();
        end_by(pieces, bytes, |piece| chunks.end(piece))
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        for (text, end) in [
            ("GET / HTTP/1.1\r\n\r\n", Some(18)),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", Some(27)),
            ("GET / HTTP/1.1\nHost: x\n\nGET", Some(24)),
            ("GET / HTTP/1.1\nHost: x\n\r\nGET", Some(25)),
            ("\r\n\r\nGET / HTTP/1.1\r\n\r\nGET", Some(22)),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r", None),
            ("GET / HTTP/1.1\r\n\rHost: x\r\n", None),
            ("\r\n\r\n\r\n", None),
        ] {
            for pieces in 1..=text.len() {
                assert_eq!(head_end(pieces, text.as_bytes()), end, "{text:?} by {pieces}");
            }
        }
    }

    #[test]
    fn a_body_ends_behind_its_last_chunk() {
        for (text, end) in [
            ("0\r\n\r\nGET", Some(5)),
            ("2\r\n{}\r\n0\r\n\r\nGET", Some(12)),
            ("1;name=0\r\n{\r\n00001\r\n}\r\n000;last\r\n\r\nGET", Some(35)),
            ("A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\nGET", Some(20)),
            ("0\r\nSum: 1\r\nOther: 2\r\n\r\nGET", Some(23)),
            ("2\r\n{}\r\n0\r\n", None),
            ("ffffffffffffffffffffff\r\n0\r\n\r\n", None),
        ] {
            for pieces in 1..=text.len() {
                assert_eq!(body_end(pieces, text.as_bytes()), end, "{text:?} by {pieces}");
            }
        }
    }

    proptest! {
        #[test]
        fn ends_are_the_same_in_pieces_of_any_size(bytes: Vec<u8>, chunks in "[0-2a\r\n;]{0,40}", pieces in 1_usize..9) {
            prop_assert_eq!(head_end(pieces, &bytes), head_end(bytes.len().max(1), &bytes));
            prop_assert_eq!(body_end(pieces, chunks.as_bytes()), body_end(chunks.len().max(1), chunks.as_bytes()));
        }
    }
}
