//! Which part is wanted of a list that goes back in time.

use std::fmt;

use paddles_domain::Timestamp;

use crate::{Page, PageError, RecordId};

/// Where a row stands in a list that is ordered by a time and, where times are equal, by the number of the row.
///
/// It stays where it is when rows come and go, its own included. Its text form is made for links:
///
/// ```
/// use paddles_repository::Place;
///
/// let place: Place = "2013-09-25T23:00:06.500000_4711".parse()?;
/// assert_eq!(place.id.0, 4711);
/// assert_eq!(place.to_string(), "2013-09-25T23:00:06.500000_4711");
/// # Ok::<(), paddles_repository::PlaceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The time by which the list is ordered: none for a row that an older service stored without it.
    pub time: Option<Timestamp>,
    /// The number of the row.
    pub id: RecordId,
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a place takes the form YYYY-MM-DDTHH:MM:SS[.ffffff]_NUMBER")]
pub struct PlaceError;

/// What stands for the time where there is none.
const NO_TIME: &str = "none";

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.time {
            Some(time) => write!(f, "{}_{}", time.to_string().replace(' ', "T"), self.id.0),
            None => write!(f, "{NO_TIME}_{}", self.id.0),
        }
    }
}

impl std::str::FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (time, number) = text.split_once('_').ok_or(PlaceError)?;
        let time = match time {
            NO_TIME => None,
            time if time.contains(' ') => return Err(PlaceError),
            time => Some(time.replacen('T', " ", 1).parse().map_err(|_| PlaceError)?),
        };
        Ok(Self { time, id: RecordId(number.parse().map_err(|_| PlaceError)?) })
    }
}

/// A page of a list that comes newest first: one by its number, for which all rows before it are counted, or the rows behind
/// a place, which cost the same however far back it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    page: Page,
    behind: Option<Place>,
}

impl From<Page> for HistoryPage {
    fn from(page: Page) -> Self {
        Self { page, behind: None }
    }
}

impl HistoryPage {
    /// The first `count` rows behind `place`.
    pub fn behind(place: Place, count: u32) -> Result<Self, PageError> {
        Ok(Self { page: Page::new(1, count)?, behind: Some(place) })
    }

    /// The place behind which the page begins, if it has no number.
    pub fn place(self) -> Option<Place> {
        self.behind
    }

    /// How many rows at most.
    pub fn limit(self) -> i64 {
        self.page.limit()
    }

    /// How many rows come before, behind the place if there is one.
    pub fn offset(self) -> i64 {
        self.page.offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["2013-09-25T23:00:06_1", "0001-01-01T00:00:00.000001_2147483647", "none_7", "none_-1"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in
            ["", "_", "none", "none_", "7", "2013-09-25_7", "2013-09-25 23:00:06_7", "none_7_7", "none_99999999999"]
        {
            assert_eq!(text.parse::<Place>(), Err(PlaceError), "{text}");
        }
    }
}
