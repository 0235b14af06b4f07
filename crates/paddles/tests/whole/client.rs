//! A client of the service: every status is an answer, and redirects are not followed.

use serde_json::Value;
use ureq::http::{HeaderMap, Request};
use ureq::{Agent, Error};

use crate::waiting::PATIENCE;

/// A client that keeps its connections.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE * 4));
        Self { agent: config.build().new_agent(), base: format!("http://{address}"), authorization: None }
    }

    /// The client, saying this of who it is.
    pub(crate) fn authorized(self, authorization: String) -> Self {
        Self { authorization: Some(authorization), ..self }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").expect("an answer")
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.send("HEAD", path, "").expect("an answer")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &body.to_string()).expect("an answer")
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &body.to_string()).expect("an answer")
    }

    /// Posts a job, which must be taken.
    pub(crate) fn post_job(&self, run: &str, job: &Value) {
        let answer = self.post(&format!("/runs/{run}/jobs/"), job);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The JSON that `path` shows.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Sends a request that may get no answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Result<Answer, Error> {
        self.try_send_with(method, path, body, &[])
    }

    /// Sends a request with headers besides.
    pub(crate) fn send_with(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_send_with(method, path, body, headers).expect("an answer")
    }

    fn try_send_with(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Result<Answer, Error> {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let mut request =
            self.authorization.iter().fold(request, |request, value| request.header("Authorization", value));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = if body.is_empty() {
            self.agent.run(request.body(()).expect("a request"))?
        } else {
            self.agent.run(request.body(body).expect("a request"))?
        };
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}
