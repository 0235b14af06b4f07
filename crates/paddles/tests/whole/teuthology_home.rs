//! The real client, set up as a lab does: by a file in the home of its user.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Ended, run};
use crate::service::Service;

const CALLS: &str = include_str!("teuthology_calls.py");

/// The client's programs with a home of their own.
pub(crate) struct Teuthology {
    programs: PathBuf,
    home: TempDir,
}

impl Teuthology {
    /// A client of `service`. Both addresses end in a slash, as the client's own defaults do: some requests begin with two.
    pub(crate) fn of(programs: PathBuf, service: &Service) -> Self {
        let home = tempfile::tempdir().unwrap();
        let server = format!("http://{}/", service.address());
        // JSON is YAML. Names below `invalid` belong to no host.
        let archive = home.path().join("archive");
        let config = json!({
            "lab_domain": "lab.invalid",
            "lock_server": server,
            "results_server": server,
            "archive_base": archive,
        });
        fs::write(home.path().join(".teuthology.yaml"), config.to_string()).unwrap();
        fs::write(home.path().join("calls.py"), CALLS).unwrap();
        Self { programs, home }
    }

    /// Gives the client a token, in the file in which its HTTP library looks for passwords.
    pub(crate) fn write_netrc(&self, token: &str) {
        let text = format!("machine 127.0.0.1 login teuthology password {token}\n");
        fs::write(self.home.path().join(".netrc"), text).unwrap();
    }

    /// Runs one of its programs.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new(self.programs.join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").env("USER", "ann");
        run(command.env("HOME", self.home.path()).current_dir(self.home.path()).args(arguments))
    }

    /// Makes a call of `teuthology_calls.py`, which must succeed.
    pub(crate) fn call(&self, name: &str, arguments: &Value) -> Value {
        let ended = self.run("python", &["calls.py", name, &arguments.to_string()]);
        assert_eq!(ended.code, Some(0), "{name}: {}{}", ended.stdout, ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{name}: {error} in {}", ended.stdout))
    }

    /// Runs the program that this module has, without its wait for hosts that cannot be reached.
    pub(crate) fn run_module(&self, module: &str, arguments: &[&str]) -> Ended {
        let arguments = [&[module], arguments].concat();
        self.run("python", &["calls.py", "program", &json!(arguments).to_string()])
    }
}
