//! Writing a JSON object member by member, documents spliced in as they were kept.

use std::fmt::Display;
use std::io::Write as _;

use paddles_domain::{Document, Timestamp};

/// A JSON object that is being written.
pub(crate) struct JsonObject<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> JsonObject<'a> {
    /// Begins an object behind what `out` holds.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Ends the object.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes a key, and gives what its value is written to.
    pub(crate) fn member(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        write_text(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, value: Option<&str>) {
        let out = self.member(key);
        match value {
            Some(text) => write_text(out, text),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// A number or a truth value.
    pub(crate) fn literal(&mut self, key: &str, value: Option<impl Display>) {
        let out = self.member(key);
        match value {
            // Writing into memory cannot fail.
            Some(value) => drop(write!(out, "{value}")),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(crate) fn time(&mut self, key: &str, value: Option<Timestamp>) {
        let out = self.member(key);
        match value {
            // No character of a time needs an escape.
            Some(time) => drop(write!(out, "\"{time}\"")),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(crate) fn document(&mut self, key: &str, document: &Document) {
        self.member(key).extend_from_slice(document.as_json().as_bytes());
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing into memory cannot fail.
    drop(serde_json::to_writer(out, text));
}
