//! The wire contract: recorded conversations with the service that this one replaces, replayed against it.
//!
//! `PADDLES_REPLAY` names the program that replays them; it lives outside of this repository.

use std::process::Command;

use paddles_diesel::testing::TestDatabase;

use crate::optional::given;
use crate::program::run;
use crate::service::Service;

fn conversations_go_as_recorded(database: &TestDatabase) {
    let Some(replay) = given("PADDLES_REPLAY", "the wire contract") else {
        return;
    };
    let service = Service::start(database);
    // The second time in a database that holds what the first left.
    for _ in 0..2 {
        let mut command = Command::new("python3");
        command.arg(&replay).args(["--base", &format!("http://{}", service.address())]);
        // `--fixes` adds what that service should have done.
        let ended = run(command.arg("--fixes"));
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    }
}

on_both_databases!(conversations_go_as_recorded);
