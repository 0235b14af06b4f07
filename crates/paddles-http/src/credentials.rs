//! What a request shows to say who sends it: a token, as `Authorization: Bearer` or as the password of HTTP Basic.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paddles_domain::TokenHash;

/// The most bytes of what may be a token: names and passwords for other services may come along.
const LONGEST: usize = 8 * 1024;

/// A token that a request shows: its hash, since nothing here may keep or log more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) token: TokenHash,
    /// Whether a browser may have sent it by itself, to please another site.
    pub(crate) is_ambient: bool,
}

/// What a request sends to say who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Nothing,
    Token(Credentials),
    /// Something in which no token can be.
    Unreadable,
}

impl Shown {
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION);
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => read(value.as_bytes()).map_or(Self::Unreadable, Self::Token),
            // Whatever stands in between may look at the other one.
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }
}

fn read(value: &[u8]) -> Option<Credentials> {
    let text = str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST)?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credentials { token: TokenHash::of(rest), is_ambient: false });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    // Whatever the user's name is, and however it is encoded (Python's clients send Latin-1); it may hold no colon, a password may.
    let password = pair.splitn(2, |byte| *byte == b':').nth(1)?;
    Some(Credentials { token: TokenHash::of(str::from_utf8(password).ok()?), is_ambient: true })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_token_comes_as_bearer_or_as_a_password() {
        fn check(value: &str, token: Option<&str>, is_ambient: bool) {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())]);
            let expected = token.map_or(Shown::Unreadable, |token| {
                Shown::Token(Credentials { token: TokenHash::of(token), is_ambient })
            });
            assert_eq!(Shown::in_headers(&headers), expected, "{value}");
        }
        check("Bearer paddles_x", Some("paddles_x"), false);
        check("bearer  paddles_x ", Some("paddles_x"), false);
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        check(&basic("me:paddles_x"), Some("paddles_x"), true);
        check(&basic(":pass:word"), Some("pass:word"), true);
        check(&format!("Basic {}", STANDARD.encode(b"j\xf6rg:paddles_x")), Some("paddles_x"), true);
        check(&format!("Basic {}", STANDARD.encode(b"me:\xf6")), None, true);
        check(&basic("no colon"), None, true);
        check("Basic ???", None, true);
        check("Digest x", None, true);
        check("paddles_x", None, true);
        check(&format!("Bearer {}", "x".repeat(LONGEST)), None, false);
        assert_eq!(Shown::in_headers(&HeaderMap::new()), Shown::Nothing);
    }

    #[test]
    fn two_headers_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer one"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer two"));
        assert_eq!(Shown::in_headers(&headers), Shown::Unreadable);
    }
}
