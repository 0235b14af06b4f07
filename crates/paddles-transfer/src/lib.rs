//! A lab on its way: out of one database and into another, through HTTP or through a file.
//!
//! - [`import`](import()) copies runs, jobs, nodes and queues from any server that speaks as paddles does.
//! - [`export`] writes them as JSON Lines, compressed; [`check`] reads such an archive and refuses a damaged one, and
//!   [`load`] brings it into a database.
//! - A [`Selection`] says of which runs; a [`Progress`] is told how far it is.
//!
//! Whatever is copied keeps its times and its status; what counts it follows. Copying again changes nothing but what has
//! changed, so a copy that was broken off goes on where it is begun again. All of it goes through the port of
//! `paddles-repository`, and holds no more in memory than a few runs or a few hundred jobs.

mod archive;
mod import;
mod progress;
mod reachable;
mod records;
mod selection;

pub use archive::{
    ArchiveError, BadLine, Brought, ExportError, Exported, LoadError, Loaded, Records, check, export, load,
};
pub use import::{ImportError, ImportOptions, Imported, Politeness, Source, SourceError, import};
pub use progress::{Progress, Silent};
pub use records::RecordError;
pub use selection::Selection;
