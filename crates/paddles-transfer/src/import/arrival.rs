//! One run as its server shows it, with its jobs.

use std::collections::HashMap;

use paddles_domain::{Job, JobId, JobKey, Run, RunName, RunResults, Value, word_targets};
use paddles_repository::{JobsCopied, PlacedJob};
use serde_json::value::RawValue;

use super::copy::{Copy, ImportError, beginning};
use super::listing::readable;
use crate::records::{Members, ReadRun, RecordError, read_job, read_run};

/// Jobs of one transaction.
const AT_ONCE: usize = 256;

impl Copy<'_> {
    /// Takes in a run as its server shows it. When it was heard of last is told at the end: a copy that is broken off before finds
    /// that it differs, and fetches it again.
    pub(super) fn take_in(&mut self, name: &RunName, body: &[u8]) -> Result<(), ImportError> {
        let text = readable(body);
        let (read, mut jobs) = match self.read(name, &text) {
            Ok(read) => read,
            Err(error) => {
                self.leave_out(format!("{name}: {error}"));
                return Ok(());
            }
        };
        // A run that was asked for by its name is seen only now.
        if !self.selection.takes(&read.run) {
            self.progress.say(&format!("{name} is not of the suite, branch or day that was asked for"));
            return Ok(());
        }
        read.tell().for_each(|sentence| self.leave_out(sentence));
        // Rows have the order in which jobs were posted.
        jobs.sort_by_key(|placed| placed.job.posted);
        self.count_correction(&read, &jobs);
        let begun = self.lab.run_import(&[Run { updated: None, ..read.run.clone() }])?;
        for some in jobs.chunks(AT_ONCE) {
            match self.lab.job_import(some)? {
                JobsCopied::Copied(copied) => self.imported.taken.jobs += copied,
                JobsCopied::UnknownRun(name) => {
                    self.leave_out(format!("{name}: it was deleted here while its jobs came"));
                    return Ok(());
                }
            }
        }
        let ended = self.lab.run_import(&[read.run])?;
        self.imported.taken.runs += if begun.added + begun.changed > 0 { begun } else { ended };
        Ok(())
    }

    fn read(&mut self, name: &RunName, text: &[u8]) -> Result<(ReadRun, Vec<PlacedJob>), RecordError> {
        let whole: &RawValue = serde_json::from_slice(text)?;
        let members = Members::of(whole)?;
        let mut read = read_run(&members)?;
        read.run.name = name.clone();
        let shown: Vec<&RawValue> =
            members.get("jobs").map(|json| serde_json::from_str(json.get())).transpose()?.unwrap_or_default();
        let mut jobs: Vec<PlacedJob> = Vec::with_capacity(shown.len());
        let mut times_seen: HashMap<String, u32> = HashMap::new();
        for json in shown {
            match Members::of(json).and_then(|members| read_job(name, &members)) {
                Ok(read) => {
                    read.tell().for_each(|sentence| self.leave_out(sentence));
                    let placed = read.placed;
                    *times_seen.entry(placed.job.job_id.to_string()).or_default() += 1;
                    self.tell_of_words(&placed.job);
                    jobs.push(placed);
                }
                Err(error) => self.leave_out(format!("{name}: a job {}: {error}", beginning(json.get()))),
            }
        }
        for (job_id, times) in times_seen.into_iter().filter(|(_, times)| *times > 1) {
            self.leave_out(format!("{name}: job {job_id} is there {times} times; the one heard of last counts"));
        }
        Ok((read, jobs))
    }

    /// A server links no job to a node that it could not show; neither does the copy.
    fn tell_of_words(&mut self, job: &Job) {
        let Some(Value::Document(targets)) = job.values.get(JobKey::Targets) else { return };
        for target in word_targets(targets) {
            self.leave_out(format!(
                "{}/{} comes without its node of {target}: no node is called so",
                job.run, job.job_id
            ));
        }
    }

    fn count_correction(&mut self, read: &ReadRun, jobs: &[PlacedJob]) {
        let mut last: HashMap<&JobId, &Job> = HashMap::new();
        for PlacedJob { job, .. } in jobs {
            let known = last.entry(&job.job_id).or_insert(job);
            if known.updated <= job.updated {
                *known = job;
            }
        }
        let mut results = RunResults::default();
        for job in last.values() {
            results.add(job.status);
        }
        if read.status.is_some_and(|status| status != results.run_status()) {
            self.imported.corrected += 1;
        }
    }
}
