//! Whether somebody wants what cannot be undone.

use std::io::{self, IsTerminal};

use clap::Args;

use super::AdminError;

/// How a change is let through.
#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// Only say what would change
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// Says what will be done, and asks for a yes unless it was given: at a terminal only.
    #[expect(clippy::print_stderr, reason = "a question to whoever is at the terminal")]
    pub(super) fn ask(&self, what: &str) -> Result<(), AdminError> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(AdminError::NotConfirmed);
        }
        eprintln!("{what}. Type yes to go on:");
        let mut answer = String::new();
        let is_read = io::stdin().read_line(&mut answer).is_ok();
        if is_read && answer.trim() == "yes" { Ok(()) } else { Err(AdminError::NotConfirmed) }
    }
}
