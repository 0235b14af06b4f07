//! Links to runs, jobs and logs.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use paddles_domain::{JobId, RunName};

/// What a path segment needs no escape for (RFC 3986, `pchar`): run names hold colons, and clients show links as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// Where a job's log can be read: a URL with `{run_name}` and `{job_id}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLinkTemplate(String);

/// A template that does not name the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a log link takes a URL with {{run_name}} and {{job_id}} in it")]
pub struct LogLinkTemplateError;

impl Default for LogLinkTemplate {
    /// The log server of Ceph's own lab, as in the service that labs know.
    fn default() -> Self {
        Self("http://qa-proxy.ceph.com/teuthology/{run_name}/{job_id}/teuthology.log".to_owned())
    }
}

impl std::str::FromStr for LogLinkTemplate {
    type Err = LogLinkTemplateError;

    fn from_str(text: &str) -> Result<Self, LogLinkTemplateError> {
        let names_the_job = text.contains("{run_name}") && text.contains("{job_id}");
        if names_the_job { Ok(Self(text.to_owned())) } else { Err(LogLinkTemplateError) }
    }
}

impl std::fmt::Display for LogLinkTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl LogLinkTemplate {
    fn link(&self, run: &str, job_id: &str) -> String {
        self.0.replace("{run_name}", run).replace("{job_id}", job_id)
    }
}

/// Makes links.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    address: String,
    job_log: LogLinkTemplate,
}

impl Links {
    pub(crate) fn new(address: &str, job_log: LogLinkTemplate) -> Self {
        Self { address: address.trim_end_matches('/').to_owned(), job_log }
    }

    pub(crate) fn run(&self, run: &RunName) -> String {
        // Put together by hand: a page of runs has one for each.
        [&*self.address, "/runs/", &*escape(run.as_str()), "/"].concat()
    }

    pub(crate) fn job(&self, run: &RunName, job_id: &JobId) -> String {
        format!("{}jobs/{}/", self.run(run), escape(job_id.as_str()))
    }

    /// The link to a job that the documentation of paddles shows.
    pub(crate) fn documented_job(&self, run: &RunName, job_id: &JobId) -> String {
        format!("{}{}/", self.run(run), escape(job_id.as_str()))
    }

    pub(crate) fn job_log(&self, run: &RunName, job_id: &JobId) -> String {
        self.job_log.link(&escape(run.as_str()), &escape(job_id.as_str()))
    }
}

fn escape(segment: &str) -> Cow<'_, str> {
    utf8_percent_encode(segment, SEGMENT).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_hold_names_as_path_segments() {
        fn check(run: &str, expected: &str) {
            let links = Links::new("http://paddles.example/", "http://logs/{run_name}/{job_id}/log".parse().unwrap());
            let (run, job) = (RunName::new(run).unwrap(), JobId::new("7").unwrap());
            assert_eq!(links.run(&run), format!("http://paddles.example/runs/{expected}/"));
            assert_eq!(links.job(&run, &job), format!("http://paddles.example/runs/{expected}/jobs/7/"));
            assert_eq!(links.documented_job(&run, &job), format!("http://paddles.example/runs/{expected}/7/"));
            assert_eq!(links.job_log(&run, &job), format!("http://logs/{expected}/7/log"));
        }
        check("teuthology-2013-09-25_23:00:06-rados:x", "teuthology-2013-09-25_23:00:06-rados:x");
        check("a b?c#d%41", "a%20b%3Fc%23d%2541");
        check("ü", "%C3%BC");
        assert_eq!("http://logs/".parse::<LogLinkTemplate>(), Err(LogLinkTemplateError));
    }
}
