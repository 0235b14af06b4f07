//! Names of runs, nodes and queues, ids of jobs, and the links that hold them.

use paddles_domain::{INDEXED_TEXT_BYTES, INDEXED_TEXT_CHARS, JobId, LabZone, NodeName, QueueName, RunName};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::{can_be_stored, zones};

/// Reads `input` as each of them.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Some(node) = NodeName::of_target(text) {
        check_name(node.as_str());
    }
    if let Ok(queue) = QueueName::new(text) {
        assert_eq!(queue.as_str(), text);
        assert!(fits_index(text));
    }
    let Ok(name) = RunName::new(text) else {
        assert!(text.is_empty() || text.contains(['/', '\0']) || text == "." || text == ".." || !fits_index(text));
        return;
    };
    assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
    check_name(text);
    check_id(&name, text);
    for zone in zones() {
        check_parts(&name, zone);
    }
}

fn fits_index(text: &str) -> bool {
    text.len() <= INDEXED_TEXT_BYTES && text.chars().count() <= INDEXED_TEXT_CHARS && !text.contains('\0')
}

/// One segment of a path, and short enough for an index.
fn check_name(name: &str) {
    assert!(fits_index(name) && !name.is_empty() && !name.contains('/') && name != "." && name != "..");
}

/// What is an id in a path is one in a report, and the link to the job leads back to both.
fn check_id(run: &RunName, text: &str) {
    let id = JobId::new(text).expect("names and ids take the same");
    let json = RawValue::from_string(serde_json::json!(text).to_string()).expect("JSON");
    assert_eq!(JobId::read(&json), Ok(id.clone()));
    let link = paddles_http::fuzzing::job_link(run, &id);
    let path = link.strip_prefix("http://paddles.example/").expect("a link begins with the address");
    let segments = path.split('/').map(|segment| percent_decode_str(segment).decode_utf8().expect("text"));
    assert_eq!(segments.collect::<Vec<_>>(), ["runs", text, "jobs", text, ""]);
    assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
}

/// What a name tells stands in it, and is the same in every zone but for the time.
fn check_parts(name: &RunName, zone: LabZone) {
    let parts = name.tell(zone);
    for part in [&parts.user, &parts.suite, &parts.branch, &parts.kernel_branch, &parts.flavor, &parts.machine_type] {
        assert!(name.as_str().contains(part) && fits_index(part), "{part} of {name}");
        assert_eq!(part.trim(), part, "{name}");
    }
    parts.scheduled.into_iter().for_each(can_be_stored);
    if parts.scheduled.is_none() {
        assert_eq!(parts, paddles_domain::NameParts::default());
    }
    let elsewhere = paddles_domain::NameParts { scheduled: parts.scheduled, ..name.tell(LabZone::default()) };
    assert_eq!(parts, elsewhere);
}
