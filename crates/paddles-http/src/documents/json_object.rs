//! Writing a JSON object member by member, documents spliced in as they were kept.

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

    pub(crate) fn number(&mut self, key: &str, value: Option<impl itoa::Integer>) {
        let out = self.member(key);
        match value {
            Some(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(crate) fn truth(&mut self, key: &str, value: Option<bool>) {
        self.member(key).extend_from_slice(match value {
            Some(true) => b"true",
            Some(false) => b"false",
            None => b"null",
        });
    }

    pub(crate) fn time(&mut self, key: &str, value: Option<Timestamp>) {
        let out = self.member(key);
        match value {
            // No character of a time needs an escape.
            Some(time) => write_plain(out, time.text().as_str()),
            None => out.extend_from_slice(b"null"),
        }
    }

    pub(crate) fn document(&mut self, key: &str, document: &Document) {
        self.member(key).extend_from_slice(document.as_json().as_bytes());
    }
}

/// Writes a JSON string. Nearly all of a page are short and plain, and a page of runs has thousands.
fn write_text(out: &mut Vec<u8>, text: &str) {
    // Without a way out of the loop, many bytes are looked at in one step.
    let escapes = |byte| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    if text.bytes().fold(0, |any, byte| any | escapes(byte)) == 0 {
        write_plain(out, text);
    } else {
        // Writing into memory cannot fail.
        drop(serde_json::to_writer(out, text));
    }
}

/// Writes a JSON string in which nothing needs an escape.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_writes_it(text in any::<String>(), escaped in "[a\\x00-\\x1f\"\\\\\\x7f]*") {
            for text in [text, escaped] {
                let mut out = Vec::new();
                write_text(&mut out, &text);
                prop_assert_eq!(out, serde_json::to_vec(&text)?);
            }
        }

        #[test]
        fn any_member_is_read_as_it_was_written(number in any::<i64>(), truth in any::<Option<bool>>()) {
            let mut out = Vec::new();
            let mut object = JsonObject::begin(&mut out);
            object.number("number", Some(number));
            object.number("none", None::<i32>);
            object.truth("truth", truth);
            object.end();
            let read: serde_json::Value = serde_json::from_slice(&out)?;
            prop_assert_eq!(read, serde_json::json!({"number": number, "none": null, "truth": truth}));
        }
    }
}
