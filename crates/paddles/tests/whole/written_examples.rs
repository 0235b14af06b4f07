//! The examples in the documentation, as they are written there.

use serde_json::Value;

/// A request and what it answers, from a block of docs/API.md.
pub(crate) struct Example {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: &'static str,
    pub(crate) status: u16,
    /// JSON, or of a redirection its location.
    pub(crate) answer: &'static str,
}

/// Every block of `text` that is marked as `http`, in order.
pub(crate) fn http_examples(text: &'static str) -> Vec<Example> {
    let blocks = text.split("```http\n").skip(1);
    blocks.map(|block| parse(block.split_once("```").expect("a block ends").0)).collect()
}

/// `text` without those blocks.
pub(crate) fn prose(text: &str) -> String {
    let mut pieces = text.split("```http\n");
    let before = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(before, |prose, block| prose + block.split_once("```").expect("a block ends").1)
}

fn parse(block: &'static str) -> Example {
    let (request, answer) = block.split_once("\n\n").expect("a blank line before the answer");
    let (line, body) = request.split_once('\n').unwrap_or((request, ""));
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let (status, answer) = answer.split_once(' ').expect("a status and an answer");
    Example { method, path, body, status: status.parse().expect("a status"), answer: answer.trim_end() }
}

/// Puts one word for all times but those that the examples choose themselves: they differ with every run.
pub(crate) fn mask_times(json: &mut Value) {
    match json {
        Value::String(text) if is_time(text) && text != "2026-03-01 20:24:03" => "TIME".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(mask_times),
        Value::Object(members) => members.values_mut().for_each(mask_times),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether it is `YYYY-MM-DD HH:MM:SS`, perhaps with a fraction of six digits.
fn is_time(text: &str) -> bool {
    let form: String = text.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    ["0000-00-00 00:00:00", "0000-00-00 00:00:00.000000"].contains(&form.as_str())
}
