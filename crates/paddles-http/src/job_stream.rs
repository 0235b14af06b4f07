//! Many jobs in one answer, page by page: a run may hold thousands of jobs and tens of megabytes, of which no more than a
//! page is ever in memory. Between pages no connection is held, so a slow reader keeps nobody waiting.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::StreamExt as _;
use futures_util::future::ready;
use futures_util::stream::{once, try_unfold};
use paddles_domain::{Job, JobId};
use paddles_repository::{JobKeys, RecordId, Stored};

use crate::api_error::ApiError;
use crate::app::App;
use crate::links::Links;

/// At some KB a job a page is half a MB, and it is held several times over: as the database's answer, as jobs, as text and
/// in the connection's buffer. Larger pages read a run no faster.
const PAGE: u32 = 64;

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
    /// Reads the next page.
    async fn next(self, app: &App) -> Result<(Vec<Stored<Job>>, Self), ApiError> {
        match self {
            Self::Done => Ok((Vec::new(), Self::Done)),
            Self::InTextOrder { run, after } => {
                let jobs = app.bridge.ask(move |lab| lab.job_page(run, after.as_ref(), PAGE)).await?;
                let is_last = jobs.len() < PAGE as usize;
                let after = jobs.last().filter(|_| !is_last).map(|job| job.record.job_id.clone());
                let rest = if after.is_some() { Self::InTextOrder { run, after } } else { Self::Done };
                Ok((jobs, rest))
            }
            Self::InRows { mut rows, keys } => {
                let rest = rows.split_off(rows.len().min(PAGE as usize));
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
    let mut answer = Answer { app, pages, write, has_jobs: false, end };
    let mut text = begin;
    answer.write_page(&mut text).await?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    if answer.is_done() {
        return Ok(response.body(text));
    }
    let first = once(ready(Ok(Bytes::from(text))));
    Ok(response.streaming(first.chain(try_unfold(answer, Answer::next_chunk))))
}

/// An answer that is being written.
struct Answer<W> {
    app: Data<App>,
    pages: JobPages,
    write: W,
    has_jobs: bool,
    end: &'static str,
}

impl<W: Fn(&mut Vec<u8>, &Stored<Job>, &Links)> Answer<W> {
    fn is_done(&self) -> bool {
        matches!(self.pages, JobPages::Done)
    }

    async fn next_chunk(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        if self.is_done() {
            return Ok(None);
        }
        let mut text = Vec::new();
        self.write_page(&mut text).await?;
        Ok(Some((Bytes::from(text), self)))
    }

    async fn write_page(&mut self, out: &mut Vec<u8>) -> Result<(), ApiError> {
        let pages = std::mem::replace(&mut self.pages, JobPages::Done);
        let (jobs, rest) = pages.next(&self.app).await?;
        for job in jobs {
            if self.has_jobs {
                out.push(b',');
            }
            self.has_jobs = true;
            (self.write)(out, &job, &self.app.links);
        }
        self.pages = rest;
        if self.is_done() {
            out.extend_from_slice(self.end.as_bytes());
        }
        Ok(())
    }
}
