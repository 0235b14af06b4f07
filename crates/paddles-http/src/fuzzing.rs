//! What reads requests, opened to those who try to break it.

use paddles_domain::{JobId, RunName, Timestamp};
use paddles_repository::{HistoryPage, Place, RunCondition};
use serde_json::value::RawValue;

use crate::LogLinkTemplate;
use crate::documents::{JobField, RunField};
use crate::links::Links;
use crate::next_page;
use crate::parameters::Parameters;
use crate::request_body::read_object;
use crate::run_path::{RunQuery, read_run_path};

/// The parameters of a query.
pub struct Query(Parameters);

impl Query {
    /// Those in the text behind the question mark.
    pub fn read(query: &str) -> Self {
        Self(Parameters::in_query(query))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    /// The value of `name`, read as a truth.
    pub fn truth(&self, name: &str) -> Result<Option<bool>, String> {
        self.0.truth(name).map_err(|refused| refused.to_string())
    }

    /// The page that it asks for.
    pub fn history_page(&self) -> Result<HistoryPage, String> {
        self.0.history_page(100).map_err(|refused| refused.to_string())
    }

    /// How many fields of jobs and of runs it asks for.
    pub fn fields(&self) -> [Result<Option<usize>, String>; 2] {
        let jobs = self.0.fields(JobField::from_name).map(|fields| fields.map(|fields| fields.len()));
        let runs = self.0.fields(RunField::from_name).map(|fields| fields.map(|fields| fields.len()));
        [jobs, runs].map(|count| count.map_err(|refused| refused.to_string()))
    }
}

/// The query of the next page.
pub fn next_query(query: &str, place: Place) -> String {
    next_page::next_query(query, place)
}

/// The conditions of a path behind `/runs/`.
pub fn run_conditions(path: &str, now: Timestamp) -> Result<Vec<RunCondition>, String> {
    match read_run_path(path, now).map_err(|refused| refused.to_string())? {
        RunQuery::Runs(conditions) | RunQuery::Index(_, conditions) => Ok(conditions),
    }
}

/// The members of the JSON object in a body, in their order.
pub fn members(body: &[u8]) -> Result<Vec<(String, Box<RawValue>)>, String> {
    read_object(body, |members| Ok(members.iter().map(|(key, json)| (key.to_owned(), json.to_owned())).collect()))
        .map_err(|refused| refused.to_string())
}

/// The link to a job.
pub fn job_link(run: &RunName, job_id: &JobId) -> String {
    Links::new("http://paddles.example", LogLinkTemplate::default()).job(run, job_id)
}
