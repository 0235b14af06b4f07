//! How this lab's reports are read and its runs shown.

use std::fmt::Display;

use paddles_domain::{Admission, LabZone};
use paddles_http::{LogLinkTemplate, RunsView};
use paddles_repository::LARGEST_PAGE;
use serde::Deserialize;

use super::Variables;
use super::setting::{Setting, SettingError, parse, setting};

#[derive(Default, Deserialize)]
struct Given {
    admission: Option<String>,
    timezone: Option<String>,
    job_log_href_templ: Option<String>,
    default_latest_runs_count: Option<String>,
    default_runs_view: Option<String>,
}

/// The settings of the lab.
#[derive(Debug)]
pub(crate) struct LabSettings {
    pub(crate) admission: Setting<Admission>,
    pub(crate) timezone: Setting<LabZone>,
    pub(crate) job_log_href_templ: Setting<LogLinkTemplate>,
    pub(crate) default_latest_runs_count: Setting<u32>,
    pub(crate) default_runs_view: Setting<RunsView>,
}

impl LabSettings {
    pub(super) fn read(variables: &Variables) -> Result<Self, SettingError> {
        let given: Given = variables.given();
        let any_count = format!("a whole number from 1 to {LARGEST_PAGE}");
        let zone = "a name of the IANA database, like UTC or America/New_York";
        let log_link = "a URL with {run_name} and {job_id} in it";
        let view = RunsView::default();
        Ok(Self {
            admission: setting("ADMISSION", given.admission, Admission::default(), "documented or deployed", parse)?,
            timezone: setting("TIMEZONE", given.timezone, LabZone::default(), zone, parse)?,
            job_log_href_templ: setting(
                "JOB_LOG_HREF_TEMPL",
                given.job_log_href_templ,
                LogLinkTemplate::default(),
                log_link,
                parse,
            )?,
            default_latest_runs_count: setting(
                "DEFAULT_LATEST_RUNS_COUNT",
                given.default_latest_runs_count,
                100,
                &any_count,
                |text| parse(text).filter(|count| (1..=LARGEST_PAGE).contains(count)),
            )?,
            default_runs_view: setting("DEFAULT_RUNS_VIEW", given.default_runs_view, view, "full or summary", parse)?,
        })
    }

    pub(super) fn all(&self) -> Vec<&dyn Display> {
        vec![
            &self.admission,
            &self.timezone,
            &self.job_log_href_templ,
            &self.default_latest_runs_count,
            &self.default_runs_view,
        ]
    }
}
