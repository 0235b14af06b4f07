//! Moments in UTC, and the lab's own clock.

use std::fmt;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};

/// A moment in UTC, to the microsecond: what Postgres keeps, and so what every database here keeps.
///
/// Its text form is the wire's: `YYYY-MM-DD HH:MM:SS.ffffff`, the fraction left out when it is zero. Clients
/// split it at the blank and cut it at the dot (pulpito, pulpito-ng), so it must not change.
///
/// ```
/// use paddles_domain::Timestamp;
///
/// let posted: Timestamp = "2013-09-25 23:00:06.500000".parse()?;
/// assert_eq!(posted.to_string(), "2013-09-25 23:00:06.500000");
/// # Ok::<(), paddles_domain::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(NaiveDateTime);

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

/// A text that is no moment in the form that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time takes the form {form}")]
pub struct TimestampError {
    /// The form that would have been read.
    pub form: &'static str,
}

impl Timestamp {
    /// The moment `utc`, its nanoseconds cut to microseconds; outside of the years 1 to 9999, the first or last moment in them.
    pub fn from_utc(utc: NaiveDateTime) -> Self {
        let whole_micros = utc.nanosecond() / 1_000 * 1_000;
        Self(utc.with_nanosecond(whole_micros).unwrap_or(utc).clamp(FIRST, LAST))
    }

    /// The same moment as chrono's naive date and time, in UTC.
    pub fn to_utc(self) -> NaiveDateTime {
        self.0
    }

    /// Its text form.
    pub fn text(self) -> TimestampText {
        let (date, time) = (self.0.date(), self.0.time());
        // Leap seconds have more than a million.
        let micros = time.nanosecond() / 1_000 % 1_000_000;
        let mut digits = *b"0000-00-00 00:00:00.000000";
        for (last, mut number) in [
            // No moment is outside of the years 1 to 9999.
            (3, u32::try_from(date.year()).unwrap_or(0)),
            (6, date.month()),
            (9, date.day()),
            (12, time.hour()),
            (15, time.minute()),
            (18, time.second()),
            (25, micros),
        ] {
            let mut place = last;
            while number > 0 {
                digits[place] += u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
                // Written from right to left; the last step may leave the text, and is not used.
                place = place.saturating_sub(1);
            }
        }
        TimestampText { digits, length: if micros == 0 { 19 } else { digits.len() } }
    }

    /// The moment so many days earlier; far enough back, the first that there is.
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        self.0.checked_sub_days(Days::new(days.into())).map_or(Self(FIRST), Self::from_utc)
    }

    /// The moment so much earlier; far enough back, the first that there is.
    #[must_use]
    pub fn earlier(self, by: std::time::Duration) -> Self {
        let earlier = Duration::from_std(by).ok().and_then(|by| self.0.checked_sub_signed(by));
        Self(earlier.filter(|moment| *moment >= FIRST).unwrap_or(FIRST))
    }

    /// The moment so much later; far enough ahead, this one.
    #[must_use]
    pub fn later(self, by: std::time::Duration) -> Self {
        let later = Duration::from_std(by).ok().and_then(|by| self.0.checked_add_signed(by));
        Self(later.filter(|moment| *moment <= LAST).unwrap_or(self.0))
    }

    /// The same moment without its fraction of a second.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self(self.0.with_nanosecond(0).unwrap_or(self.0))
    }
}

/// The first moment that both databases can hold, and the last that the wire form can. The lab's clock may show times beyond
/// them: midnight of the first day is the day before in Greenwich.
const FIRST: NaiveDateTime = NaiveDateTime::new(NaiveDate::from_ymd_opt(1, 1, 1).unwrap(), NaiveTime::MIN);
const LAST: NaiveDateTime = NaiveDateTime::new(
    NaiveDate::from_ymd_opt(9_999, 12, 31).unwrap(),
    NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap(),
);

/// The text of a [`Timestamp`], made without the heap: a page of runs has hundreds.
#[derive(Debug, Clone, Copy)]
pub struct TimestampText {
    digits: [u8; 26],
    length: usize,
}

impl TimestampText {
    /// The text.
    pub fn as_str(&self) -> &str {
        // All are digits and what stands between them.
        str::from_utf8(&self.digits[..self.length]).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse_date_time(text, ' ').map(Self::from_utc).ok_or(TimestampError { form: "YYYY-MM-DD HH:MM:SS[.ffffff]" })
    }
}

/// The zone of the lab's clock, in which run names and reporters write their times.
///
/// ```
/// use paddles_domain::LabZone;
///
/// let zone: LabZone = "America/Los_Angeles".parse()?;
/// let updated = zone.read_date_time("2014-03-31 21:25:43").unwrap();
/// assert_eq!(updated.to_string(), "2014-04-01 04:25:43");
/// # Ok::<(), paddles_domain::UnknownZone>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabZone(chrono_tz::Tz);

/// A name that is no zone of the IANA time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a time zone takes a name of the IANA database, like UTC or America/New_York")]
pub struct UnknownZone;

impl Default for LabZone {
    fn default() -> Self {
        Self(chrono_tz::UTC)
    }
}

impl fmt::Display for LabZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl std::str::FromStr for LabZone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone)
    }
}

impl LabZone {
    /// The moment at which the lab's clock shows `local`.
    ///
    /// In the hour that a clock change repeats or skips, `local` is read as standard time.
    pub fn moment(self, local: NaiveDateTime) -> Timestamp {
        let utc = match self.0.from_local_datetime(&local) {
            chrono::LocalResult::Single(moment) => moment.naive_utc(),
            chrono::LocalResult::Ambiguous(_, standard) => standard.naive_utc(),
            chrono::LocalResult::None => self.utc_of_skipped(local),
        };
        Timestamp::from_utc(utc)
    }

    /// The offset before the change is standard time, and it still held a few hours earlier.
    fn utc_of_skipped(self, local: NaiveDateTime) -> NaiveDateTime {
        let before_the_change = Duration::hours(3);
        match self.0.from_local_datetime(&(local - before_the_change)).latest() {
            Some(moment) => moment.naive_utc() + before_the_change,
            None => local,
        }
    }

    /// Reads `YYYY-MM-DD HH:MM:SS[.ffffff]` off the lab's clock: the form in which reporters send `updated`.
    pub fn read_date_time(self, text: &str) -> Option<Timestamp> {
        parse_date_time(text, ' ').map(|local| self.moment(local))
    }
}

/// Reads `YYYY-MM-DD_HH:MM:SS`, parts of one digit allowed: the form of run names and of a job's `timestamp`.
pub(crate) fn parse_name_time(text: &str) -> Option<NaiveDateTime> {
    parse_date_time(text, '_').filter(|time| time.nanosecond() == 0)
}

fn parse_date_time(text: &str, between: char) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(between)?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (time, None),
    };
    let micros = fraction.map_or(Some(0), parse_fraction)?;
    let [hour, minute, second] = parse_parts(clock, ':')?;
    Some(parse_day(date)?.and_time(NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?))
}

/// Reads `YYYY-MM-DD`, month and day of one digit allowed; `None` for a day that no calendar has, and for the year zero, which
/// databases write in ways of their own.
pub(crate) fn parse_day(text: &str) -> Option<NaiveDate> {
    let (year, month_and_day) = text.split_once('-')?;
    if year.len() != 4 {
        return None; // a year of two digits says nothing for certain
    }
    let [month, day] = parse_parts(month_and_day, '-')?;
    let year = i32::try_from(parse_digits(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, month, day).filter(|_| year > 0)
}

fn parse_parts<const N: usize>(text: &str, between: char) -> Option<[u32; N]> {
    let mut parts = [0; N];
    let mut texts = text.split(between);
    for part in &mut parts {
        let digits = texts.next().filter(|digits| digits.len() <= 2)?;
        *part = parse_digits(digits)?;
    }
    texts.next().is_none().then_some(parts)
}

/// Like `str::parse`, but without signs.
fn parse_digits(text: &str) -> Option<u32> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}

/// Microseconds from the digits behind the dot; digits past the sixth are cut.
fn parse_fraction(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six = digits.get(..6).unwrap_or(digits);
    format!("{six:0<6}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_timestamp_reads_and_writes_the_wire_form() {
        fn check(text: &str, expected: Option<&str>) {
            let written = text.parse::<Timestamp>().ok().map(|time| time.to_string());
            assert_eq!(written.as_deref(), expected, "{text}");
        }
        check("2013-09-25 23:00:06", Some("2013-09-25 23:00:06"));
        check("2013-09-25 23:00:06.000000", Some("2013-09-25 23:00:06"));
        check("2013-09-25 23:00:06.5", Some("2013-09-25 23:00:06.500000"));
        check("2013-09-25 23:00:06.123456789", Some("2013-09-25 23:00:06.123456"));
        check("2013-9-5 3:0:6", Some("2013-09-05 03:00:06"));
        check("2013-02-29 00:00:00", None);
        check("13-09-25 23:00:06", None);
        check("2013-09-25T23:00:06", None);
        check("2013-09-25 23:00", None);
        check("2013-09-25 23:00:06.", None);
        check("2013-09-25 23:00:+6", None);
        check("", None);
    }

    #[test]
    fn the_lab_clock_is_read_in_its_zone() {
        fn check(zone: &str, local: &str, utc: &str) {
            let zone: LabZone = zone.parse().unwrap();
            assert_eq!(zone.read_date_time(local).unwrap().to_string(), utc, "{zone} {local}");
        }
        check("UTC", "2020-01-02 03:04:05.25", "2020-01-02 03:04:05.250000");
        check("America/Los_Angeles", "2020-01-02 03:04:05", "2020-01-02 11:04:05");
        check("Asia/Kolkata", "2020-01-02 03:04:05", "2020-01-01 21:34:05");
        // 02:30 is skipped on this day and 01:30 comes twice on that: both count as standard time.
        check("America/Los_Angeles", "2020-03-08 02:30:00", "2020-03-08 10:30:00");
        check("America/Los_Angeles", "2020-11-01 01:30:00", "2020-11-01 09:30:00");
        // In Greenwich these are in years that cannot be stored.
        check("Asia/Kolkata", "0001-01-01 00:00:00", "0001-01-01 00:00:00");
        check("America/Los_Angeles", "9999-12-31 23:00:00", "9999-12-31 23:59:59.999999");
        assert_eq!("Mars/Olympus".parse::<LabZone>(), Err(UnknownZone));
    }

    proptest! {
        #[test]
        fn every_moment_is_written_as_chrono_writes_it(seconds in -62_135_596_800_i64..253_402_300_800, micros in 0..1_000_000_i64) {
            let moment = chrono::DateTime::from_timestamp_micros(seconds * 1_000_000 + micros).unwrap().naive_utc();
            let fraction = if micros == 0 { "" } else { ".%6f" };
            let written = moment.format(&format!("%Y-%m-%d %H:%M:%S{fraction}")).to_string();
            prop_assert_eq!(Timestamp::from_utc(moment).to_string(), written);
        }
    }

    #[test]
    fn nanoseconds_are_cut() {
        let day = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        let time = Timestamp::from_utc(day.and_hms_nano_opt(0, 0, 0, 1_999).unwrap());
        assert_eq!(time.to_string(), "2020-01-01 00:00:00.000001");
        assert_eq!(time.whole_seconds().to_string(), "2020-01-01 00:00:00");
    }
}
