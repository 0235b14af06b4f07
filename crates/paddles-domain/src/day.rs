//! Days, by which lists of runs and jobs are cut.

use std::fmt;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveTime};

use crate::Timestamp;
use crate::timestamp::parse_day;

/// A day in UTC, like every stored time.
///
/// ```
/// use paddles_domain::{Day, Timestamp};
///
/// let now: Timestamp = "2020-03-01 12:00:00".parse()?;
/// assert_eq!(Day::read("yesterday", now)?.to_string(), "2020-02-29");
/// assert_eq!(Day::read("2020-3-1", now)?.start().to_string(), "2020-03-01 00:00:00");
/// assert!(Day::read("2020-02-30", now).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(NaiveDate);

/// A text that is no day. The sentence is the one that pulpito shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("date format must match %Y-%m-%d")]
pub struct DayError;

impl Day {
    /// The last day that can be written.
    pub const LAST: Self = Self(NaiveDate::from_ymd_opt(9_999, 12, 31).unwrap());

    /// The day of a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.to_utc().date())
    }

    /// Reads `YYYY-MM-DD`, `today` or `yesterday`.
    pub fn read(text: &str, now: Timestamp) -> Result<Self, DayError> {
        match text {
            "today" => Ok(Self::of(now)),
            "yesterday" => Self::of(now).0.pred_opt().map(Self).ok_or(DayError),
            _ => parse_day(text).map(Self).ok_or(DayError),
        }
    }

    /// The day's first moment.
    pub fn start(self) -> Timestamp {
        Timestamp::from_utc(self.0.and_time(NaiveTime::MIN))
    }

    /// Whether `moment` is before noon.
    pub fn is_first_half(self, moment: Timestamp) -> bool {
        moment.to_utc() < self.0.and_time(NaiveTime::MIN) + Duration::hours(12)
    }

    /// The first moment that is no longer in the day; of the last day that can be written, its last moment, since databases
    /// that compare times as text take no year of five digits.
    pub fn end(self) -> Timestamp {
        match self.0.checked_add_days(Days::new(1)) {
            Some(next) if next.year() <= 9_999 => Self(next).start(),
            _ => Timestamp::from_utc(self.0.and_time(NaiveTime::MIN) + Duration::days(1) - Duration::microseconds(1)),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}
