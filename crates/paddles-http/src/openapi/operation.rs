//! What one method of one path takes and answers.

use actix_web::http::StatusCode;
use paddles_domain::Need;
use serde_json::{Value, json};

use super::parameter::{Parameter, of_path};
use super::schemas::named;

/// What a route takes and answers, in words and types.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    id: &'static str,
    summary: &'static str,
    details: &'static str,
    query: Vec<Parameter>,
    is_repeatable: bool,
    body: Option<(Value, bool)>,
    answer: Option<(Value, &'static str)>,
    links_to_next: bool,
    refusals: Vec<StatusCode>,
    need: Need,
}

impl Operation {
    /// An operation that asks the database, which may be away. `id` is its name in client libraries, the thing first.
    pub(crate) fn new(id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            summary,
            details: "",
            query: Vec::new(),
            is_repeatable: false,
            body: None,
            answer: None,
            links_to_next: false,
            refusals: vec![StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS],
            need: Need::Nothing,
        }
    }

    /// An operation that succeeds whenever the client may ask.
    pub(crate) fn constant(id: &'static str, summary: &'static str) -> Self {
        Self { refusals: vec![StatusCode::TOO_MANY_REQUESTS], ..Self::new(id, summary) }
    }

    /// An operation for those who watch the service, who may always ask.
    pub(crate) fn for_watchers(id: &'static str, summary: &'static str) -> Self {
        Self { refusals: Vec::new(), ..Self::new(id, summary) }
    }

    /// What the summary leaves out.
    pub(crate) fn details(self, details: &'static str) -> Self {
        Self { details, ..self }
    }

    /// Reads these query parameters too.
    pub(crate) fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        for parameter in parameters {
            if parameter.can_be_refused() {
                self = self.refuses(&[400]);
            }
            self.query.push(parameter);
        }
        self
    }

    /// Is done once for all requests with the same `Idempotency-Key`.
    pub(crate) fn repeatable(self) -> Self {
        Self { is_repeatable: true, ..self }.refuses(&[400, 422])
    }

    /// Takes a JSON body of this schema.
    pub(crate) fn body(self, schema: Value) -> Self {
        Self { body: Some((schema, true)), ..self }.refuses(&[400, 408, 413])
    }

    /// Takes a JSON body of this schema, or none.
    pub(crate) fn optional_body(self, schema: Value) -> Self {
        Self { body: Some((schema, false)), ..self }.refuses(&[400, 408, 413])
    }

    /// Answers JSON of this schema with 200.
    pub(crate) fn answers(self, schema: Value) -> Self {
        Self { answer: Some((schema, "application/json")), ..self }
    }

    /// Answers a text of this media type with 200.
    pub(crate) fn answers_text(self, media_type: &'static str) -> Self {
        Self { answer: Some((json!({ "type": "string" }), media_type)), ..self }
    }

    /// A full page says where the next one is.
    pub(crate) fn links_to_next(self) -> Self {
        Self { links_to_next: true, ..self }
    }

    /// May also answer these statuses, each with a message.
    pub(crate) fn refuses(mut self, statuses: &[u16]) -> Self {
        for status in statuses.iter().filter_map(|status| StatusCode::from_u16(*status).ok()) {
            if !self.refusals.contains(&status) {
                self.refusals.push(status);
            }
        }
        self
    }

    /// Needs this of its caller, if the service asks for rights.
    pub(crate) fn needs(self, need: Need) -> Self {
        let refused: &[u16] = match need {
            Need::Nothing => &[],
            Need::Reading => &[401, 503],
            Need::Role(_) => &[401, 403, 503],
        };
        Self { need, ..self }.refuses(refused)
    }

    /// The names of its query parameters.
    pub(crate) fn query_names(&self) -> impl Iterator<Item = &'static str> {
        self.query.iter().map(Parameter::name)
    }

    /// The operation object of OpenAPI, at a path.
    pub(super) fn to_json(&self, path: &str, tag: &str) -> Value {
        let mut parameters: Vec<Value> = names_in(path).map(|name| of_path(name).to_json("path")).collect();
        parameters.extend(self.query.iter().map(|parameter| parameter.to_json("query")));
        if self.is_repeatable {
            parameters.push(Parameter::idempotency_key().to_json("header"));
        }
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [tag],
            "parameters": parameters,
            "responses": self.responses(),
        });
        let details: Vec<String> =
            [self.details.to_owned(), self.role()].into_iter().filter(|text| !text.is_empty()).collect();
        if !details.is_empty() {
            operation["description"] = details.join(" ").into();
        }
        if self.need != Need::Nothing {
            operation["security"] = json!([{}, { "bearer": [] }, { "basic": [] }]);
        }
        if let Some((schema, is_required)) = &self.body {
            operation["requestBody"] =
                json!({ "required": is_required, "content": { "application/json": { "schema": schema } } });
        }
        operation
    }

    fn role(&self) -> String {
        match self.need {
            Need::Role(role) => format!("Needs the role {role} where the service asks for rights."),
            Need::Nothing | Need::Reading => String::new(),
        }
    }

    fn responses(&self) -> Value {
        let mut responses = json!({});
        if let Some((schema, media_type)) = &self.answer {
            responses["200"] = json!({ "description": "Done", "content": { *media_type: { "schema": schema } } });
            if self.links_to_next {
                responses["200"]["headers"] = json!({ "Link": {
                    "description": "Of a full page: the query of the next one, relation `next`.",
                    "schema": { "type": "string" },
                } });
            }
        }
        for status in &self.refusals {
            responses[status.as_str()] = refusal(*status);
        }
        responses
    }
}

fn refusal(status: StatusCode) -> Value {
    let description = match status.as_u16() {
        400 => "The request is wrong; the message names what, and says what is allowed",
        401 => "Its sender has shown no token, or one that is not good",
        403 => "A rule forbids it, or the role of its sender",
        404 => "There is no such thing",
        409 => "A key or check that the lab has added to its database forbids it; the message names it",
        413 => "The body is too large",
        422 => "It contradicts an earlier request",
        503 => "Not now; asking again may help",
        _ => "Refused",
    };
    let mut response =
        json!({ "description": description, "content": { "application/json": { "schema": named("Error") } } });
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response["headers"] =
            json!({ "Retry-After": { "description": "In how many seconds.", "schema": { "type": "string" } } });
    }
    response
}

/// The names in a template of a path.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}
