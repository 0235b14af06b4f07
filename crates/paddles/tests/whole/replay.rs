//! The wire contract: recorded conversations with the service that this one replaces, replayed against it.
//!
//! `PADDLES_REPLAY` names the program that replays them; it lives outside of this repository.

use std::process::Command;

use paddles_diesel::testing::TestDatabase;

use crate::optional::given;
use crate::program::run;
use crate::service::Service;

/// Which conversations must go as recorded; widen it with every endpoint that is served.
const SERVED: &[&str] = &["root/*", "names/*", "runs/*", "jobs/*", "status/*"];

fn conversations_go_as_recorded(database: &TestDatabase) {
    let Some(replay) = given("PADDLES_REPLAY", "the wire contract") else {
        return;
    };
    let service = Service::start(database);
    // The second time in a database that holds what the first left.
    for _ in 0..2 {
        let mut command = Command::new("python3");
        command.arg(&replay).args(["--base", &format!("http://{}", service.address())]);
        let ended = run(command.args(SERVED.iter().flat_map(|cases| ["--only", cases])));
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    }
}

on_both_databases!(conversations_go_as_recorded);
