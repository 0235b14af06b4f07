//! The real client locks nodes, keeps the inventory, and reads and deletes runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use paddles_diesel::testing::TestDatabase;
use serde_json::{Value, json};

use crate::optional::given;
use crate::program::{Ended, run};
use crate::service::Service;

const RUN: &str = "ann-2026-03-01_20:24:03-rados-main-distro-default-mira";
const OWNER: &str = "me@host";

/// teuthology with a home of its own, whose settings name the service with a slash at the end, as its documentation does.
struct Lab {
    programs: PathBuf,
    home: tempfile::TempDir,
}

impl Lab {
    fn new(programs: PathBuf, service: &Service) -> Self {
        let home = tempfile::tempdir().unwrap();
        let server = format!("http://{}/", service.address());
        let settings = format!("lock_server: {server}\nresults_server: {server}\nlab_domain: lab.example\n");
        std::fs::write(home.path().join(".teuthology.yaml"), settings).unwrap();
        Self { programs, home }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.home.path()).env("TZ", "UTC");
        let ended = run(command.current_dir(self.home.path()).args(arguments));
        assert_eq!(ended.code, Some(0), "{program} {arguments:?}: {}{}", ended.stdout, ended.stderr);
        ended
    }

    fn lock(&self, arguments: &[&str]) -> Ended {
        self.run("teuthology-lock", arguments)
    }
}

fn the_real_client_locks_nodes(database: &TestDatabase) {
    let Some(programs) = given("PADDLES_TEUTHOLOGY", "the real client") else {
        return;
    };
    let service = Service::start(database);
    let client = service.client();
    for number in 1..=4 {
        let node = json!({ "name": format!("mira00{number}.lab.example"), "machine_type": "mira", "up": true });
        assert_eq!(client.post("/nodes/", &node).status, 200);
    }
    let node = |name: &str| -> Value { service.client().read(&format!("/nodes/{name}.lab.example/")) };
    let lab = Lab::new(programs, &service);

    let locked = lab.lock(&["--lock-many", "2", "--machine-type", "mira", "--owner", OWNER, "--desc", "by hand"]);
    assert!(locked.stdout.contains("mira001.lab.example") && locked.stdout.contains("mira002.lab.example"));
    assert_eq!(node("mira002")["locked_by"], OWNER);
    assert_eq!(node("mira002")["description"], "by hand");

    let listed: Value = serde_json::from_str(&lab.lock(&["--list", "--owner", OWNER]).stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0], node("mira001"));

    lab.lock(&["--update", "--status", "down", "--desc", "broken", "mira003"]);
    assert_eq!((&node("mira003")["up"], &node("mira003")["description"]), (&json!(false), &json!("broken")));

    // It tries to reach the machine first, which takes it a while, and unlocks it all the same.
    lab.lock(&["--unlock", "--owner", OWNER, "mira001"]);
    assert_eq!((&node("mira001")["locked"], &node("mira001")["locked_by"]), (&json!(false), &Value::Null));
    check_library(&lab, &service);
}

fn check_library(lab: &Lab, service: &Service) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole/real_client.py");
    let called = lab.run("python", &[script.to_str().unwrap(), RUN, "mira002.lab.example"]);
    let shown: Value = serde_json::from_str(called.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(shown["inventory"]["machine_type"], "mira");
    assert_eq!(shown["inventory"]["os_version"], "");
    let expected = json!([
        { "job_id": "2", "status": "queued", "description": null },
        { "job_id": "1", "status": "pass", "description": null },
        { "job_id": "0", "status": "running", "description": null },
    ]);
    assert_eq!(shown["fields"], expected);
    assert_eq!((&shown["run"], &shown["job"]), (&json!("running"), &json!("pass")));
    assert_eq!(shown["dead"], json!({ "0": "dead", "1": "pass", "2": "dead" }));
    assert_eq!(shown["stale"], json!(["mira002.lab.example"]));
    assert_eq!(shown["free"], json!(["mira001.lab.example", "mira004.lab.example", "new.lab.example"]));
    assert_eq!(shown["after deleting one"], 2);
    assert_eq!(service.client().get(&format!("/runs/{RUN}/")).status, 404, "the last jobs took the run with them");
}

on_both_databases!(the_real_client_locks_nodes);
