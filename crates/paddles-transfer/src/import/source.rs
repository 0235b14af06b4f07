//! The server that is copied from.

use std::thread;
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::pace::{Pace, Politeness};
use super::retry;

/// What a path segment needs no escape for, as servers link to runs.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// A server that is asked politely.
pub struct Source {
    agent: Agent,
    base: String,
    token: Option<String>,
    pace: Pace,
    politeness: Politeness,
}

/// A question that got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The address is none.
    #[error("{0:?} is no address of a server, like http://paddles.example:8080")]
    Address(String),
    /// The server refuses to answer.
    #[error("{url} answers {status}: {said}")]
    Refused {
        /// What was asked.
        url: String,
        /// The status of the answer.
        status: u16,
        /// How its body begins.
        said: String,
    },
    /// The server could not be reached, however often.
    #[error("{url} gives no answer: {reason}")]
    Away {
        /// What was asked.
        url: String,
        /// What went wrong the last time.
        reason: String,
    },
    /// The answer is not what such a server shows.
    #[error("{url} is not understood: {reason}")]
    NotUnderstood {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl SourceError {
    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => retry::may_pass(*status),
            Self::Away { .. } => true,
            Self::Address(_) | Self::NotUnderstood { .. } => false,
        }
    }
}

impl Source {
    /// The server at `url`, at the root of which paddles answers. A token is sent to it if there is one.
    pub fn new(url: &str, token: Option<String>, politeness: Politeness) -> Result<Self, SourceError> {
        let base = url.trim_end_matches('/');
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        if host.is_none_or(str::is_empty) {
            return Err(SourceError::Address(url.to_owned()));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(politeness.timeout))
            // Labs have certificates of their own: the system knows them.
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .user_agent(concat!("paddles/", env!("CARGO_PKG_VERSION"), " (import)"))
            .build()
            .new_agent();
        Ok(Self { agent, base: base.to_owned(), token, pace: Pace::new(politeness.rate), politeness })
    }

    pub(super) fn politeness(&self) -> &Politeness {
        &self.politeness
    }

    /// What stands at `path`, which begins with a slash; `None` if nothing does.
    pub(super) fn get(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.get_trying(path, self.politeness.retries)
    }

    /// Whether it answers what costs it little; who asks has waited already.
    pub(super) fn is_there(&self) -> bool {
        self.get_trying(CHEAP, self.politeness.retries.min(2)).is_ok()
    }

    fn get_trying(&self, path: &str, retries: u32) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}{path}", self.base);
        let mut attempt = 0;
        loop {
            self.pace.wait();
            let error = match self.ask(&url) {
                Ok(answer) => match answer.status {
                    200 => return Ok(Some(answer.body)),
                    404 => return Ok(None),
                    status => {
                        if let Some(time) = answer.retry_after {
                            self.pace.pause(time);
                        }
                        let said = String::from_utf8_lossy(&answer.body).chars().take(200).collect();
                        SourceError::Refused { url: url.clone(), status, said }
                    }
                },
                Err(error) => SourceError::Away { url: url.clone(), reason: error.to_string() },
            };
            if !error.may_pass() || attempt == retries {
                return Err(error);
            }
            attempt += 1;
            thread::sleep(retry::wait(attempt, fastrand::f64()));
        }
    }

    fn ask(&self, url: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(url).header("Accept", "application/json");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call()?;
        let retry_after = response.headers().get("Retry-After").and_then(|value| value.to_str().ok());
        #[allow(clippy::disallowed_methods, reason = "a server's date is held against this machine's clock")]
        let retry_after = retry_after.and_then(|text| retry::asked_for(text, SystemTime::now()));
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec()?;
        Ok(Answer { status: response.status().as_u16(), retry_after, body })
    }
}

/// The newest run without its jobs.
const CHEAP: &str = "/runs/?count=1&page=1";

/// The largest run of a lab is a tenth of this.
const MOST_BYTES: u64 = 1 << 30;

struct Answer {
    status: u16,
    retry_after: Option<std::time::Duration>,
    body: Vec<u8>,
}

/// A name as a segment of a path.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}
