//! Spans of time in settings, as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time: `30s`, `5m`, `14days`; or `off`, none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Option<Duration>);

/// What [`Period`] takes.
pub(super) const PERIOD_OR_OFF: &str = "a span of time like 30s, 5m or 14d, or off";

/// What a [`Period`] takes that cannot be off.
pub(super) const PERIOD: &str = "a span of time like 30s, 5m or 14d";

impl Period {
    pub(super) const fn of(duration: Duration) -> Self {
        Self(Some(duration))
    }
}

/// Reads a span that is longer than nothing, and not off.
pub(super) fn span(text: &str) -> Option<Period> {
    text.parse().ok().filter(|period: &Period| period.0.is_some())
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some(duration) => humantime::format_duration(duration).fmt(f),
        }
    }
}

impl FromStr for Period {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "off" {
            return Ok(Self(None));
        }
        let duration = humantime::parse_duration(text).map_err(drop)?;
        if duration.is_zero() { Err(()) } else { Ok(Self::of(duration)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_people_do() {
        fn check(text: &str, seconds: Option<u64>, shown: &str) {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.0, period.to_string().as_str()), (seconds.map(Duration::from_secs), shown));
            assert_eq!(shown.parse(), Ok(period));
        }
        check("30s", Some(30), "30s");
        check("90m", Some(5_400), "1h 30m");
        check("14d", Some(14 * 24 * 3_600), "14days");
        check("off", None, "off");
        for wrong in ["", "0s", "30", "soon", "-1s"] {
            assert_eq!(wrong.parse::<Period>(), Err(()), "{wrong}");
        }
        assert_eq!(span("off"), None);
    }
}
