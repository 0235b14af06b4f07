//! TLS to Postgres: the build with it, which wants OpenSSL's headers, and its test.

use std::fs;
use std::process::{Command, Stdio};

use crate::postgres::apt_install;
use crate::steps::{Failure, Steps, cargo, has_program};

/// Builds the service with TLS and lets the test of the whole use it. What is missing is installed where apt-get is;
/// elsewhere this is left out, said aloud.
pub(crate) fn test(steps: &mut Steps) -> Result<(), Failure> {
    if !has_headers() || !has_program("openssl") {
        if !has_program("apt-get") {
            eprintln!("warning: SKIPPING TLS: OpenSSL's headers or its program are not there");
            return Ok(());
        }
        println!("TLS needs OpenSSL's headers and program and this machine lacks some: installing them with apt-get.");
        apt_install(steps, &["libssl-dev", "pkg-config", "openssl"])?;
    }
    steps
        .run("cargo build with TLS", &mut cargo(&["build", "--locked", "--package", "paddles", "--features", "tls"]))?;
    // Both programs are built into the same place, and the test needs both.
    let (built, kept) = (steps.folder().join("target/debug/paddles"), steps.folder().join("target/paddles-with-tls"));
    fs::copy(built, &kept).map_err(|cause| Failure::Start("keeping the program with TLS".to_owned(), cause))?;
    let mut test = cargo(&["test", "--locked", "--workspace", "--test", "whole", "--", "tls::"]);
    steps.run("cargo test of TLS", test.env("PADDLES_TLS", kept))
}

fn has_headers() -> bool {
    let mut question = Command::new("pkg-config");
    question.args(["--exists", "openssl"]).stdout(Stdio::null()).stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}
