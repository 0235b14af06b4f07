//! Which part of a long list is wanted.

/// The most rows that one page may hold.
pub const LARGEST_PAGE: u32 = 10_000;

/// A page of a list: so many rows, and which of the pages of that size. Pages count from 1.
///
/// ```
/// use paddles_repository::Page;
///
/// let page = Page::new(3, 25)?;
/// assert_eq!((page.limit(), page.offset()), (25, 50));
/// assert_eq!(Page::new(0, 25).unwrap_err().to_string(), "page takes a whole number from 1");
/// # Ok::<(), paddles_repository::PageError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: u64,
    count: u32,
}

/// A page that there cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Pages count from 1.
    #[error("page takes a whole number from 1")]
    Number,
    /// A page has an end.
    #[error("count takes a whole number from 0 to {LARGEST_PAGE}")]
    Count,
}

impl Page {
    /// Page `number` of pages of `count` rows.
    pub fn new(number: u64, count: u32) -> Result<Self, PageError> {
        if number == 0 {
            Err(PageError::Number)
        } else if count > LARGEST_PAGE {
            Err(PageError::Count)
        } else {
            Ok(Self { number, count })
        }
    }

    /// How many rows at most.
    pub fn limit(self) -> i64 {
        i64::from(self.count)
    }

    /// How many rows come before.
    pub fn offset(self) -> i64 {
        i64::try_from((self.number - 1).saturating_mul(u64::from(self.count))).unwrap_or(i64::MAX)
    }
}
