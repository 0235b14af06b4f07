//! Installs a Postgres server with the system's package manager where there is none.

use std::env;
use std::process::Command;

use crate::binaries::server_binaries;
use crate::steps::{Failure, Steps, has_program};

/// A package manager and the commands that bring a Postgres server, without the manager's own name.
struct PackageManager {
    program: &'static str,
    commands: &'static [&'static [&'static str]],
    /// Homebrew refuses to run as root, the others need to.
    as_root: bool,
}

/// In order of preference: the first that exists is the system's own.
const PACKAGE_MANAGERS: &[PackageManager] = &[
    PackageManager {
        program: "apt-get",
        commands: &[&["update"], &["install", "-y", "--no-install-recommends", "postgresql"]],
        as_root: true,
    },
    PackageManager {
        program: "dnf",
        commands: &[&["install", "-y", "postgresql-server", "postgresql-contrib"]],
        as_root: true,
    },
    PackageManager {
        program: "zypper",
        commands: &[&["--non-interactive", "install", "postgresql-server", "postgresql-contrib"]],
        as_root: true,
    },
    PackageManager { program: "pacman", commands: &[&["-S", "--noconfirm", "--needed", "postgresql"]], as_root: true },
    PackageManager { program: "apk", commands: &[&["add", "postgresql", "postgresql-client"]], as_root: true },
    PackageManager { program: "brew", commands: &[&["install", "postgresql"]], as_root: false },
];

/// Makes sure that the tests find a Postgres server.
pub(crate) fn ensure(steps: &mut Steps) -> Result<(), Failure> {
    let Err(missing) = server_binaries() else {
        return Ok(());
    };
    // Another version than the one asked for would not help.
    if env::var_os("PG_BIN").is_some() {
        return Err(Failure::Found(missing.to_string()));
    }
    let Some(manager) = PACKAGE_MANAGERS.iter().find(|manager| has_program(manager.program)) else {
        return Err(Failure::Found(format!("{missing}; no package manager that this command knows is here")));
    };

    println!("The tests need a PostgreSQL server and this machine has none: installing it with {}.", manager.program);
    for arguments in manager.commands {
        let name = format!("{} {}", manager.program, arguments.join(" "));
        steps.run(&name, &mut manager.command(arguments))?;
    }
    server_binaries().map(drop).map_err(|missing| Failure::Found(format!("after the installation: {missing}")))
}

/// Installs packages of Debian.
pub(crate) fn apt_install(steps: &mut Steps, packages: &[&str]) -> Result<(), Failure> {
    let apt = PackageManager { program: "apt-get", commands: &[], as_root: true };
    steps.run("apt-get update", &mut apt.command(&["update"]))?;
    let mut install = apt.command(&["install", "-y", "--no-install-recommends"]);
    steps.run(&format!("apt-get install {}", packages.join(" ")), install.args(packages))
}

impl PackageManager {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = if self.as_root && !is_root() && has_program("sudo") {
            let mut command = Command::new("sudo");
            // sudo drops the environment, so that the variable has to come on its command line.
            command.args(["env", "DEBIAN_FRONTEND=noninteractive", self.program]);
            command
        } else {
            Command::new(self.program)
        };
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
