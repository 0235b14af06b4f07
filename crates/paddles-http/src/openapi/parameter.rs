//! Parameters of paths and queries, each with what it takes.

use std::cell::RefCell;
use std::collections::BTreeSet;

use actix_web::HttpRequest;
use actix_web::http::Method;
use paddles_repository::LARGEST_PAGE;
use serde_json::{Value, json};

use super::Operation;
use super::schemas::{DATE, TIME, any_text, day, name, one_of, pattern};
use crate::documents::{JobField, RunField};

/// A value that a request carries beside its body.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    name: &'static str,
    about: &'static str,
    schema: Value,
    is_required: bool,
    may_be_empty: bool,
}

impl Parameter {
    pub(crate) fn new(name: &'static str, about: &'static str, schema: Value) -> Self {
        Self { name, about, schema, is_required: false, may_be_empty: true }
    }

    /// Text that is compared with what is stored.
    pub(crate) fn text(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, any_text())
    }

    /// A truth value in any spelling that clients use.
    pub(crate) fn truth(name: &'static str, about: &'static str) -> Self {
        let spellings = ["1", "0", "true", "false", "True", "False", "t", "f", "yes", "no", "on", "off"];
        Self::new(name, about, one_of(&spellings))
    }

    /// A request without it is refused.
    pub(crate) fn required(self) -> Self {
        Self { is_required: true, ..self }.never_empty()
    }

    /// An empty one does not count as none.
    pub(crate) fn never_empty(self) -> Self {
        Self { may_be_empty: false, ..self }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether there are values that it does not take.
    pub(super) fn can_be_refused(&self) -> bool {
        self.is_required || self.schema != any_text()
    }

    /// The parameter object of OpenAPI.
    pub(super) fn to_json(&self, place: &str) -> Value {
        let mut parameter = json!({
            "name": self.name,
            "in": place,
            "required": self.is_required || place == "path",
            "schema": self.schema,
        });
        if !self.about.is_empty() {
            parameter["description"] = self.about.into();
        }
        if place == "query" && self.may_be_empty {
            parameter["allowEmptyValue"] = true.into();
        }
        // A list is joined by commas.
        if self.schema["type"] == "array" {
            parameter["style"] = "form".into();
            parameter["explode"] = false.into();
        }
        parameter
    }

    /// How many rows a page holds.
    pub(crate) fn count(about: &'static str) -> Self {
        Self::new("count", about, json!({ "type": "integer", "minimum": 0, "maximum": LARGEST_PAGE }))
    }

    /// Which page is wanted.
    pub(crate) fn page() -> Self {
        Self::new("page", "Which page, from 1", json!({ "type": "integer", "minimum": 1, "maximum": u64::MAX }))
    }

    /// Behind which place the page begins.
    pub(crate) fn before() -> Self {
        let about = "What the `Link` of the page before has: a time and a number. Excludes `page`";
        let place = format!("({DATE}T{TIME}(\\.[0-9]{{1,6}})?|none)_[0-9]{{1,9}}");
        Self::new("before", about, pattern(&place))
    }

    /// What history pages are asked by.
    pub(crate) fn history(about_count: &'static str) -> [Self; 3] {
        [Self::count(about_count), Self::page(), Self::before()]
    }

    /// The header of requests that are done once.
    pub(super) fn idempotency_key() -> Self {
        let about = "Sent again within a day with the same key and body, the request is not done again, and answered as \
            before if anything was done";
        let visible = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        Self::new("Idempotency-Key", about, visible)
    }

    /// A day.
    pub(crate) fn day(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, day())
    }

    /// How runs are shown.
    pub(crate) fn run_shape() -> [Self; 2] {
        let names: Vec<&str> = RunField::ALL.map(RunField::name).to_vec();
        [Self::fields("What is shown of each run", &names), Self::view()]
    }

    /// How a run, or a list of runs without `fields`, is shown.
    pub(crate) fn view() -> Self {
        let about = "Whole documents, or an object of links and counts; the service's settings say which without it";
        Self::new("view", about, one_of(&["full", "summary"]))
    }

    /// What is shown of each job.
    pub(crate) fn job_fields() -> Self {
        let names: Vec<&str> = JobField::all().map(JobField::name).collect();
        Self::fields("What is shown of each job", &names)
    }

    fn fields(about: &'static str, names: &[&str]) -> Self {
        Self::new("fields", about, json!({ "type": "array", "minItems": 1, "items": one_of(names) }))
    }
}

/// The parameter of a path that is called `name`.
pub(crate) fn of_path(name_in_path: &str) -> Parameter {
    let (name, schema) = match name_in_path {
        "name" => ("name", name()),
        "job_id" => ("job_id", name()),
        "branch" => ("branch", filter()),
        "date" => ("date", day()),
        "from" => ("from", day()),
        "to" => ("to", day()),
        "machine_type" => ("machine_type", filter()),
        "status" => ("status", filter()),
        "suite" => ("suite", filter()),
        "user" => ("user", filter()),
        "sha1" => ("sha1", filter()),
        "flavor" => ("flavor", filter()),
        // The test of the document finds it.
        _ => ("undescribed", json!({})),
    };
    Parameter::new(name, "", schema)
}

/// A value that a filter compares: a segment of a path.
fn filter() -> Value {
    json!({ "type": "string", "minLength": 1, "pattern": "^[^/]+$" })
}

/// The query parameters that the description of a route has, and which of them its handler has read.
#[derive(Debug, Default)]
pub(crate) struct DocumentedQuery {
    documented: Vec<(Method, &'static str)>,
    read: RefCell<BTreeSet<&'static str>>,
}

impl DocumentedQuery {
    pub(crate) fn of<'a>(operations: impl Iterator<Item = (&'a Method, &'a Operation)>) -> Self {
        let documented = operations.flat_map(|(method, operation)| {
            let names = operation.query_names();
            names.map(move |name| (method.clone(), name))
        });
        Self { documented: documented.collect(), read: RefCell::default() }
    }

    /// Whether the description of the route of `request` has the query parameter `name`.
    pub(crate) fn has(request: &HttpRequest, name: &str) -> bool {
        let Some(query) = request.app_data::<Self>() else { return false };
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let documented = query.documented.iter().find(|(known, documented)| known == method && *documented == name);
        if let Some((_, name)) = documented {
            query.read.borrow_mut().insert(name);
        }
        documented.is_some()
    }

    /// What was read since the last time.
    #[cfg(test)]
    pub(super) fn take_read(&self) -> BTreeSet<&'static str> {
        self.read.take()
    }
}
