//! Query parameters. Unknown ones are ignored: clients send more than a route reads.

use std::str::FromStr;

use actix_web::{HttpRequest, web};
use paddles_repository::{LARGEST_PAGE, Page, PageError};

use crate::api_error::ApiError;

/// The parameters of a request.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let parameters = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        Self(parameters.map(web::Query::into_inner).unwrap_or_default())
    }

    /// The value of `name`; of several the last. An empty one counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
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
        let count = match self.get("count") {
            None => default_count.min(LARGEST_PAGE),
            Some(text) => text.parse().map_err(|_| PageError::Count)?,
        };
        Ok(Page::new(number, count)?)
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
