//! Variables that look like settings and are none: a typo must not pass for a default.

use std::fmt;

use super::PREFIX;

/// How alike two names are that may be meant for each other.
const ALIKE: f64 = 0.8;

/// A variable that no setting is called by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    name: String,
    /// The setting that was probably meant.
    nearest: Option<String>,
}

impl Unknown {
    /// Those of the variables `given`, with their values, that are none of the `known`.
    pub(super) fn all<'v>(given: impl Iterator<Item = (&'v str, &'v str)>, known: &[String]) -> Vec<Self> {
        let ours = given.filter(|(name, value)| bare(name).is_some() && !is_service_link(name, value));
        let unknown = ours.map(|(name, _)| name).filter(|name| known.iter().all(|known| known != name));
        unknown.map(|name| Self { name: name.to_owned(), nearest: nearest(name, known) }).collect()
    }
}

/// A sentence about it.
impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no setting, and changes nothing", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; there is {nearest}"),
            None => Ok(()),
        }
    }
}

/// Whether Kubernetes made it, for a service called `paddles`: `PADDLES_SERVICE_HOST`, `PADDLES_PORT=tcp://10.0.0.1:80`,
/// `PADDLES_PORT_80_TCP_ADDR`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_address = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let of_port = ["_TCP_", "_UDP_", "_SCTP_"].iter().any(|protocol| name.contains(protocol));
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_PORT") && (is_address || name.contains("_PORT_") && of_port)
}

/// What of a name tells settings apart. In small letters none is one, but may well be meant for one.
fn bare(name: &str) -> Option<String> {
    name.to_ascii_uppercase().strip_prefix(PREFIX).map(str::to_owned)
}

fn nearest(name: &str, known: &[String]) -> Option<String> {
    let name = bare(name)?;
    let likeness = |known: &String| bare(known).map_or(0.0, |known| strsim::jaro_winkler(&name, &known));
    let alike = known.iter().filter(|known| likeness(known) > ALIKE);
    alike.max_by(|one, other| likeness(one).total_cmp(&likeness(other))).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let known = ["PADDLES_DATABASE_URL", "PADDLES_EXPIRE_EVERY", "PADDLES_BODY_LIMIT"].map(str::to_owned);
        let told = |name: &str| {
            let unknown = Unknown::all([(name, "x")].into_iter(), &known);
            unknown.iter().map(ToString::to_string).collect::<String>()
        };
        let no_setting = "is no setting, and changes nothing";
        assert_eq!(told("PADDLES_DATABASE_URL"), "");
        let typo = format!("PADDLES_DATABSE_URL {no_setting}; there is PADDLES_DATABASE_URL");
        assert_eq!(told("PADDLES_DATABSE_URL"), typo);
        let part = format!("PADDLES_EXPIRE {no_setting}; there is PADDLES_EXPIRE_EVERY");
        assert_eq!(told("PADDLES_EXPIRE"), part);
        let small = format!("paddles_database_url {no_setting}; there is PADDLES_DATABASE_URL");
        assert_eq!(told("paddles_database_url"), small);
        for (link, value) in [
            ("PADDLES_SERVICE_HOST", "10.0.0.1"),
            ("PADDLES_PGBOUNCER_SERVICE_PORT_POSTGRES", "6432"),
            ("PADDLES_PORT", "tcp://10.0.0.1:80"),
            ("PADDLES_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("PADDLES_PORT_80_TCP_PROTO", "tcp"),
        ] {
            assert_eq!(Unknown::all([(link, value)].into_iter(), &known), [], "{link}");
        }
        assert!(told("PADDLES_SERVR_PORT").contains("is no setting"));
        assert_eq!(told("PADDLES_X"), format!("PADDLES_X {no_setting}"));
    }
}
