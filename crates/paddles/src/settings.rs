//! Settings: read from the environment once, checked before anything starts.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use paddles_diesel::{DatabaseUrl, DatabaseUrlError};
use paddles_domain::{Admission, LabZone};
use paddles_http::{HttpSettings, LogLinkTemplate, RunsView, StatsdSettings};
use paddles_repository::LARGEST_PAGE;
use serde::Deserialize;

use crate::logging::{LogFilter, LogFormat};

const PREFIX: &str = "PADDLES_";

/// Where a container finds the database's address, in SQLAlchemy's spelling: labs mount it there already.
const SECRET_FILE: &str = "/run/secrets/paddles_sqlalchemy_url";

/// The environment's variables without their prefix, as text.
#[derive(Default, Deserialize)]
struct Environment {
    server_host: Option<String>,
    server_port: Option<String>,
    address: Option<String>,
    worker_count: Option<String>,
    database_url: Option<String>,
    sqlalchemy_url: Option<String>,
    database_connections: Option<String>,
    admission: Option<String>,
    timezone: Option<String>,
    job_log_href_templ: Option<String>,
    default_latest_runs_count: Option<String>,
    default_runs_view: Option<String>,
    statsd_host: Option<String>,
    statsd_prefix: Option<String>,
    body_limit: Option<String>,
    log_format: Option<String>,
    log: Option<String>,
}

/// Every setting of the service.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) server_host: Setting<IpAddr>,
    pub(crate) server_port: Setting<u16>,
    pub(crate) address: Setting<String>,
    pub(crate) worker_count: Setting<u16>,
    pub(crate) database_url: Setting<DatabaseUrl>,
    pub(crate) database_connections: Setting<u16>,
    pub(crate) admission: Setting<Admission>,
    pub(crate) timezone: Setting<LabZone>,
    pub(crate) job_log_href_templ: Setting<LogLinkTemplate>,
    pub(crate) default_latest_runs_count: Setting<u32>,
    pub(crate) default_runs_view: Setting<RunsView>,
    pub(crate) statsd_host: Setting<String>,
    pub(crate) statsd_prefix: Setting<String>,
    pub(crate) body_limit: Setting<usize>,
    pub(crate) log_format: Setting<LogFormat>,
    pub(crate) log: Setting<LogFilter>,
}

/// A value, and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    name: &'static str,
    pub(crate) value: T,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Default,
    Environment,
    /// The variable in which labs keep the database's address.
    SqlalchemyUrl,
    SecretFile,
}

/// A variable with a value that it does not take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} is {value:?}, but takes {takes}")]
pub(crate) struct SettingError {
    origin: String,
    value: String,
    takes: String,
}

impl Settings {
    /// Reads the settings of this process.
    pub(crate) fn read() -> Result<Self, SettingError> {
        // A name that is no text cannot be ours.
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let ours = named.filter(|(name, _)| name.starts_with(PREFIX));
        let variables = ours.map(as_text).collect::<Result<Vec<_>, _>>()?;
        Self::from_variables(variables.into_iter(), Path::new(SECRET_FILE))
    }

    fn from_variables(
        variables: impl Iterator<Item = (String, String)>,
        secret_file: &Path,
    ) -> Result<Self, SettingError> {
        // A variable that is set to nothing counts as not set. Text into text cannot fail, as long as no name comes twice:
        // envy does not tell capitals from small letters.
        let set = variables.filter(|(name, value)| !value.is_empty() && !name.contains(char::is_lowercase));
        let given: Environment = envy::prefixed(PREFIX).from_iter(set).unwrap_or_default();

        let cores = std::thread::available_parallelism().map_or(2, |cores| u16::try_from(cores.get()).unwrap_or(64));
        let server_host = setting("SERVER_HOST", given.server_host, [127, 0, 0, 1].into(), "an IP address", parse)?;
        let server_port = setting("SERVER_PORT", given.server_port, 8080, "a port from 0 to 65535", parse)?;
        let own_address = format!("http://{}", SocketAddr::new(server_host.value, server_port.value));
        let any_count = format!("a whole number from 0 to {LARGEST_PAGE}");
        let zone = "a name of the IANA database, like UTC or America/New_York";
        let log_link = "a URL with {run_name} and {job_id} in it";
        let levels = "levels by module, like info or warn,paddles_http=debug";
        Ok(Self {
            server_host,
            server_port,
            address: setting("ADDRESS", given.address, own_address, "a URL of http or https", http_url)?,
            worker_count: setting("WORKER_COUNT", given.worker_count, cores, POSITIVE, positive)?,
            database_url: database_url(given.database_url, given.sqlalchemy_url, secret_file)?,
            database_connections: setting(
                "DATABASE_CONNECTIONS",
                given.database_connections,
                // More than a few for each core only wait for each other.
                (cores * 2).clamp(4, 16),
                POSITIVE,
                positive,
            )?,
            admission: setting("ADMISSION", given.admission, Admission::default(), "documented or deployed", parse)?,
            timezone: setting("TIMEZONE", given.timezone, LabZone::default(), zone, parse)?,
            job_log_href_templ: setting(
                "JOB_LOG_HREF_TEMPL",
                given.job_log_href_templ,
                LogLinkTemplate::default(),
                log_link,
                parse,
            )?,
            default_latest_runs_count: setting(
                "DEFAULT_LATEST_RUNS_COUNT",
                given.default_latest_runs_count,
                100,
                &any_count,
                |text| parse(text).filter(|count| *count <= LARGEST_PAGE),
            )?,
            default_runs_view: setting(
                "DEFAULT_RUNS_VIEW",
                given.default_runs_view,
                RunsView::default(),
                "full or summary",
                parse,
            )?,
            statsd_host: setting("STATSD_HOST", given.statsd_host, String::new(), "a host", parse)?,
            statsd_prefix: setting("STATSD_PREFIX", given.statsd_prefix, "paddles".to_owned(), "text", parse)?,
            body_limit: setting("BODY_LIMIT", given.body_limit, 8 * 1024 * 1024, "a number of bytes", parse)?,
            log_format: setting("LOG_FORMAT", given.log_format, LogFormat::Text, "text or json", parse)?,
            log: setting("LOG", given.log, LogFilter::default(), levels, parse)?,
        })
    }

    /// What of them the HTTP service needs.
    pub(crate) fn http(&self) -> HttpSettings {
        HttpSettings {
            address: self.address.value.clone(),
            job_log_link: self.job_log_href_templ.value.clone(),
            admission: self.admission.value,
            zone: self.timezone.value,
            default_runs_count: self.default_latest_runs_count.value,
            default_runs_view: self.default_runs_view.value,
            statsd: self.statsd(),
            body_limit: self.body_limit.value,
            workers: self.worker_count.value.into(),
            askers: self.database_connections.value.into(),
        }
    }
}

impl Settings {
    /// No host, no counters.
    fn statsd(&self) -> Option<StatsdSettings> {
        let (host, prefix) = (self.statsd_host.value.clone(), self.statsd_prefix.value.clone());
        (!host.is_empty()).then_some(StatsdSettings { host, prefix })
    }
}

/// A value that is no text was meant for us all the same; passing over it would serve with a default.
fn as_text((name, value): (String, OsString)) -> Result<(String, String), SettingError> {
    match value.into_string() {
        Ok(text) => Ok((name, text)),
        // It may hold a password.
        Err(_) => Err(SettingError { origin: name, value: "***".to_owned(), takes: "text in UTF-8".to_owned() }),
    }
}

const POSITIVE: &str = "a whole number from 1 to 65535";

fn setting<T>(
    name: &'static str,
    given: Option<String>,
    default: T,
    takes: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Setting<T>, SettingError> {
    let Some(text) = given else {
        return Ok(Setting { name, value: default, origin: Origin::Default });
    };
    match read(&text) {
        Some(value) => Ok(Setting { name, value, origin: Origin::Environment }),
        None => Err(SettingError { origin: format!("{PREFIX}{name}"), value: text, takes: takes.to_owned() }),
    }
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn positive(text: &str) -> Option<u16> {
    parse(text).filter(|number| *number > 0)
}

fn http_url(text: &str) -> Option<String> {
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    is_http.then(|| text.to_owned())
}

/// The database's address: ours, or as labs keep it for SQLAlchemy in a variable or a mounted secret.
fn database_url(
    ours: Option<String>,
    sqlalchemy: Option<String>,
    secret_file: &Path,
) -> Result<Setting<DatabaseUrl>, SettingError> {
    let name = "DATABASE_URL";
    // A wrong address may hold a password all the same.
    let refuse = |error: DatabaseUrlError, origin: &str| SettingError {
        origin: origin.to_owned(),
        value: "***".to_owned(),
        takes: error.to_string(),
    };
    if let Some(text) = ours {
        let value = text.parse().map_err(|error| refuse(error, "PADDLES_DATABASE_URL"))?;
        return Ok(Setting { name, value, origin: Origin::Environment });
    }
    if let Some(text) = sqlalchemy {
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refuse(error, "PADDLES_SQLALCHEMY_URL"))?;
        return Ok(Setting { name, value, origin: Origin::SqlalchemyUrl });
    }
    if secret_file.exists() {
        // Mounted, but not to be read: serving from the default database would look like an empty lab.
        let text = std::fs::read_to_string(secret_file).unwrap_or_default();
        let value = DatabaseUrl::from_sqlalchemy(&text).map_err(|error| refuse(error, SECRET_FILE))?;
        return Ok(Setting { name, value, origin: Origin::SecretFile });
    }
    Ok(Setting { name, value: DatabaseUrl::Sqlite("paddles.db".into()), origin: Origin::Default })
}

impl<T: fmt::Display> fmt::Display for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Default => "default",
            Origin::Environment => "environment",
            Origin::SqlalchemyUrl => "environment, PADDLES_SQLALCHEMY_URL",
            Origin::SecretFile => SECRET_FILE,
        };
        write!(f, "{PREFIX}{}={} ({origin})", self.name, self.value)
    }
}

/// A line for each setting. Addresses of databases come without their password.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: [&dyn fmt::Display; 16] = [
            &self.server_host,
            &self.server_port,
            &self.address,
            &self.worker_count,
            &self.database_url,
            &self.database_connections,
            &self.admission,
            &self.timezone,
            &self.job_log_href_templ,
            &self.default_latest_runs_count,
            &self.default_runs_view,
            &self.statsd_host,
            &self.statsd_prefix,
            &self.body_limit,
            &self.log_format,
            &self.log,
        ];
        for (place, line) in lines.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            line.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
