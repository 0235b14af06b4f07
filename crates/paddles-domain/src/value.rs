//! Values of a job's keys, and how leniently a report's JSON is read as one.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::names::{INDEXED_TEXT_CHARS, fits_index};
use crate::timestamp::parse_name_time;
use crate::{JobKey, Kind, Timestamp};

/// A JSON document that is kept as it came: text that was checked once and is never rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Document(Box<str>);

impl Document {
    /// The document in `json`, or `None` for JSON's null.
    pub fn new(json: &RawValue) -> Option<Self> {
        Self::from_stored(json.get())
    }

    /// The document in `json`, which a database kept and which was checked when it came; `None` for JSON's null.
    pub fn from_stored(json: impl Into<Box<str>>) -> Option<Self> {
        let json = json.into();
        if &*json == "null" { None } else { Some(Self(json)) }
    }

    /// The document as JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// The value of a [`JobKey`]; absent values are `None` of an `Option<Value>`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Value {
    /// Of [`Kind::Text`] and [`Kind::IndexedText`].
    Text(String),
    /// Of [`Kind::Integer`].
    Integer(i32),
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Document`] and [`Kind::Targets`].
    Document(Document),
    /// Of [`Kind::NameTime`]: a time as it was sent, in no zone.
    Time(Timestamp),
}

/// A value that a key does not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} takes {takes}")]
pub struct FieldError {
    /// The key, normalised.
    pub key: &'static str,
    /// What it takes, in words.
    pub takes: &'static str,
}

impl Kind {
    /// What a value of this kind is, in words.
    fn takes(self) -> &'static str {
        match self {
            Self::Text => "text without NUL characters, a number or null",
            Self::IndexedText => {
                const { assert!(INDEXED_TEXT_CHARS == 1_024) }
                "text of at most 1024 characters without NUL characters, a number or null"
            }
            Self::Integer => "a number from -2147483648 to 2147483647 or null",
            Self::Boolean => "true, false, 0, 1 or null",
            Self::Document => "any JSON",
            Self::Targets => {
                const { assert!(MOST_TARGETS == 1_000) }
                "an object of at most 1000 hosts or null"
            }
            Self::NameTime => "a time of the form YYYY-MM-DD_HH:MM:SS or null",
        }
    }
}

impl JobKey {
    /// Reads `json` as a value of this key; `None` is null.
    pub fn read(self, json: &RawValue) -> Result<Option<Value>, FieldError> {
        let json = json.get();
        if json == "null" {
            return Ok(None);
        }
        let value = match self.kind() {
            Kind::Text => read_text(json).map(Value::Text),
            Kind::IndexedText => read_text(json).filter(|text| fits_index(text)).map(Value::Text),
            Kind::Integer => read_integer(json).map(Value::Integer),
            Kind::Boolean => read_boolean(json).map(Value::Boolean),
            Kind::Document => Document::from_stored(json).map(Value::Document),
            Kind::Targets => Document::from_stored(json).filter(|_| are_targets(json)).map(Value::Document),
            Kind::NameTime => read_text(json)
                .and_then(|text| parse_name_time(&text))
                .map(|time| Value::Time(Timestamp::from_utc(time))),
        };
        value.map(Some).ok_or(FieldError { key: self.name(), takes: self.kind().takes() })
    }
}

/// More hosts than any job has: each becomes a node, and a value of one statement.
const MOST_TARGETS: usize = 1_000;

fn are_targets(json: &str) -> bool {
    // What is too short for so many needs no look: `"":0,` for each.
    let may_be_many = json.len() > MOST_TARGETS * 5;
    let count = || serde_json::from_str::<BTreeMap<String, &RawValue>>(json).map_or(usize::MAX, |hosts| hosts.len());
    json.starts_with('{') && (!may_be_many || count() <= MOST_TARGETS)
}

/// Text, or a number or truth value as it was written: reporters send `pid` and `os_version` as numbers.
pub(crate) fn read_text(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok().filter(|text: &String| !text.contains('\0')),
        b'{' | b'[' | b'n' => None,
        _ => Some(json.to_owned()),
    }
}

/// A number, or text that is one. Fractions are rounded, halves away from zero: teuthology sends every duration with one.
fn read_integer(json: &str) -> Option<i32> {
    let text;
    let digits = if json.starts_with('"') {
        text = serde_json::from_str::<String>(json).ok()?;
        text.trim()
    } else {
        json
    };
    if let Ok(whole) = digits.parse::<i32>() {
        return Some(whole);
    }
    let rounded = digits.parse::<f64>().ok()?.round();
    let in_range = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&rounded);
    #[allow(clippy::cast_possible_truncation, reason = "a whole number in range")]
    in_range.then_some(rounded as i32)
}

/// A truth value, also written as 0 or 1.
pub(crate) fn read_boolean(json: &str) -> Option<bool> {
    match json {
        "true" | "1" | "1.0" => Some(true),
        "false" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: JobKey, json: &str) -> Result<Option<Value>, FieldError> {
        key.read(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn values_are_read_leniently() {
        fn check(key: JobKey, json: &str, expected: impl Into<Option<Value>>) {
            assert_eq!(read(key, json).unwrap(), expected.into(), "{key:?} {json}");
        }
        let text = |text: &str| Value::Text(text.to_owned());
        check(JobKey::Owner, r#""me\u00fc""#, text("meü"));
        check(JobKey::Pid, "123", text("123"));
        check(JobKey::OsVersion, "22.04", text("22.04"));
        check(JobKey::FailureReason, "true", text("true"));
        check(JobKey::Owner, "null", None);
        let long = "o".repeat(100_000);
        check(JobKey::Owner, &format!("\"{long}\""), text(&long));
        check(JobKey::Duration, "1234.56", Value::Integer(1235));
        check(JobKey::Duration, "1.5", Value::Integer(2));
        check(JobKey::Duration, "2.5", Value::Integer(3));
        check(JobKey::Duration, "-2.5", Value::Integer(-3));
        check(JobKey::Seed, r#""77""#, Value::Integer(77));
        check(JobKey::Seed, r#"" 3.7 ""#, Value::Integer(4));
        check(JobKey::Priority, "1e3", Value::Integer(1000));
        check(JobKey::Priority, "-2147483648", Value::Integer(i32::MIN));
        check(JobKey::Success, "0", Value::Boolean(false));
        check(JobKey::Verbose, "true", Value::Boolean(true));
        check(JobKey::Roles, r#"["a", 1.50]"#, Document::from_stored(r#"["a", 1.50]"#).map(Value::Document));
        check(JobKey::Tasks, "null", None);
        check(
            JobKey::Targets,
            r#"{"ubuntu@a": null}"#,
            Document::from_stored(r#"{"ubuntu@a": null}"#).map(Value::Document),
        );
        check(JobKey::Timestamp, r#""2014-3-1_1:2:3""#, Value::Time("2014-03-01 01:02:03".parse().unwrap()));
    }

    #[test]
    fn what_is_left_is_refused_by_name() {
        fn check(key: JobKey, json: &str, message: &str) {
            assert_eq!(read(key, json).unwrap_err().to_string(), message, "{json}");
        }
        check(JobKey::Owner, "{}", "owner takes text without NUL characters, a number or null");
        check(JobKey::Owner, r#""a\u0000b""#, "owner takes text without NUL characters, a number or null");
        let too_long = format!("\"{}\"", "b".repeat(2_000));
        let takes_short_text = "branch takes text of at most 1024 characters without NUL characters, a number or null";
        check(JobKey::Branch, &too_long, takes_short_text);
        let takes_number = "priority takes a number from -2147483648 to 2147483647 or null";
        check(JobKey::Priority, "2147483648", takes_number);
        check(JobKey::Priority, "1e99", takes_number);
        check(JobKey::Priority, r#""high""#, takes_number);
        check(JobKey::Priority, r#""inf""#, takes_number);
        check(JobKey::Priority, r#""NaN""#, takes_number);
        check(JobKey::Priority, "true", takes_number);
        check(JobKey::Success, r#""yes""#, "success takes true, false, 0, 1 or null");
        check(JobKey::Verbose, "2", "verbose takes true, false, 0, 1 or null");
        check(JobKey::Targets, r#"["a"]"#, "targets takes an object of at most 1000 hosts or null");
        let hosts = |count: usize| {
            let hosts: Vec<String> = (0..count).map(|host| format!("\"host{host}\": null")).collect();
            format!("{{{}}}", hosts.join(","))
        };
        assert!(read(JobKey::Targets, &hosts(1_000)).is_ok());
        check(JobKey::Targets, &hosts(1_001), "targets takes an object of at most 1000 hosts or null");
        let takes_time = "timestamp takes a time of the form YYYY-MM-DD_HH:MM:SS or null";
        check(JobKey::Timestamp, r#""2014-03-31 21:25:43""#, takes_time);
        check(JobKey::Timestamp, r#""2014-02-31_21:25:43""#, takes_time);
    }
}
