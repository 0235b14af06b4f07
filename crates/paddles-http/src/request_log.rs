//! What surrounds each request: its id, its counts, and a line in the log.

use std::str::FromStr;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};
use tracing::Instrument as _;

use crate::app::App;
use crate::drain::Drain;
use crate::request_id::{REQUEST_ID, id_of};
use crate::turns::{Spoken, Turns};

/// Which requests have a line in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// All but those of watchers that went well.
    All,
    /// Those answered with 500 and above: a lab sends dozens of others each second, which the metrics count.
    #[default]
    Errors,
    /// None.
    Off,
}

/// A word that is no access log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the access log takes all, errors or off")]
pub struct UnknownAccessLog;

impl AccessLog {
    fn tells(self, status: u16, route: &str) -> bool {
        let is_error = status >= 500 && !(status == 503 && REFUSES_BY_503.contains(&route));
        match self {
            Self::All => is_error || !WATCHED.contains(&route),
            Self::Errors => is_error,
            Self::Off => false,
        }
    }
}

impl std::fmt::Display for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Errors => "errors",
            Self::Off => "off",
        })
    }
}

impl FromStr for AccessLog {
    type Err = UnknownAccessLog;

    fn from_str(word: &str) -> Result<Self, UnknownAccessLog> {
        [Self::All, Self::Errors, Self::Off].into_iter().find(|one| one.to_string() == word).ok_or(UnknownAccessLog)
    }
}

/// Gives the request an id, with which it is answered and which every line that is logged for it has; counts it, and logs
/// method, route, status, milliseconds until the answer begins, and the run that the path names. While the service
/// stops, answers also ask their client to come back on a new connection, which goes elsewhere.
pub(crate) async fn log_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let began = Instant::now();
    let turn = request.conn_data::<Turns>().map(|turns| turns.answer(request.head()));
    let drain = request.app_data::<web::Data<Drain>>().cloned();
    let app = request.app_data::<web::Data<App>>().cloned();
    let in_flight = app.as_ref().map(|app| app.measures.request_came());
    let id = id_of(&request);
    // Of the highest level, so that no choice of what is logged takes the id away.
    let span = tracing::error_span!("request", request_id = id.to_str().unwrap_or_default());
    let response = next.call(request).instrument(span.clone()).await?;
    let mut response = response.map_body(|_, body| Spoken::over(body, turn));
    drop(in_flight);
    if let Some(app) = app {
        let status = response.status().as_u16();
        span.in_scope(|| tell(&app, response.request(), status, began.elapsed()));
    }
    response.headers_mut().insert(REQUEST_ID, id);
    if drain.is_some_and(|drain| drain.has_begun()) {
        response.response_mut().head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    Ok(response)
}

/// Where watchers look: many times a minute, and of no interest as long as it goes well.
const WATCHED: [&str; 3] = ["/healthz/", "/readyz/", "/metrics/"];

/// Clients expect 503 where nothing is free, or a queue is paused, and ask again: nothing is wrong then. A database that is away
/// tells of itself.
const REFUSES_BY_503: [&str; 2] = ["/nodes/lock_many/", "/queue/pop_queue/"];

fn tell(app: &App, request: &HttpRequest, status: u16, took: Duration) {
    let route = route_of(request);
    app.measures.request_answered(request.method(), &route, status, took);
    if app.access_log.tells(status, &route) {
        let method = request.method().as_str();
        let ms = (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0;
        let run = request.match_info().get("name").unwrap_or("-");
        tracing::info!(method, route, status, ms, run, "request");
    }
}

/// The pattern of the request's path, always with its slash; `-` where nothing matched.
fn route_of(request: &HttpRequest) -> String {
    let Some(mut route) = request.match_pattern() else { return "-".to_owned() };
    if let Some(filters) = route.find("{filters") {
        // Paths of any depth.
        route.truncate(filters);
        route.push_str("/...");
    }
    if !route.ends_with('/') {
        route.push('/');
    }
    route
}
