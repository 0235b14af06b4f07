//! `/audit/`: who did what.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::Thing;
use paddles_repository::{AuditFilter, Place};

use super::json;
use crate::api_error::ApiError;
use crate::app::App;
use crate::documents::{array, audit_document};
use crate::next_page::link_next;
use crate::parameters::Parameters;

/// How many entries are shown when the request does not say.
const COUNT: u32 = 100;

/// `GET /audit/`: a page of what was done, newest first, with a link to the next.
pub(crate) async fn list(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let page = parameters.history_page(COUNT)?;
    let text = |name| parameters.get(name).map(str::to_owned);
    if parameters.get("kind").is_some_and(|kind| !Thing::KINDS.contains(&kind)) {
        return Err(ApiError::invalid(format!("kind takes {}", Thing::KINDS.join(", "))));
    }
    let filter = AuditFilter { who: text("who"), kind: text("kind"), name: text("name") };
    let entries = app.bridge.ask(move |lab| lab.audit_list(&filter, page)).await?;
    let mut response = json(array(&entries, audit_document));
    let last = entries.last().map(|entry| Place { time: Some(entry.time), id: entry.id });
    link_next(&mut response, &request, page, entries.len(), last);
    Ok(response)
}
