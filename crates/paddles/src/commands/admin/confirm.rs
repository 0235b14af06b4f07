//! Whether somebody wants a change.

use std::io::{self, IsTerminal};

use clap::Args;
use paddles_domain::Act;

use super::{AdminError, act};

/// How a change is let through. Every command that makes one takes it.
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
    /// Says what will be done, and asks for a yes unless it was given: at a terminal only. Nothing is asked where nothing
    /// will be done.
    pub(super) fn ask(&self, what: &str) -> Result<(), AdminError> {
        if self.yes || self.dry_run {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(AdminError::NotConfirmed);
        }
        tell!("{what}. Type yes to go on:");
        let mut answer = String::new();
        let is_read = io::stdin().read_line(&mut answer).is_ok();
        if is_read && answer.trim() == "yes" { Ok(()) } else { Err(AdminError::NotConfirmed) }
    }

    /// What the next change is told of who makes it; `None` where only is said what would change.
    pub(super) fn act(&self) -> Option<Act> {
        (!self.dry_run).then(act)
    }

    /// What is said of things that change: `done` or, where only is said what would change, `would be done`.
    pub(super) fn tell(&self, done: &'static str, would_be_done: &'static str) -> &'static str {
        if self.dry_run { would_be_done } else { done }
    }
}
