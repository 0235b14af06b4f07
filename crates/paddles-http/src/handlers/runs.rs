//! `/runs/` and `/runs/{name}/`.

use actix_web::http::Method;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use paddles_domain::{Run, RunName};
use paddles_repository::{JobKeys, Place, Repository, RepositoryError, RunCreated, Stored};

use super::{asked_for, done, json, name_of, no_run, run_in_path, there};
use crate::api_error::ApiError;
use crate::app::{App, List};
use crate::caller::Caller;
use crate::documents::{
    JsonObject, RunField, array, job_document, job_summary, open_run_document, run_document, run_fields, run_summary,
};
use crate::idempotency_key::IdempotencyKey;
use crate::job_stream::{JobPages, answer_jobs};
use crate::next_page::link_next;
use crate::parameters::Parameters;
use crate::request_body::RequestBody;
use crate::settings::RunsView;

/// `GET /runs/`: a page of runs, newest posted first, with a link to the next.
pub(crate) async fn list(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::of(&request);
    let page = parameters.history_page(app.default_runs_count)?;
    let shape = Shape::wanted(&parameters, &app)?;
    let posted = |run: &Stored<Run>| Place { time: run.record.posted, id: run.id };
    let runs = shape.ask(&request, &app, move |lab| lab.run_list(page), posted).await?;
    let mut response = json(runs.text);
    link_next(&mut response, &request, page, runs.count, runs.last);
    Ok(response)
}

/// How a list of runs is shown.
pub(super) enum Shape {
    Fields(Vec<RunField>),
    View(RunsView),
}

impl Shape {
    /// What `fields` or else `view` ask for.
    pub(super) fn wanted(parameters: &Parameters, app: &App) -> Result<Self, ApiError> {
        let view = parameters.read("view")?.unwrap_or(app.default_runs_view);
        Ok(parameters.fields(RunField::from_name)?.map_or(Self::View(view), Self::Fields))
    }

    /// Asks for runs and writes them, once for all who ask for the same at the same time. Says by `place` where the last one stands.
    pub(super) async fn ask(
        self,
        request: &HttpRequest,
        app: &Data<App>,
        question: impl Fn(&dyn Repository) -> Result<Vec<Stored<Run>>, RepositoryError> + Send + 'static,
        place: fn(&Stored<Run>) -> Place,
    ) -> Result<List, ApiError> {
        let shown = app.clone();
        let list = move |lab: &dyn Repository| {
            let runs = question(lab)?;
            Ok(List { text: self.render(&shown, &runs).into(), count: runs.len(), last: runs.last().map(place) })
        };
        app.lists.ask(asked_for(request), Box::new(list)).await
    }

    fn render(&self, app: &App, runs: &[Stored<Run>]) -> Vec<u8> {
        match self {
            Self::Fields(fields) => array(runs, |out, run| run_fields(out, run, fields, &app.links)),
            Self::View(RunsView::Full) => array(runs, |out, run| run_document(out, run, &app.links)),
            Self::View(RunsView::Summary) => {
                let mut out = Vec::new();
                let mut object = JsonObject::begin(&mut out);
                for run in runs {
                    run_summary(&mut object, run, &app.links);
                }
                object.end();
                out
            }
        }
    }
}

/// Words that stand where the name of a run would: a run called so could not be reached.
const WORDS: [&str; 9] = ["branch", "date", "machine_type", "status", "suite", "user", "sha1", "flavors", "queued"];

/// The name of a run that may have to be created.
pub(super) fn new_run_name(text: String) -> Result<RunName, ApiError> {
    if WORDS.contains(&text.as_str()) {
        return Err(ApiError::invalid(format!("name takes another text than {}", WORDS.join(", "))));
    }
    Ok(RunName::new(text)?)
}

/// `POST /runs/`: a new run, of which only the name is read.
pub(crate) async fn create(
    app: Data<App>,
    caller: Caller,
    key: IdempotencyKey,
    body: RequestBody,
) -> Result<HttpResponse, ApiError> {
    let name = body.read(|members| new_run_name(name_of(members, "name")?))?;
    let act = caller.acts().once(key.once(&body));
    let run = Run::new(name.clone(), app.zone, act.when);
    match app.bridge.change(move |lab| lab.run_create(&run, &act)).await? {
        RunCreated::Created => Ok(done()),
        RunCreated::AlreadyExists => Err(ApiError::invalid(format!("run with name {name} already exists"))),
    }
}

/// `GET /runs/{name}/`: the run with its whole jobs by their id as text. HEAD asks whether it is there.
pub(crate) async fn get(request: HttpRequest, app: Data<App>, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let name = run_in_path(&path, no_run)?;
    let view = Parameters::of(&request).read("view")?.unwrap_or(app.default_runs_view);
    let run = app.bridge.ask(move |lab| lab.run_get(&name)).await?.ok_or_else(no_run)?;
    if request.method() == Method::HEAD {
        return Ok(there());
    }
    if view == RunsView::Summary {
        return summary(&app, run.record.name).await;
    }
    let mut begin = Vec::new();
    let pages = JobPages::InTextOrder { run: run.id, after: None };
    let mut document = open_run_document(&mut begin, &run, &app.links);
    document.member("jobs").push(b'[');
    answer_jobs(app, begin, pages, job_document, "]}").await
}

/// The jobs of a run, keyed by their id: small, since their documents stay unread.
async fn summary(app: &App, name: RunName) -> Result<HttpResponse, ApiError> {
    let jobs = app.bridge.ask(move |lab| {
        let rows = lab.job_index(&name, None)?.unwrap_or_default();
        lab.job_rows(&rows, JobKeys::NONE)
    });
    let mut out = Vec::new();
    let mut object = JsonObject::begin(&mut out);
    for job in jobs.await? {
        job_summary(&mut object, &job, &app.links);
    }
    object.end();
    Ok(json(out))
}

/// `DELETE /runs/{name}/`: the run and its jobs.
pub(crate) async fn delete(app: Data<App>, caller: Caller, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let absent = || ApiError::not_found("attempted to delete a non-existent run");
    let name = run_in_path(&path, absent)?;
    let was_there = app.bridge.change(move |lab| lab.run_delete(&name, &caller.acts())).await?;
    if was_there { Ok(done()) } else { Err(absent()) }
}
