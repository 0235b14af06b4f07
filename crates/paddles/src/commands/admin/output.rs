//! What a command says: sentences for people, or a JSON object a line for programs.

use serde_json::Value;

use crate::commands::shown::shown;

/// How it is said. One of each command, so that all say it alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    is_json: bool,
}

impl Output {
    pub(super) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Says what is there, or what became of one thing: programs read `json`, people the sentence.
    pub(super) fn thing(self, json: &Value, sentence: impl FnOnce() -> String) {
        line(&if self.is_json { json.to_string() } else { sentence() });
    }

    /// Says how it went in all. Programs count themselves.
    pub(super) fn sum_up(self, sentence: &str) {
        if !self.is_json {
            line(sentence);
        }
    }
}

fn line(text: &str) {
    // Columns are parted by tabs.
    say!("{}", text.split('\t').map(shown).collect::<Vec<_>>().join("\t"));
}
