//! `paddles migrate`: the tables as this version needs them.

use crate::Failure;
use crate::settings::Settings;

pub(super) fn migrate(settings: &Settings) -> Result<(), Failure> {
    let url = settings.database.direct_url()?;
    for migration in paddles_diesel::migrate(url)? {
        say!("ran {migration}");
    }
    say!("{url} is up to date");
    Ok(())
}
