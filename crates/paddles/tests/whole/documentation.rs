//! What the documentation shows is what happens.

use std::collections::BTreeSet;
use std::process::Command;

use paddles_diesel::testing::TestDatabase;
use serde_json::Value;
use ureq::http::header::LOCATION;

use crate::optional::installed;
use crate::program::run;
use crate::service::Service;
use crate::written_examples::{Example, http_examples, mask_times, prose};

const API: &str = include_str!("../../../../docs/API.md");
const README: &str = include_str!("../../../../README.md");

fn start(database: &TestDatabase) -> Service {
    let settings = [("PADDLES_ADDRESS", "http://paddles.example"), ("PADDLES_ADMISSION", "documented")];
    Service::start_with(database, &settings)
}

fn check(service: &Service, example: &Example) {
    let Example { method, path, .. } = example;
    let answer = service.client().send(method, path, example.body).unwrap();
    assert_eq!(answer.status, example.status, "{method} {path}: {}", answer.text());
    if let Some(location) = answer.headers.get(LOCATION) {
        assert_eq!(location, example.answer, "{method} {path}");
        return;
    }
    let mut written: Value = serde_json::from_str(example.answer).unwrap();
    let mut answered = answer.json();
    mask_times(&mut written);
    mask_times(&mut answered);
    assert_eq!(answered, written, "{method} {path}");
}

fn examples_of_the_api_are_true(database: &TestDatabase) {
    let service = start(database);
    let examples = http_examples(API);
    for example in &examples {
        check(&service, example);
    }

    let prose = prose(API);
    let described = service.client().read("/openapi.json");
    let mut missing = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let is_shown = examples.iter().any(|example| example.method == method && leads_to(path, example.path));
            if !is_shown && !is_named(&prose, &method, path) {
                missing.insert(format!("{method} {path}"));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "docs/API.md names no such endpoints, which are served");
}

/// Whether the template of a path, like `/runs/{name}/`, has room for a path.
fn leads_to(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (wanted, given): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(wanted, given): (&&str, &&str)| wanted == given || wanted.starts_with('{') && !given.is_empty();
    wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
}

/// Whether a line of the text has both; filters are named by their word alone, in one sentence.
fn is_named(prose: &str, method: &str, path: &str) -> bool {
    let (_, words) = prose.split_once("WORD is ").unwrap();
    let (words, _) = words.split_once(").").unwrap();
    if let Some(rest) = path.strip_prefix("/runs/")
        && let Some(word) = rest.split('/').next().filter(|word| words.contains(&format!("`{word}`")))
    {
        return !word.is_empty();
    }
    let (alone, behind_method) = (format!("`{path}`"), format!(" {path}`"));
    let names_path = |line: &str| line.contains(&alone) || line.contains(&behind_method);
    prose.lines().any(|line| line.contains(method) && names_path(line))
}

/// The commands under "Talk to it" in the README, and the line that each is shown to print.
fn commands() -> (String, String) {
    let (_, section) = README.split_once("## Talk to it").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let shown = section.lines().filter_map(|line| line.strip_prefix("    "));
    let (commands, printed): (Vec<_>, Vec<_>) =
        shown.partition(|line| line.starts_with("curl ") || line.starts_with("run="));
    (commands.join("; echo; "), printed.join("\n"))
}

fn the_readme_talks_to_it(database: &TestDatabase) {
    if !installed("curl", "the commands of the README") {
        return;
    }
    let service = start(database);
    let (commands, printed) = commands();
    let commands = commands.replace("127.0.0.1:8080", service.address());
    let ended = run(Command::new("sh").args(["-c", &commands]));
    let printed_now: Vec<&str> = ended.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(printed_now.join("\n"), printed, "{}", ended.stderr);
}

on_both_databases!(examples_of_the_api_are_true, the_readme_talks_to_it);
