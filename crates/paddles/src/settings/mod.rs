//! Settings: read from the environment once, checked before anything starts.
//!
//! Each group has a file: which variables it reads, what they take, and their defaults. A new setting is a line or two there.

mod access;
mod database;
mod expiry;
mod files;
mod lab;
mod period;
mod serving;
mod setting;
mod unknown;
mod watching;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use paddles_http::HttpSettings;
use serde::de::DeserializeOwned;

pub(crate) use setting::SettingError;

const PREFIX: &str = "PADDLES_";

/// Every setting of the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) serving: serving::ServingSettings,
    pub(crate) database: database::DatabaseSettings,
    pub(crate) lab: lab::LabSettings,
    pub(crate) access: access::AccessSettings,
    pub(crate) watching: watching::WatchingSettings,
    pub(crate) expiry: expiry::ExpirySettings,
    files: files::Files,
    /// Variables that are no settings.
    pub(crate) unknown: Vec<unknown::Unknown>,
}

/// Where labs keep the database's address; shown as that.
const OTHER_NAMES: [&str; 1] = ["PADDLES_SQLALCHEMY_URL"];

impl Settings {
    /// Reads the settings of this process.
    pub(crate) fn read() -> Result<Self, SettingError> {
        // A name that is no text cannot be ours.
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let ours = named.filter(|(name, _)| name.to_ascii_uppercase().starts_with(PREFIX));
        let variables = ours.map(as_text).collect::<Result<Vec<_>, _>>()?;
        Self::from_variables(variables.into_iter(), Path::new(database::SECRET_FILE))
    }

    fn from_variables(
        variables: impl Iterator<Item = (String, String)>,
        secret_file: &Path,
    ) -> Result<Self, SettingError> {
        // A variable that is set to nothing counts as not set.
        let set = variables.filter(|(_, value)| !value.is_empty());
        let (small, mut variables): (Vec<_>, Vec<_>) = set.partition(|(name, _)| name.contains(char::is_lowercase));
        let files = files::Files::read(&mut variables)?;
        let conceal = |refused| files.conceal(refused);
        let variables = Variables(variables);
        let mut settings = Self {
            serving: serving::ServingSettings::read(&variables).map_err(conceal)?,
            database: database::DatabaseSettings::read(&variables, secret_file).map_err(conceal)?,
            lab: lab::LabSettings::read(&variables).map_err(conceal)?,
            access: access::AccessSettings::read(&variables).map_err(conceal)?,
            watching: watching::WatchingSettings::read(&variables).map_err(conceal)?,
            expiry: expiry::ExpirySettings::read(&variables).map_err(conceal)?,
            files,
            unknown: Vec::new(),
        };
        let mut known: Vec<String> =
            settings.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
        known.extend(OTHER_NAMES.map(str::to_owned));
        let given = variables.0.iter().chain(&small).map(|(name, value)| (name.as_str(), value.as_str()));
        settings.unknown = unknown::Unknown::all(given, &known);
        Ok(settings)
    }

    /// A line for each setting.
    fn lines(&self) -> impl Iterator<Item = String> {
        let groups = [
            self.serving.all(),
            self.database.all(),
            self.lab.all(),
            self.access.all(),
            self.watching.all(),
            self.expiry.all(),
        ];
        groups.into_iter().flatten().map(|setting| self.files.tell(setting.to_string()))
    }

    /// What of them the HTTP service needs.
    pub(crate) fn http(&self) -> HttpSettings {
        HttpSettings {
            address: self.serving.address.value.clone(),
            job_log_link: self.lab.job_log_href_templ.value.clone(),
            admission: self.lab.admission.value,
            zone: self.lab.timezone.value,
            default_runs_count: self.lab.default_latest_runs_count.value,
            default_runs_view: self.lab.default_runs_view.value,
            statsd: self.watching.statsd(),
            access: self.access.http(),
            body_limit: self.serving.body_limit.value,
            request_timeout: self.serving.request_timeout(),
            connections: self.serving.max_connections.value.into(),
            rate_limit: self.serving.rate_limit.value.0,
            access_log: self.watching.access_log.value,
            expiry: self.expiry.schedule(),
            workers: self.serving.worker_count.value.into(),
            askers: self.database.connections.value.into(),
        }
    }
}

/// The environment's variables that are set, with their prefix.
struct Variables(Vec<(String, String)>);

impl Variables {
    /// Those of one group. Text into text cannot fail, as long as no name comes twice: envy does not tell capitals from small
    /// letters.
    fn given<Group: Default + DeserializeOwned>(&self) -> Group {
        envy::prefixed(PREFIX).from_iter(self.0.iter().cloned()).unwrap_or_default()
    }
}

/// How many cores this process may use.
fn cores() -> u16 {
    std::thread::available_parallelism().map_or(2, |cores| u16::try_from(cores.get()).unwrap_or(64))
}

/// A value that is no text was meant for us all the same; passing over it would serve with a default.
fn as_text((name, value): (String, OsString)) -> Result<(String, String), SettingError> {
    match value.into_string() {
        Ok(text) => Ok((name, text)),
        // It may hold a password.
        Err(_) => Err(SettingError { origin: name, value: "***".to_owned(), takes: "text in UTF-8".to_owned() }),
    }
}

/// A line for each setting, and one for each variable that is none. Addresses of databases come without their password.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = self.unknown.iter().map(ToString::to_string);
        let lines: Vec<String> = self.lines().chain(unknown).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests;
