//! What the service answered.

use serde_json::Value;
use ureq::Body;
use ureq::http::{HeaderMap, Response};

/// An answer, wholly read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn of(response: Response<Body>) -> Self {
        let (head, mut body) = response.into_parts();
        // A run of large jobs is larger than what is read by default.
        let body = body.with_config().limit(u64::MAX).read_to_string().expect("an answer in UTF-8, whole");
        Self { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The JSON of a success.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!((self.status, self.header("content-type")), (200, Some("application/json")), "{}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The status and the message of a refusal.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert!(self.status >= 400, "{} {}", self.status, self.body);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.body);
        let body: Value = serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body));
        let members = body.as_object().expect("an object");
        assert_eq!(members.len(), 1, "{}", self.body);
        (self.status, members["message"].as_str().expect("a text").to_owned())
    }
}
