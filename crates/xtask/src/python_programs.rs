//! Programs that pip installs, each in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{Failure, Steps};

/// Programs that some tests need.
pub(crate) struct PythonPrograms {
    /// What pip installs.
    pub(crate) requirement: &'static str,
    /// Where to, in the workspace.
    pub(crate) folder: &'static str,
    /// The versions of Python that will do, the best first.
    pub(crate) pythons: &'static [&'static str],
    /// One of them, which must run.
    pub(crate) program: &'static str,
    /// What cannot be tested without.
    pub(crate) tests: &'static str,
}

/// Succeeds on one version when it can make virtual environments, which Debian packs apart.
const SUITS: &str = "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != sys.argv[1])";

impl PythonPrograms {
    /// The folder of the programs, installed when they are not there yet; `None`, said aloud, when that is not possible here:
    /// everything else can be tested without them.
    pub(crate) fn ensure(&self, steps: &mut Steps) -> Option<PathBuf> {
        let environment = steps.folder().join(self.folder);
        let programs = environment.join("bin");
        let stamp = environment.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == self.requirement) {
            return Some(programs);
        }

        let Some(python) = self.python() else {
            self.skip(&format!("there is no Python {} with venv", self.pythons.join(" or ")));
            return None;
        };
        println!("{} need {}: installing it into {}.", self.tests, self.requirement, environment.display());
        let installed = self.install(steps, &python, &environment).and_then(|()| {
            let written = fs::write(&stamp, self.requirement);
            written.map_err(|cause| Failure::Start("writing its stamp".to_owned(), cause))
        });
        match installed {
            Ok(()) => Some(programs),
            Err(failure) => {
                self.skip(&failure.to_string());
                None
            }
        }
    }

    fn install(&self, steps: &mut Steps, python: &str, environment: &Path) -> Result<(), Failure> {
        let mut create = Command::new(python);
        create.args(["-m", "venv", "--clear"]).arg(environment);
        steps.run("create a virtual environment", &mut create)?;

        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", self.requirement]);
        steps.run(&format!("pip install {}", self.requirement), &mut pip)?;

        // An installation can succeed and still not run, for example when a dependency moved on.
        let mut help = Command::new(environment.join("bin").join(self.program));
        help.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
        steps.run(&format!("{} --help", self.program), &mut help)
    }

    /// A Python of the first version that is here.
    fn python(&self) -> Option<String> {
        let named = self.pythons.iter().map(|version| (format!("python{version}"), *version));
        let unnamed = self.pythons.iter().map(|version| ("python3".to_owned(), *version));
        named.chain(unnamed).find(|(python, version)| suits(python, version)).map(|(python, _)| python)
    }

    fn skip(&self, reason: &str) {
        eprintln!("warning: SKIPPING {}: {reason}", self.tests);
    }
}

fn suits(python: &str, version: &str) -> bool {
    let mut question = Command::new(python);
    question.args(["-c", SUITS, version]).stdout(Stdio::null()).stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}
