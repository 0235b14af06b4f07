//! `/runs/WORD/...` and `/runs/queued/`: the runs that filters select, and the values that there are.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{Day, Run};
use paddles_repository::{LARGEST_PAGE, Place, RunCondition, Stored};
use serde_json::json;

use super::runs::Shape;
use super::{json, list_once};
use crate::api_error::ApiError;
use crate::app::App;
use crate::clock::now;
use crate::endpoint::add_slash;
use crate::next_page::link_next;
use crate::parameters::Parameters;
use crate::run_path::{RunQuery, ends_in_range, read_run_path};

/// `GET /runs/WORD/VALUE/WORD/VALUE/.../`: runs, newest scheduled first; ending in a word, its distinct values, sorted.
pub(crate) async fn select(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let path = request.uri().path();
    if !path.ends_with('/') && !ends_in_range(path) {
        return Ok(add_slash(request).await);
    }
    let parameters = Parameters::of(&request);
    let page = parameters.history_page(app.default_runs_count)?;
    let shape = Shape::wanted(&parameters, &app)?;
    match read_run_path(path.trim_start_matches("/runs/"), now())? {
        RunQuery::Index(index, conditions) => {
            list_once(&request, &app, move |lab| Ok(json!(lab.run_index(index, &conditions)?).to_string())).await
        }
        RunQuery::Runs(mut conditions) => {
            if let Some(text) = parameters.get("since") {
                let day = Day::read(text, now()).map_err(|error| ApiError::invalid(error.to_string()))?;
                conditions.push(RunCondition::ScheduledAfter(day.start()));
            }
            let runs = shape.ask(&request, &app, move |lab| lab.run_filter(&conditions, page), scheduled).await?;
            let mut response = json(runs.text);
            link_next(&mut response, &request, page, runs.count, runs.last);
            Ok(response)
        }
    }
}

/// `GET /runs/queued/`: all runs that have a queued job, earliest scheduled first.
pub(crate) async fn queued(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let page = parameters.page(LARGEST_PAGE)?;
    let shape = Shape::wanted(&parameters, &app)?;
    Ok(json(shape.ask(&request, &app, move |lab| lab.run_queued(page), scheduled).await?.text))
}

fn scheduled(run: &Stored<Run>) -> Place {
    Place { time: run.record.scheduled, id: run.id }
}
