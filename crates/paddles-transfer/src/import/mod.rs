//! Copying a lab from another server over HTTP.

mod arrival;
mod copy;
mod listing;
mod pace;
mod retry;
mod source;

pub use copy::{ImportError, ImportOptions, Imported, import};
pub use pace::Politeness;
pub use source::{Source, SourceError};
