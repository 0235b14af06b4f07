//! What may be the name of a run or the id of a job.

/// The most characters of a text that is indexed: names, ids, branches and the like.
pub const INDEXED_TEXT_CHARS: usize = 1_024;

/// The most bytes of such a text in UTF-8: an entry of a Postgres index holds about 2,700.
pub const INDEXED_TEXT_BYTES: usize = 2_600;

/// A text that cannot be a name or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is missing, null or empty. The sentence is the deployed server's; clients print it.
    #[error("could not find required key: '{key}'")]
    Missing {
        /// The key that names it in a document.
        key: &'static str,
    },
    /// It is longer than an index takes.
    #[error("{key} takes at most {INDEXED_TEXT_CHARS} characters ({INDEXED_TEXT_BYTES} bytes)")]
    TooLong {
        /// The key that names it in a document.
        key: &'static str,
    },
    /// Something else stands under it in URLs.
    #[error("{key} takes another text than {}", crate::NodeName::WORDS.join(", "))]
    Word {
        /// The key that names it in a document.
        key: &'static str,
    },
    /// It would not be one word of a line.
    #[error("{key} takes text without control characters, such as tabs and ends of lines")]
    Control {
        /// The key that names it in a document.
        key: &'static str,
    },
    /// No URL could address it.
    #[error("{key} takes text without slashes or NUL characters, other than '.' and '..'")]
    NoPathSegment {
        /// The key that names it in a document.
        key: &'static str,
    },
}

/// Whether `text` can stand in a URL as one segment of the path, and in an index.
pub(crate) fn check_name(key: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        Err(NameError::Missing { key })
    } else if !fits_index(text) {
        Err(NameError::TooLong { key })
    } else if text.contains(['/', '\0']) || text == "." || text == ".." {
        Err(NameError::NoPathSegment { key })
    } else {
        Ok(())
    }
}

/// Whether an index takes `text`.
pub fn fits_index(text: &str) -> bool {
    text.len() <= INDEXED_TEXT_BYTES && text.chars().count() <= INDEXED_TEXT_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_segment_that_an_index_takes() {
        fn check(text: &str, expected: Option<NameError>) {
            assert_eq!(check_name("name", text).err(), expected, "{} bytes", text.len());
        }
        let key = "name";
        check("teuthology-2013-09-25_23:00:06-rados-master-testing-basic-plana", None);
        check("ü %41 +&;#", None);
        check(&"a".repeat(1_024), None);
        check(&"a".repeat(1_025), Some(NameError::TooLong { key }));
        check(&"€".repeat(1_000), Some(NameError::TooLong { key }));
        check("", Some(NameError::Missing { key }));
        check("a/b", Some(NameError::NoPathSegment { key }));
        check("a\0b", Some(NameError::NoPathSegment { key }));
        check("..", Some(NameError::NoPathSegment { key }));
    }
}
