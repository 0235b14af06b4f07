//! `paddles migrate`: the tables as this version needs them.

use crate::Failure;
use crate::settings::Settings;

#[expect(clippy::print_stdout, reason = "what the command is asked for")]
pub(super) fn migrate(settings: &Settings) -> Result<(), Failure> {
    let url = settings.database.direct_url()?;
    for migration in paddles_diesel::migrate(url)? {
        println!("ran {migration}");
    }
    println!("{url} is up to date");
    Ok(())
}
