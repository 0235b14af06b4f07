//! Installs pgBouncer where there is none: some tests run behind it.

use std::path::Path;

use crate::postgres::apt_install;
use crate::steps::{Failure, Steps, has_program};

/// Debian's place, which is not in everybody's `PATH`.
const PLACE: &str = "/usr/sbin/pgbouncer";

/// Makes sure that the tests find a pgBouncer; without apt-get they leave it out, and say so.
pub(crate) fn ensure(steps: &mut Steps) -> Result<(), Failure> {
    if Path::new(PLACE).is_file() || has_program("pgbouncer") || !has_program("apt-get") {
        return Ok(());
    }
    println!("Some tests run behind pgBouncer and this machine has none: installing it with apt-get.");
    apt_install(steps, &["pgbouncer"])
}
