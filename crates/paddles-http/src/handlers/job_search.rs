//! `/jobs/`: the latest jobs of all runs.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{Day, Timestamp};
use paddles_repository::JobSearch;

use super::json;
use crate::api_error::ApiError;
use crate::app::App;
use crate::clock::now;
use crate::documents::JobField;
use crate::job_stream::answer_rows;
use crate::next_page::link_next;
use crate::parameters::Parameters;

/// How many jobs are shown when the request does not say.
const COUNT: u32 = 10;

/// The longest text that is looked for in descriptions: SQLite takes no pattern of more than 50,000 bytes.
const LONGEST_PART: usize = 10_000;

/// `GET /jobs/`: a page of the jobs that match, newest posted first. pulpito-ng finds a job's history by its description.
pub(crate) async fn search(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let page = parameters.history_page(COUNT)?;
    let fields = parameters.fields(JobField::from_name)?;
    let text = |name| parameters.get(name).map(str::to_owned);
    let start_of = |name| -> Result<Option<Timestamp>, ApiError> {
        let day = parameters.get(name).map(|text| Day::read(text, now())).transpose();
        Ok(day.map_err(|error| ApiError::invalid(error.to_string()))?.map(Day::start))
    };
    let sha1 = text("sha1");
    let description = text("description");
    if description.as_ref().is_some_and(|part| part.chars().count() > LONGEST_PART) {
        return Err(ApiError::invalid(format!("description takes at most {LONGEST_PART} characters")));
    }
    let search = JobSearch {
        user: text("user"),
        // Only looked at without a sha1, as in the deployed server.
        branch: if sha1.is_none() { text("branch") } else { None },
        sha1,
        description,
        posted_after: start_of("posted_after")?,
        posted_before: start_of("posted_before")?,
        status: match parameters.job_status() {
            Ok(status) => status,
            // A status that no job has.
            Err(_) => return Ok(json("[]")),
        },
    };
    let places = app.bridge.ask(move |lab| lab.job_search(&search, page)).await?;
    let rows = places.iter().map(|place| place.id).collect();
    let mut response = answer_rows(app, rows, fields).await?;
    link_next(&mut response, &request, page, places.len(), places.last().copied());
    Ok(response)
}
