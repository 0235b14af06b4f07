//! The commands, a file each.

mod adopt;
mod migrate;
mod serve;
mod token;

use clap::Subcommand;

use crate::Failure;
use crate::settings::Settings;

pub(crate) use serve::ServeError;
pub(crate) use token::TokenError;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the database's tables up to date and serve HTTP until SIGTERM or SIGINT (what `paddles` alone does)
    Serve,
    /// Bring the database's tables up to date, and end
    Migrate,
    /// Make, show and take back tokens: who may do what, where the service asks for rights
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Take the database of another paddles over, or complete one of ours: tables, indexes, duplicates, counts
    Adopt(adopt::AdoptOptions),
    /// Show every setting, its value with secrets hidden, and where it came from
    Config,
}

impl Command {
    #[expect(clippy::print_stdout, reason = "what the command is asked for")]
    pub(crate) fn run(self, settings: &Settings) -> Result<(), Failure> {
        match self {
            Self::Serve => serve::serve(settings)?,
            Self::Migrate => migrate::migrate(settings)?,
            Self::Token(command) => command.run(settings)?,
            Self::Adopt(options) => adopt::adopt(settings, &options)?,
            Self::Config => println!("{settings}"),
        }
        Ok(())
    }
}
