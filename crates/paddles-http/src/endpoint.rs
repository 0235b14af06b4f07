//! One path and what it serves by method.

use actix_web::guard::{Any, Get, GuardContext, Head, Post};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, LOCATION};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, ResponseError, Route};
use paddles_domain::Need;
use percent_encoding::percent_decode_str;

use crate::api_error::ApiError;
use crate::caller::admit;
use crate::openapi::{DocumentedQuery, Operation};

/// A path, ending in a slash, and for each of its methods what it needs and a handler.
///
/// Without the slash GET and HEAD are redirected, as browsers and clients expect; the other methods are served, since the
/// libraries of clients turn a redirected write into a GET. What nobody handles is 405, and OPTIONS says what is.
pub(crate) struct Endpoint {
    path: &'static str,
    methods: Vec<Method>,
    reads: Vec<MakeRoute>,
    writes: Vec<MakeRoute>,
    /// What answers any other method.
    others: Option<MakeRoute>,
    redirects: bool,
    /// Any other method is left to the next endpoint whose path matches.
    is_only_for_post: bool,
    described: Vec<Described>,
}

/// What one method of one path takes and answers.
pub(crate) struct Described {
    pub(crate) method: Method,
    pub(crate) need: Need,
    /// With `{name}` for each part that is not fixed.
    pub(crate) path: String,
    pub(crate) operation: Operation,
}

/// Routes cannot be copied, and each is needed with and without the slash.
type MakeRoute = Box<dyn Fn() -> Route>;

impl Endpoint {
    pub(crate) fn at(path: &'static str) -> Self {
        Self {
            path,
            methods: vec![Method::OPTIONS],
            reads: Vec::new(),
            writes: Vec::new(),
            others: None,
            redirects: true,
            is_only_for_post: false,
            described: Vec::new(),
        }
    }

    /// An endpoint that answers GET with and without the slash: clients ask for actions in both ways.
    pub(crate) fn action(path: &'static str) -> Self {
        Self { redirects: false, ..Self::at(path) }
    }

    /// Serves GET, and HEAD by the same handler, to whoever has what they need.
    pub(crate) fn get<F, Args>(mut self, need: Need, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args, Output: Responder>,
        Args: FromRequest + 'static,
    {
        self.describe(Method::GET, need, self.path, operation);
        self.methods.extend([Method::GET, Method::HEAD]);
        self.reads.push(Box::new(move || admitted(need, read().to(handler.clone()))));
        self
    }

    /// Serves a method that has a body, or changes something, to whoever has what it needs.
    pub(crate) fn write<F, Args>(mut self, method: Method, need: Need, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args, Output: Responder>,
        Args: FromRequest + 'static,
    {
        // Whatever changes something may meet a rule of the lab's own database.
        let operation = if need == Need::Reading { operation } else { operation.refuses(&[409]) };
        self.describe(method.clone(), need, self.path, operation);
        self.methods.push(method.clone());
        self.writes.push(Box::new(move || admitted(need, web::method(method.clone()).to(handler.clone()))));
        self
    }

    /// Answers every other method by `handler`, which changes nothing.
    pub(crate) fn others<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args, Output: Responder>,
        Args: FromRequest + 'static,
    {
        self.others = Some(Box::new(move || admitted(Need::Reading, web::to(handler.clone()))));
        self
    }

    /// Leaves every method but POST to the endpoints behind it: its path names something else to them.
    pub(crate) fn only_post(mut self) -> Self {
        self.is_only_for_post = true;
        self
    }

    /// Shows a longer path that GET of this endpoint serves too.
    pub(crate) fn shown_at(mut self, path: &str, operation: Operation) -> Self {
        let need = self.described.first().map_or(Need::Reading, |get| get.need);
        self.describe(Method::GET, need, path, operation);
        self
    }

    fn describe(&mut self, method: Method, need: Need, path: &str, operation: Operation) {
        self.described.push(Described { method, need, path: template(path), operation: operation.needs(need) });
    }

    /// What its methods take and answer.
    pub(crate) fn described(&self) -> &[Described] {
        &self.described
    }

    pub(crate) fn add_to(&self, config: &mut ServiceConfig) {
        let with_slash = self.reads.iter().chain(&self.writes).map(|make| make());
        self.add(config, self.path, with_slash);
        let slashless = self.path.trim_end_matches('/');
        if !slashless.is_empty() && slashless != self.path {
            let reads = self.reads.iter().map(|make| if self.redirects { read().to(add_slash) } else { make() });
            self.add(config, slashless, reads.chain(self.writes.iter().map(|make| make())));
        }
    }

    fn add(&self, config: &mut ServiceConfig, path: &str, routes: impl Iterator<Item = Route>) {
        let allow = self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let options = allow.clone();
        let query = DocumentedQuery::of(self.described.iter().map(|it| (&it.method, &it.operation)));
        let mut resource = web::resource(path).guard(has_text_path).app_data(query);
        if self.is_only_for_post {
            resource = resource.guard(Post());
        }
        for route in routes {
            resource = resource.route(route);
        }
        resource = resource.route(web::method(Method::OPTIONS).to(move || {
            let allow = options.clone();
            async move { HttpResponse::Ok().insert_header((ALLOW, allow)).finish() }
        }));
        if let Some(make) = &self.others {
            resource = resource.route(make());
        }
        let resource = resource.default_service(web::to(move |request: HttpRequest| {
            let allow = allow.clone();
            async move {
                let message = format!("{} is not allowed here; these are: {allow}", request.method());
                let mut response = ApiError::method_not_allowed(message).error_response();
                if let Ok(allow) = allow.parse() {
                    response.headers_mut().insert(ALLOW, allow);
                }
                response
            }
        }));
        config.service(resource);
    }
}

/// A path whose variable parts have no patterns: a part with one is any number of segments, and left out.
fn template(path: &str) -> String {
    match path.split_once("{filters:") {
        Some((path, _)) => format!("{path}/"),
        None => path.to_owned(),
    }
}

/// Whether the path is UTF-8: what is not names nothing, but would be read as some other name.
fn has_text_path(context: &GuardContext<'_>) -> bool {
    percent_decode_str(context.head().uri.path()).decode_utf8().is_ok()
}

/// Nothing is served but to a caller who has what it needs.
fn admitted(need: Need, route: Route) -> Route {
    route.wrap(from_fn(move |request, next| admit(need, request, next)))
}

fn read() -> Route {
    Route::new().guard(Any(Get()).or(Head()))
}

/// Redirects to the same path with a slash, its query kept.
///
/// The path is given without host: whatever proxy stands in front, the client knows how it came here.
pub(crate) async fn add_slash(request: HttpRequest) -> HttpResponse {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    HttpResponse::Found().insert_header((LOCATION, format!("{}/{query}", request.uri().path()))).finish()
}
