//! JSON as clients write it, made into JSON as it is.

use std::borrow::Cow;

/// How deep arrays and objects of a body may nest.
pub const DEEPEST: usize = 128;

/// Nests deeper than [`DEEPEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("JSON may nest at most {DEEPEST} deep")]
pub struct TooDeep;

/// The same text with `NaN`, `Infinity` and `-Infinity` as `null`: Python writes them, and JSON has no words for them.
///
/// Depth is checked here since documents inside a body are kept as text, which no parser descends into.
pub fn strict_json(text: &[u8]) -> Result<Cow<'_, [u8]>, TooDeep> {
    let mut strict: Option<Vec<u8>> = None;
    let mut kept_until = 0;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(TooDeep);
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'N' | b'I' | b'-' => {
                let word = NO_NUMBERS.iter().find(|word| text[at..].starts_with(word));
                if let Some(word) = word {
                    let strict = strict.get_or_insert_default();
                    strict.extend_from_slice(&text[kept_until..at]);
                    strict.extend_from_slice(b"null");
                    kept_until = at + word.len();
                }
                at += word.map_or(1, |word| word.len());
            }
            _ => at += 1,
        }
    }
    Ok(match strict {
        None => Cow::Borrowed(text),
        Some(mut strict) => {
            strict.extend_from_slice(&text[kept_until..]);
            Cow::Owned(strict)
        }
    })
}

const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// The place behind the string that begins at `at`.
fn end_of_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_numbers_become_null() {
        fn check(text: &str, expected: &str) {
            assert_eq!(strict_json(text.as_bytes()).unwrap(), expected.as_bytes(), "{text}");
        }
        check(r#"{"a": NaN, "b": [Infinity, -Infinity, -1]}"#, r#"{"a": null, "b": [null, null, -1]}"#);
        check(r#"{"NaN": "Infinity \" NaN", "b": "\\"}"#, r#"{"NaN": "Infinity \" NaN", "b": "\\"}"#);
        check("NaN", "null");
        check("NaNs", "nulls");
        check("\"unclosed \\", "\"unclosed \\");
        check("", "");
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(strict_json(nested(DEEPEST).as_bytes()).is_ok());
        assert_eq!(strict_json(nested(DEEPEST + 1).as_bytes()), Err(TooDeep));
        assert_eq!(strict_json("[".repeat(1_000_000).as_bytes()), Err(TooDeep));
        let wide = format!("[{}]", vec!["{}"; 1_000].join(","));
        assert!(strict_json(wide.as_bytes()).is_ok());
        assert!(strict_json(format!("\"{}\"", "[".repeat(1_000)).as_bytes()).is_ok());
    }
}
