//! Many clients want more nodes than there are: nobody gets what another holds, and nothing is lost.
//!
//! `PADDLES_RACE_SECONDS` makes the race longer.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::at_once::at_once;
use crate::client::{Answer, Client};
use crate::service::Service;

const CLIENTS: usize = 32;
const NODES: usize = 40;
/// How many nodes a client wants at once: fewer than a third of the clients can have them.
const WANTED: usize = 4;
const SECONDS: u64 = 3;

/// The nodes that clients hold. Each adds what it was given, and removes it before it gives it back.
type Held = Mutex<BTreeSet<String>>;

/// How often clients got nodes, and how often there were too few.
#[derive(Debug, Default)]
struct Figures {
    locked: usize,
    refused: usize,
}

fn duration() -> Duration {
    let seconds = std::env::var_os("PADDLES_RACE_SECONDS");
    Duration::from_secs(seconds.map_or(SECONDS, |seconds| seconds.to_str().unwrap().parse().unwrap()))
}

fn race(client: &Client, number: usize, held: &Held, end: Instant) -> Figures {
    let owner = format!("client{number}@race");
    let wish = json!({ "count": WANTED, "locked_by": owner, "machine_type": "race", "description": null });
    let mut figures = Figures::default();
    while Instant::now() < end {
        let answer = client.post("/nodes/lock_many/", &wish);
        if answer.status == 200 {
            figures.locked += 1;
            let names = names_in(&answer);
            hold(client, &owner, &names, held);
            give_back(client, &owner, &names, number.is_multiple_of(2));
        } else {
            figures.refused += 1;
            check_refusal(&answer);
        }
    }
    figures
}

fn names_in(answer: &Answer) -> Vec<String> {
    let nodes = answer.json();
    nodes.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

fn check_refusal(answer: &Answer) {
    let body = answer.json();
    let message = body["message"].as_str().unwrap();
    let free = message.strip_prefix("only ").and_then(|rest| rest.strip_suffix(" nodes available"));
    let free: Option<usize> = free.and_then(|free| free.parse().ok());
    assert!(answer.status == 503 && free.is_some_and(|free| free < WANTED), "{} {message}", answer.status);
}

/// Keeps the nodes for as long as the service takes to say whose they are.
fn hold(client: &Client, owner: &str, names: &[String], held: &Held) {
    assert_eq!(names.len(), WANTED);
    for name in names {
        assert!(held.lock().unwrap().insert(name.clone()), "{name} is held by two");
    }
    assert_eq!(names_in(&client.get(&format!("/nodes/?locked_by={owner}"))), names);
    held.lock().unwrap().retain(|name| !names.contains(name));
}

fn give_back(client: &Client, owner: &str, names: &[String], in_one_request: bool) {
    if in_one_request {
        let answer = client.post("/nodes/unlock_many/", &json!({ "names": names, "locked_by": owner }));
        assert_eq!(answer.status, 200, "{}", answer.text());
        return;
    }
    for name in names {
        let unlock = json!({ "name": name, "locked": false, "locked_by": owner, "description": null });
        let answer = client.put(&format!("/nodes/{name}/lock/"), &unlock);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn nobody_locks_what_another_holds(service: &Service) {
    let client = service.client();
    for number in 0..NODES {
        let node = json!({ "name": format!("race{number:02}"), "machine_type": "race", "up": true });
        assert_eq!(client.post("/nodes/", &node).status, 200);
    }
    let held = Held::default();
    let end = Instant::now() + duration();
    let figures = at_once(service, CLIENTS, |client, number| race(client, number, &held, end));

    let all = figures.iter().fold(Figures::default(), |all, one| Figures {
        locked: all.locked + one.locked,
        refused: all.refused + one.refused,
    });
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    eprintln!("{test}: lock_many by {CLIENTS} clients in {:?}: {all:?}", duration());
    assert!(all.locked > 0);
    let nodes = client.read("/nodes/?machine_type=race");
    let nodes = nodes.as_array().unwrap();
    assert_eq!(nodes.len(), NODES);
    for node in nodes {
        assert_eq!((&node["locked"], &node["locked_by"]), (&json!(false), &json!(null)), "{node}");
    }
}

on_every_service!(nobody_locks_what_another_holds);
