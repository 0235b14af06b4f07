//! Many jobs in one answer, page by page: a run may hold thousands of jobs and tens of megabytes, of which no more than a
//! page is ever in memory, and of many readers a small one each (`answer_room`). Between pages no connection is held, so a slow reader keeps nobody waiting.

use std::vec;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::StreamExt as _;
use futures_util::future::ready;
use futures_util::stream::{once, try_unfold};
use paddles_domain::{Job, JobId};
use paddles_repository::{JobKeys, RecordId, Stored};
use tokio::task::yield_now;
use tracing::{Instrument as _, Span};

use crate::answer_room::{AnswerRoom, Held};
use crate::api_error::ApiError;
use crate::app::App;
use crate::documents::{JobField, job_document, job_fields};
use crate::links::Links;

/// The first page is small, so that the first byte comes soon.
const FIRST_PAGE: u32 = 64;

/// At some KB a job this is about 2 MB.
const NEXT_PAGES: u32 = 256;

/// What a job takes about, as long as none of an answer is written.
const USUAL_BYTES: usize = 8 * 1024;

/// Jobs still to be read.
pub(crate) enum JobPages {
    /// Of a run, by their id as text.
    InTextOrder {
        run: RecordId,
        after: Option<JobId>,
    },
    /// In these rows, with these keys.
    InRows {
        rows: Vec<RecordId>,
        keys: JobKeys,
    },
    Done,
}

impl JobPages {
    /// Reads the next page, of at most `limit` jobs.
    async fn next(self, app: &App, limit: u32) -> Result<(Vec<Stored<Job>>, Self), ApiError> {
        match self {
            Self::Done => Ok((Vec::new(), Self::Done)),
            Self::InTextOrder { run, after } => {
                let jobs = app.bridge.ask(move |lab| lab.job_page(run, after.as_ref(), limit)).await?;
                let is_last = jobs.len() < limit as usize;
                let after = jobs.last().filter(|_| !is_last).map(|job| job.record.job_id.clone());
                let rest = if after.is_some() { Self::InTextOrder { run, after } } else { Self::Done };
                Ok((jobs, rest))
            }
            Self::InRows { mut rows, keys } => {
                let rest = rows.split_off(rows.len().min(limit as usize));
                let jobs = app.bridge.ask(move |lab| lab.job_rows(&rows, keys)).await?;
                let rest = if rest.is_empty() { Self::Done } else { Self::InRows { rows: rest, keys } };
                Ok((jobs, rest))
            }
        }
    }
}

/// Answers `begin`, the jobs as `write` writes them, with commas in between, and `end`.
///
/// An error on the first page becomes a status; on a later one it breaks the answer off, which clients notice.
pub(crate) async fn answer_jobs(
    app: Data<App>,
    begin: Vec<u8>,
    pages: JobPages,
    write: impl Fn(&mut Vec<u8>, &Stored<Job>, &Links) + 'static,
    end: &'static str,
) -> Result<HttpResponse, ApiError> {
    let held = app.room.hold(0);
    let page = Vec::new().into_iter();
    let request = Span::current();
    let mut answer = Answer { app, pages, page, write, jobs_written: 0, bytes_written: 0, end, held, request };
    let mut text = begin;
    answer.turn_page(FIRST_PAGE).await?;
    answer.write_chunk(&mut text);
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if answer.is_done() {
        return Ok(response.body(text));
    }
    let first = once(ready(Ok(Bytes::from(text))));
    Ok(response.streaming(first.chain(try_unfold(answer, Answer::next_chunk))))
}

/// Answers the jobs in `rows` as an array: whole documents, or objects of `fields`.
pub(crate) async fn answer_rows(
    app: Data<App>,
    rows: Vec<RecordId>,
    fields: Option<Vec<JobField>>,
) -> Result<HttpResponse, ApiError> {
    let begin = b"[".to_vec();
    match fields {
        None => answer_jobs(app, begin, JobPages::InRows { rows, keys: JobKeys::ALL }, job_document, "]").await,
        Some(fields) => {
            let pages = JobPages::InRows { rows, keys: JobField::keys(&fields) };
            let write = move |out: &mut Vec<u8>, job: &_, links: &_| job_fields(out, job, &fields, links);
            answer_jobs(app, begin, pages, write, "]").await
        }
    }
}

/// An answer that is being written.
struct Answer<W> {
    app: Data<App>,
    pages: JobPages,
    /// What is left of the page that was read last.
    page: vec::IntoIter<Stored<Job>>,
    write: W,
    jobs_written: usize,
    bytes_written: usize,
    end: &'static str,
    /// Grows and shrinks with the page.
    held: Held,
    /// What is logged while pages are read belongs to it.
    request: Span,
}

impl<W: Fn(&mut Vec<u8>, &Stored<Job>, &Links)> Answer<W> {
    fn is_done(&self) -> bool {
        self.page.len() == 0 && matches!(self.pages, JobPages::Done)
    }

    async fn next_chunk(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        if self.is_done() {
            return Ok(None);
        }
        // A quick reader takes page after page at once: whoever else is served by this thread has a turn in between.
        yield_now().await;
        if self.page.len() == 0 {
            let request = self.request.clone();
            self.turn_page(NEXT_PAGES).instrument(request).await?;
        }
        let mut text = Vec::new();
        self.write_chunk(&mut text);
        Ok(Some((Bytes::from(text), self)))
    }

    async fn turn_page(&mut self, most: u32) -> Result<(), ApiError> {
        let limit = self.app.room.jobs(self.bytes_of_a_job(), most);
        // Held before it is read: of many who begin at once each leaves less to the next.
        self.hold(limit as usize);
        let pages = std::mem::replace(&mut self.pages, JobPages::Done);
        let (jobs, rest) = pages.next(&self.app, limit).await?;
        self.page = jobs.into_iter();
        self.pages = rest;
        self.hold(self.page.len());
        Ok(())
    }

    /// What a job of this answer takes about.
    fn bytes_of_a_job(&self) -> usize {
        self.bytes_written.checked_div(self.jobs_written).unwrap_or(USUAL_BYTES)
    }

    /// Holds the room of so many jobs, and of what is on its way.
    fn hold(&mut self, jobs: usize) {
        let in_flight = AnswerRoom::in_flight(self.app.room.chunk());
        self.held.set(jobs * self.bytes_of_a_job() + in_flight);
    }

    /// Writes jobs of the page until the chunk is large enough, and the end behind the last one.
    fn write_chunk(&mut self, out: &mut Vec<u8>) {
        let (chunk, began_at) = (self.app.room.chunk(), out.len());
        while out.len() < chunk
            && let Some(job) = self.page.next()
        {
            if self.jobs_written > 0 {
                out.push(b',');
            }
            self.jobs_written += 1;
            (self.write)(out, &job, &self.app.links);
        }
        self.bytes_written += out.len() - began_at;
        self.hold(self.page.len());
        if self.is_done() {
            out.extend_from_slice(self.end.as_bytes());
        }
    }
}
