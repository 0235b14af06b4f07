//! The examples of docs/API.md, run from top to bottom: a page that is not true fails.

use paddles_diesel::testing::TestDatabase;
use serde_json::Value;

use crate::service::Service;

const PAGE: &str = include_str!("../../../../docs/API.md");

/// Times of the examples that are not now.
const FIXED: &str = "2026-03-01 20:24:03";

/// A request, and what the page says that it answers.
struct Example {
    method: String,
    path: String,
    body: String,
    status: u16,
    answer: String,
}

fn examples() -> Vec<Example> {
    let blocks = PAGE.split("```http\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks
        .map(|block| {
            let (request, answer) = block.split_once("\n\n").expect("a blank line before the answer");
            let (line, body) = request.split_once('\n').unwrap_or((request, ""));
            let (method, path) = line.split_once(' ').expect("a method and a path");
            let (status, answer) = answer.trim().split_once(' ').unwrap_or((answer.trim(), ""));
            Example {
                method: method.to_owned(),
                path: path.to_owned(),
                body: body.to_owned(),
                status: status.parse().expect("a status"),
                answer: answer.to_owned(),
            }
        })
        .collect()
}

/// Times are different each time that the examples run.
fn without_times(value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_time = text.len() >= 19 && text.as_bytes()[10] == b' ' && text.as_bytes()[13] == b':';
            if is_time && text != FIXED {
                "a time".clone_into(text);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_times),
        Value::Object(members) => members.values_mut().for_each(without_times),
        _ => {}
    }
}

fn json(text: &str) -> Value {
    let mut value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    without_times(&mut value);
    value
}

#[test]
fn every_example_is_true() {
    let database = TestDatabase::sqlite();
    let settings = [("PADDLES_ADDRESS", "http://paddles.example"), ("PADDLES_ADMISSION", "documented")];
    let service = Service::start_with(&database, &settings);
    let examples = examples();
    assert!(examples.len() > 50, "only {} examples were found", examples.len());
    for example in examples {
        let Example { method, path, body, status, answer } = example;
        let given = service.client().send(&method, &path, &body).expect("an answer");
        assert_eq!(given.status, status, "{method} {path}: {}", given.text());
        match given.headers.get("location") {
            Some(location) => assert_eq!(location, &answer, "{method} {path}"),
            None => assert_eq!(json(&given.text()), json(&answer), "{method} {path}"),
        }
    }
}

/// Every path of the table of routes stands on the page, whatever its parameters are called there.
#[test]
fn no_endpoint_is_left_out() {
    let routes = include_str!("../../../paddles-http/src/routes.rs");
    let paths = routes.split('"').filter(|text| text.starts_with('/') && text.ends_with('/'));
    let mut count = 0;
    for path in paths {
        count += 1;
        let path = path.split("{filters").next().unwrap();
        let words = path.split('/').map(|word| word.split('{').next().unwrap()).filter(|word| !word.is_empty());
        for word in words {
            assert!(PAGE.contains(word), "{path} is not on the page");
        }
    }
    assert!(count > 25, "only {count} paths were found");
}
