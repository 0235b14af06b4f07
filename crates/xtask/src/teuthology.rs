//! The real client, teuthology, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::steps::{Failure, Steps};

/// What pip installs. The release that the tests were written against.
const REQUIREMENT: &str = "teuthology==1.3.0";

/// The one Python that this release supports and its dependencies have binaries for.
const PYTHON_VERSION: &str = "3.11";

/// Succeeds on that version when it can make virtual environments, which Debian packs apart.
const SUITS: &str = "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != sys.argv[1])";

/// The client's programs, installed when they are not there yet; `None`, said aloud, when that is not possible here:
/// everything else can be tested without it.
pub(crate) fn ensure(steps: &mut Steps) -> Option<PathBuf> {
    let environment = steps.folder().join("target/teuthology-venv");
    let programs = environment.join("bin");
    let stamp = environment.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENT) {
        return Some(programs);
    }

    let Some(python) = ["python3.11", "python3"].into_iter().find(|python| suits(python)) else {
        skip(&format!("there is no Python {PYTHON_VERSION} with venv"));
        return None;
    };
    println!("The tests of the real client need {REQUIREMENT}: installing it into {}.", environment.display());
    let installed = install(steps, python, &environment).and_then(|()| {
        fs::write(&stamp, REQUIREMENT).map_err(|cause| Failure::Start("writing its stamp".to_owned(), cause))
    });
    match installed {
        Ok(()) => Some(programs),
        Err(failure) => {
            skip(&failure.to_string());
            None
        }
    }
}

fn install(steps: &mut Steps, python: &str, environment: &Path) -> Result<(), Failure> {
    let mut create = Command::new(python);
    create.args(["-m", "venv", "--clear"]).arg(environment);
    steps.run("create a virtual environment", &mut create)?;

    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT]);
    steps.run(&format!("pip install {REQUIREMENT}"), &mut pip)?;

    // An installation can succeed and still not run, for example when a dependency moved on.
    let mut help = Command::new(environment.join("bin/teuthology-report"));
    help.arg("--help").stdout(Stdio::null()).stderr(Stdio::null());
    steps.run("teuthology-report --help", &mut help)
}

fn suits(python: &str) -> bool {
    let mut question = Command::new(python);
    question.args(["-c", SUITS, PYTHON_VERSION]).stdout(Stdio::null()).stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}

fn skip(reason: &str) {
    eprintln!("warning: SKIPPING the tests of the real client: {reason}");
}
