//! The build with TLS to Postgres, which wants OpenSSL's headers.

use std::process::{Command, Stdio};

use crate::postgres::apt_install;
use crate::steps::{Failure, Steps, cargo, has_program};

/// Builds the service with TLS. Headers that are missing are installed where apt-get is; elsewhere the build is left out,
/// said aloud.
pub(crate) fn build(steps: &mut Steps) -> Result<(), Failure> {
    if !has_headers() {
        if !has_program("apt-get") {
            eprintln!("warning: SKIPPING the build with TLS: OpenSSL's headers are not there");
            return Ok(());
        }
        println!("The build with TLS needs OpenSSL's headers and this machine has none: installing them with apt-get.");
        apt_install(steps, &["libssl-dev", "pkg-config"])?;
    }
    steps.run("cargo build with TLS", &mut cargo(&["build", "--locked", "--package", "paddles", "--features", "tls"]))
}

fn has_headers() -> bool {
    let mut question = Command::new("pkg-config");
    question.args(["--exists", "openssl"]).stdout(Stdio::null()).stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}
