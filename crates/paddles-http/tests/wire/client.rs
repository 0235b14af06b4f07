//! A client: asks, and takes every answer as it is.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use crate::answer::Answer;
use crate::described::Description;

/// A service that hangs fails its test instead of keeping it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Below the time after which the service closes an idle connection, so that none is closed while it is taken.
const IDLE: Duration = Duration::from_secs(2);

/// A client that keeps its connections open, as teuthology does.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    agent: Agent,
}

#[allow(clippy::needless_pass_by_value, reason = "bodies are written where they are sent")]
impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // Bodies on methods that seldom have one.
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE))
            .max_idle_age(IDLE)
            .build();
        Self { base: format!("http://{address}"), agent: config.into() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path)
    }

    pub(crate) fn head(&self, path: &str) -> Answer {
        self.ask("HEAD", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path)
    }

    /// Posts JSON, or what is to be refused as such.
    pub(crate) fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.send("POST", path, body.to_string().as_bytes())
    }

    pub(crate) fn put(&self, path: &str, body: impl ToString) -> Answer {
        self.send("PUT", path, body.to_string().as_bytes())
    }

    /// Asks without a body.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Answer {
        self.ask_with(&[], method, path)
    }

    pub(crate) fn ask_with(&self, headers: &[(&str, &str)], method: &str, path: &str) -> Answer {
        self.described(method, path, Answer::of(self.unread(headers, method, path)))
    }

    /// Asks, and leaves the body of the answer to the caller.
    pub(crate) fn unread(&self, headers: &[(&str, &str)], method: &str, path: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.agent.run(request.body(()).unwrap()).unwrap()
    }

    /// Sends a body, which says of itself that it is JSON.
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send_as("application/json", method, path, body)
    }

    pub(crate) fn send_as(&self, content_type: &str, method: &str, path: &str, body: &[u8]) -> Answer {
        self.send_with(&[("Content-Type", content_type)], method, path, body)
    }

    pub(crate) fn send_with(&self, headers: &[(&str, &str)], method: &str, path: &str, body: &[u8]) -> Answer {
        let request = Request::builder().method(method.parse::<Method>().unwrap()).uri(format!("{}{path}", self.base));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.described(method, path, Answer::of(self.agent.run(request.body(body).unwrap()).unwrap()))
    }

    /// The same answer, which must be one that the description of the service has.
    #[track_caller]
    fn described(&self, method: &str, path: &str, answer: Answer) -> Answer {
        static DESCRIPTION: OnceLock<Description> = OnceLock::new();
        let description = DESCRIPTION.get_or_init(|| {
            let document = Answer::of(self.unread(&[], "GET", "/openapi.json"));
            Description::of(document.json())
        });
        description.check(method, path, &answer);
        answer
    }

    /// Posts a job of which nothing but its id and `keys` is known.
    pub(crate) fn post_job(&self, run: &str, job_id: &str, keys: &Value) {
        let mut job = json!({ "job_id": job_id });
        job.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self.post(&format!("/runs/{run}/jobs/"), job).json();
    }

    /// Adds a node of which nothing but its name and `keys` is known.
    pub(crate) fn post_node(&self, name: &str, keys: &Value) {
        let mut node = json!({ "name": name });
        node.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        self.post("/nodes/", node).json();
    }

    /// The member `key` of each object of a list.
    pub(crate) fn each(&self, key: &str, path: &str) -> Vec<String> {
        self.get(path).json().as_array().unwrap().iter().map(|item| text(&item[key])).collect()
    }

    /// The names of all runs, newest first.
    pub(crate) fn run_names(&self) -> Vec<String> {
        self.each("name", "/runs/?fields=name")
    }

    /// The ids of a run's jobs, newest first.
    pub(crate) fn job_ids(&self, run: &str) -> Vec<String> {
        self.each("job_id", &format!("/runs/{run}/jobs/?fields=job_id"))
    }
}

/// A JSON text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
