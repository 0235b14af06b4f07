//! The link from a page of history to the next one.

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::{HttpRequest, HttpResponse};
use paddles_repository::{HistoryPage, Place};

/// Adds `Link: <?...&before=PLACE>; rel="next"` (RFC 8288) to a page of which `shown` rows were there, the last one in `last`.
/// Where rows are missing there is no next page.
///
/// The link is the query alone, its other parameters kept: whatever proxy stands in front, the client knows the path.
pub(crate) fn link_next(
    response: &mut HttpResponse,
    request: &HttpRequest,
    page: HistoryPage,
    shown: usize,
    last: Option<Place>,
) {
    let is_full = i64::try_from(shown).is_ok_and(|shown| shown >= page.limit());
    let Some(place) = last.filter(|_| is_full) else { return };
    // A URL is always a header's value.
    if let Ok(link) =
        HeaderValue::from_bytes(format!("<?{}>; rel=\"next\"", next_query(request.query_string(), place)).as_bytes())
    {
        response.headers_mut().insert(LINK, link);
    }
}

/// The query of the page behind `place`, of one that was asked for by `query`.
pub(crate) fn next_query(query: &str, place: Place) -> String {
    let mut next = String::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        if !matches!(parameter.split('=').next(), Some("before" | "page")) {
            next.push_str(parameter);
            next.push('&');
        }
    }
    format!("{next}before={place}")
}
