//! Queues of jobs, and their pauses.

use std::fmt;

use chrono::Duration;
use serde_json::value::RawValue;

use crate::names::{check_name, fits_index};
use crate::value::read_text;
use crate::{FieldError, NameError, Timestamp, normalise_key};

/// The name of a queue: mostly a machine type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(String);

impl QueueName {
    /// The name `text`, if it is one.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        check_name("queue", &text)?;
        Ok(Self(text))
    }

    /// A name that a database kept. It was checked when it came, or came before there were checks.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A queue, from which dispatchers take jobs unless it is paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// What it is called; no two queues share a name.
    pub name: QueueName,
    /// Who paused it last.
    pub paused_by: Option<String>,
    /// Since when.
    pub paused_since: Option<Timestamp>,
    /// For how many seconds.
    pub pause_duration: Option<i32>,
    /// Until when: the queue is paused while this lies ahead.
    pub paused_until: Option<Timestamp>,
}

impl Queue {
    /// A queue that is not paused.
    pub fn new(name: QueueName) -> Self {
        Self { name, paused_by: None, paused_since: None, pause_duration: None, paused_until: None }
    }

    /// Whether no job may be taken now.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }
}

/// What a request wants to change about a queue; the inner `None` is null.
///
/// ```
/// use paddles_domain::{Queue, QueueName, QueuePatch, Timestamp};
///
/// let now: Timestamp = "2020-01-02 03:04:05".parse()?;
/// let pause = QueuePatch { pause_seconds: Some(60.0), paused_by: Some(Some("me".into())), ..QueuePatch::default() };
/// let paused = pause.update(&Queue::new(QueueName::new("smithi")?), now)?;
/// assert!(paused.is_paused(now));
/// assert!(pause.update(&paused, now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueuePatch {
    /// Who pauses it.
    pub paused_by: Option<Option<String>>,
    /// Since when it is paused.
    pub paused_since: Option<Option<Timestamp>>,
    /// Until when it is paused.
    pub paused_until: Option<Option<Timestamp>>,
    /// For how many seconds from now it is paused.
    pub pause_seconds: Option<f64>,
}

/// Why a queue is not paused. The sentences are those of the deployed server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PauseRefused {
    /// It is paused already.
    #[error("Cannot pause an already-paused queue")]
    AlreadyPaused,
    /// Nobody is said to pause it.
    #[error("Cannot pause without specifying paused_by")]
    NoOwner,
}

impl QueuePatch {
    /// Reads a patch from the members of a JSON object. Unknown keys are ignored.
    pub fn read<'a>(fields: impl Iterator<Item = (&'a str, &'a RawValue)>) -> Result<Self, FieldError> {
        let mut patch = Self::default();
        for (key, json) in fields {
            let json = json.get();
            match &*normalise_key(key) {
                "paused_by" => patch.paused_by = Some(owner(json)?),
                "paused_since" => patch.paused_since = Some(time("paused_since", json)?),
                "paused_until" => patch.paused_until = Some(time("paused_until", json)?),
                "pause_duration" => patch.pause_seconds = seconds(json)?,
                _ => {}
            }
        }
        Ok(patch)
    }

    /// The queue as the patch leaves it, or why the rules of pausing refuse that.
    pub fn update(&self, before: &Queue, now: Timestamp) -> Result<Queue, PauseRefused> {
        let mut queue = before.clone();
        if let Some(paused_by) = &self.paused_by {
            queue.paused_by.clone_from(paused_by);
        }
        if let Some(since) = self.paused_since {
            queue.paused_since = since;
        }
        if let Some(until) = self.paused_until {
            queue.paused_until = until;
        }
        if let Some(seconds) = self.pause_seconds {
            let owner = self.paused_by.as_ref().and_then(Option::as_deref);
            if before.is_paused(now) {
                return Err(PauseRefused::AlreadyPaused);
            }
            if owner.is_none_or(str::is_empty) {
                return Err(PauseRefused::NoOwner);
            }
            #[allow(clippy::cast_possible_truncation, reason = "checked to be in range when it was read")]
            let (whole, micros) = (seconds.round() as i32, (seconds * 1e6).round() as i64);
            queue.paused_since = Some(now);
            queue.pause_duration = Some(whole);
            queue.paused_until = Some(Timestamp::from_utc(now.to_utc() + Duration::microseconds(micros)));
        }
        Ok(queue)
    }
}

fn owner(json: &str) -> Result<Option<String>, FieldError> {
    let error = FieldError { key: "paused_by", takes: "text of at most 1024 characters or null" };
    if json == "null" {
        return Ok(None);
    }
    read_text(json).filter(|text| fits_index(text)).map(Some).ok_or(error)
}

fn time(key: &'static str, json: &str) -> Result<Option<Timestamp>, FieldError> {
    let error = FieldError { key, takes: "a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null" };
    if json == "null" {
        return Ok(None);
    }
    read_text(json).and_then(|text| text.parse().ok()).map(Some).ok_or(error)
}

/// Seconds as a number or as text, as far as 32 bits count them.
fn seconds(json: &str) -> Result<Option<f64>, FieldError> {
    let error = FieldError { key: "pause_duration", takes: "a number of seconds, at most 2147483647, or null" };
    if json == "null" {
        return Ok(None);
    }
    let seconds: Option<f64> = read_text(json).and_then(|text| text.trim().parse().ok());
    let limit = f64::from(i32::MAX);
    seconds.filter(|seconds| (-limit..=limit).contains(seconds)).map(Some).ok_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u32) -> Timestamp {
        format!("2020-01-02 03:04:{second:02}").parse().unwrap()
    }

    fn read(json: &str) -> Result<QueuePatch, FieldError> {
        let fields: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
        QueuePatch::read(fields.iter().map(|(key, json)| (key.as_str(), &**json)))
    }

    fn queue() -> Queue {
        Queue::new(QueueName::new("smithi").unwrap())
    }

    #[test]
    fn pausing_has_its_rules() {
        fn check(before: &Queue, patch: &str, paused_until: Result<Option<&str>, PauseRefused>) {
            let until = read(patch).unwrap().update(before, at(10)).map(|queue| queue.paused_until);
            let expected = paused_until.map(|until| until.map(|time| time.parse().unwrap()));
            assert_eq!(until, expected, "{patch}");
        }
        let paused = read(r#"{"pause_duration": "60", "paused_by": "me"}"#).unwrap().update(&queue(), at(0)).unwrap();
        let fraction = r#"{"pause_duration": 1.5, "paused_by": "me"}"#;
        check(&queue(), fraction, Ok(Some("2020-01-02 03:04:11.5")));
        check(&queue(), r#"{"pause_duration": 300}"#, Err(PauseRefused::NoOwner));
        check(&queue(), r#"{"pause_duration": 300, "paused_by": ""}"#, Err(PauseRefused::NoOwner));
        check(&paused, r#"{"pause_duration": 0, "paused_by": "you"}"#, Err(PauseRefused::AlreadyPaused));
        check(&paused, r#"{"paused_by": "you"}"#, Ok(Some("2020-01-02 03:05:00")));
        check(&paused, r#"{"paused_until": null}"#, Ok(None));
        check(&queue(), r#"{"paused_until": "2020-01-03 00:00:00"}"#, Ok(Some("2020-01-03 00:00:00")));
    }

    #[test]
    fn a_pause_ends_by_itself() {
        let paused = read(r#"{"pause_duration": 10, "paused_by": "me"}"#).unwrap().update(&queue(), at(0)).unwrap();
        assert!(paused.is_paused(at(9)));
        assert!(!paused.is_paused(at(10)));
        assert!(!queue().is_paused(at(0)));
    }

    #[test]
    fn values_that_a_key_does_not_take_are_named() {
        fn check(patch: &str, sentence: &str) {
            assert_eq!(read(patch).unwrap_err().to_string(), sentence);
        }
        let seconds = "pause_duration takes a number of seconds, at most 2147483647, or null";
        check(r#"{"pause_duration": "soon"}"#, seconds);
        check(r#"{"pause_duration": "inf"}"#, seconds);
        check(r#"{"pause_duration": 1e300}"#, seconds);
        check(
            r#"{"paused_until": "tomorrow"}"#,
            "paused_until takes a time of the form YYYY-MM-DD HH:MM:SS[.ffffff] or null",
        );
        check(r#"{"paused_by": []}"#, "paused_by takes text of at most 1024 characters or null");
    }
}
