//! Query parameters. Unknown ones are ignored: clients send more than a route reads.

use std::str::FromStr;

use actix_web::{HttpRequest, web};
use paddles_domain::{JobStatus, UnknownJobStatus};
use paddles_repository::{HistoryPage, LARGEST_PAGE, Page, PageError, Place};

use crate::api_error::ApiError;
use crate::openapi::DocumentedQuery;

/// The parameters of a request. Those that the description of its route lacks cannot be read.
pub(crate) struct Parameters {
    values: Vec<(String, String)>,
    request: Option<HttpRequest>,
}

impl Parameters {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self { request: Some(request.clone()), ..Self::in_query(request.query_string()) }
    }

    /// The parameters of a query that belongs to no request.
    pub(crate) fn in_query(query: &str) -> Self {
        let parameters = web::Query::<Vec<(String, String)>>::from_query(query);
        let mut parameters = parameters.map(web::Query::into_inner).unwrap_or_default();
        for (_, value) in &mut parameters {
            if value.contains('\0') {
                *value = value.replace('\0', "\u{fffd}");
            }
        }
        Self { values: parameters, request: None }
    }

    /// The value of `name`, even an empty one; of several the last.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        let is_documented = || self.request.as_ref().is_none_or(|request| DocumentedQuery::has(request, name));
        debug_assert!(is_documented(), "the route's description lacks its query parameter {name}");
        self.values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of `name`; of several the last. An empty one counts as none, and NUL as a character that nothing holds,
    /// since no database could look for it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.last(name).filter(|value| !value.is_empty())
    }

    /// Whether `name` is true, in any spelling that clients use.
    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "on" => Ok(Some(true)),
            "0" | "false" | "f" | "no" | "off" => Ok(Some(false)),
            _ => Err(ApiError::invalid(format!("{name} takes 1, 0, true, false, t, f, yes, no, on or off"))),
        }
    }

    /// The job status that `status` asks for. A word that is none matches no job: clients get an empty list.
    pub(crate) fn job_status(&self) -> Result<Option<JobStatus>, UnknownJobStatus> {
        self.get("status").map(str::parse).transpose()
    }

    /// The value of `name`, read as a `T`.
    pub(crate) fn read<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name).map(str::parse).transpose().map_err(|error: T::Err| ApiError::invalid(error.to_string()))
    }

    /// The page that `page` and `count` ask for.
    pub(crate) fn page(&self, default_count: u32) -> Result<Page, ApiError> {
        let number = match self.get("page") {
            None => 1,
            Some(text) => text.parse().map_err(|_| PageError::Number)?,
        };
        Ok(Page::new(number, self.count(default_count)?)?)
    }

    /// The page that `before` or else `page`, and `count` ask for.
    pub(crate) fn history_page(&self, default_count: u32) -> Result<HistoryPage, ApiError> {
        let Some(text) = self.get("before") else { return Ok(self.page(default_count)?.into()) };
        if self.get("page").is_some() {
            return Err(ApiError::invalid("before and page exclude each other"));
        }
        let place: Place = text.parse().map_err(|_| {
            ApiError::invalid("before takes what the link to a next page has, like 2026-03-01T20:24:03.500000_4711")
        })?;
        Ok(HistoryPage::behind(place, self.count(default_count)?)?)
    }

    fn count(&self, default_count: u32) -> Result<u32, PageError> {
        match self.get("count") {
            None => Ok(default_count.min(LARGEST_PAGE)),
            Some(text) => text.parse().map_err(|_| PageError::Count),
        }
    }

    /// The names in `fields`, read by `field`, each once; commas at the ends are ignored.
    pub(crate) fn fields<T: PartialEq>(&self, field: impl Fn(&str) -> Option<T>) -> Result<Option<Vec<T>>, ApiError> {
        let Some(names) = self.get("fields") else { return Ok(None) };
        let mut fields = Vec::new();
        for name in names.trim_matches(',').split(',') {
            // Clients print this sentence of the deployed server.
            let field = field(name).ok_or_else(|| ApiError::invalid("an invalid field was specified"))?;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(Some(fields))
    }
}
