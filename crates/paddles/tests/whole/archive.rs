//! An archive as teuthology leaves it on disk: a folder for each run, in it one for each job, in it its files.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::generated_job::generated_job;

/// How many jobs each run has.
pub(crate) const JOBS: usize = 40;

/// When the logs that exist were last written: 2026-03-02 05:06:07 UTC.
const LOG_WRITTEN: Duration = Duration::from_secs(1_772_427_967);
pub(crate) const LOG_WRITTEN_TEXT: &str = "2026-03-02 05:06:07";

/// How a job ended, or that it did not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    Pass,
    Fail,
    /// With nothing but a reason.
    Dead,
    Running,
    /// Of old versions: `success` without `status`.
    OnlySuccess(bool),
}

/// A run of the archive.
pub(crate) struct ArchivedRun {
    pub(crate) name: &'static str,
    pub(crate) scheduled: &'static str,
    pub(crate) status: &'static str,
    /// The outcomes of its jobs, over and over.
    outcomes: &'static [Outcome],
}

pub(crate) const RUNS: [ArchivedRun; 3] = [
    ArchivedRun {
        name: "teuthology-2026-03-01_20:24:03-rados-main-distro-default-smithi",
        scheduled: "2026-03-01 20:24:03",
        status: "running",
        outcomes: &[Outcome::Pass, Outcome::Fail, Outcome::Dead, Outcome::Running, Outcome::OnlySuccess(true)],
    },
    ArchivedRun {
        name: "teuthology-2026-03-01_21:00:05-rados-main-distro-default-smithi",
        scheduled: "2026-03-01 21:00:05",
        status: "finished pass",
        outcomes: &[Outcome::Pass, Outcome::OnlySuccess(true)],
    },
    ArchivedRun {
        name: "teuthology-2026-03-02_02:01:02-rados-main-distro-default-smithi",
        scheduled: "2026-03-02 02:01:02",
        status: "finished fail",
        outcomes: &[Outcome::Pass, Outcome::Dead, Outcome::OnlySuccess(false)],
    },
];

impl ArchivedRun {
    pub(crate) fn outcome(&self, number: usize) -> Outcome {
        self.outcomes[number % self.outcomes.len()]
    }

    /// The configuration of a job: 4 to 12 KB of JSON.
    pub(crate) fn job(&self, number: usize) -> Value {
        generated_job(self.name, number, 1 + number % 9)
    }

    /// Whether there is a log, whose time becomes that of the job's last change.
    pub(crate) fn has_log(number: usize) -> bool {
        number.is_multiple_of(3)
    }
}

impl Outcome {
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::Pass | Self::OnlySuccess(true) => "pass",
            Self::Fail | Self::OnlySuccess(false) => "fail",
            Self::Dead => "dead",
            Self::Running => "running",
        }
    }

    pub(crate) fn failure_reason(self) -> Option<&'static str> {
        match self {
            Self::Fail => Some("Command failed on smithi001 with status 1: 'sudo \"ceph\" osd dump'\n"),
            Self::Dead => Some("hit max job timeout"),
            Self::Pass | Self::Running | Self::OnlySuccess(_) => None,
        }
    }

    /// What summary.yaml says, if there is one.
    fn summary(self) -> Option<Value> {
        match self {
            Self::Pass => Some(json!({ "status": "pass", "success": true, "duration": 1_234.5 })),
            Self::Fail => {
                let reason = self.failure_reason();
                Some(json!({ "status": "fail", "success": false, "duration": 77.25, "failure_reason": reason }))
            }
            Self::Dead => Some(json!({ "status": "dead", "failure_reason": self.failure_reason() })),
            Self::Running => None,
            Self::OnlySuccess(success) => Some(json!({ "success": success, "duration": 60.0 })),
        }
    }
}

/// Writes the archive into `folder`. JSON is YAML, and the client reads these files as YAML.
pub(crate) fn write_archive(folder: &Path) {
    for run in RUNS {
        for number in 0..JOBS {
            let job = run.job(number);
            let place = folder.join(run.name).join(job["job_id"].as_str().unwrap());
            fs::create_dir_all(&place).unwrap();
            write_job(&place, job, run.outcome(number));
            if ArchivedRun::has_log(number) {
                let log = File::create(place.join("teuthology.log")).unwrap();
                log.set_modified(UNIX_EPOCH + LOG_WRITTEN).unwrap();
            }
        }
        // The client passes over what is no job.
        fs::write(folder.join(run.name).join("results.log"), "pass: 1\n").unwrap();
    }
}

/// Later files overrule earlier ones, as a job's state goes on.
fn write_job(place: &Path, mut config: Value, outcome: Outcome) {
    let write = |name: &str, content: &Value| fs::write(place.join(name), content.to_string()).unwrap();
    let take = |config: &mut Value, keys: &[&str]| -> Map<String, Value> {
        let object = config.as_object_mut().unwrap();
        keys.iter().filter_map(|key| object.remove_entry(*key)).collect()
    };
    let mut info = take(&mut config, &["pid", "owner", "description"]);
    info.insert("archive_path".to_owned(), json!(place));
    let targets = take(&mut config, &["targets"]);
    config["status"] = json!("queued");
    config["timestamp"] = json!("2026-03-01_20:24:03");
    write("orig.config.yaml", &config);
    write("config.yaml", &json!({ "targets": targets["targets"], "status": "running" }));
    write("info.yaml", &Value::Object(info));
    match outcome {
        // Nothing overrules the configuration's status, so an archive of that age has none.
        Outcome::OnlySuccess(_) => {
            take(&mut config, &["status"]);
            write("orig.config.yaml", &config);
            write("config.yaml", &json!(targets));
        }
        Outcome::Pass | Outcome::Fail | Outcome::Dead | Outcome::Running => {}
    }
    if let Some(summary) = outcome.summary() {
        write("summary.yaml", &summary);
    }
}
