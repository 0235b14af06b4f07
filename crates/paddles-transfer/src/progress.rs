//! Who wants to know how far a copy is.

/// Is told how far a copy is.
pub trait Progress: Sync {
    /// A step begins, of so many things if that is known.
    fn begin(&self, step: &'static str, things: Option<u64>);

    /// So many more things are done.
    fn advance(&self, things: u64);

    /// Something that somebody should read.
    fn say(&self, line: &str);
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn say(&self, _: &str) {}
}
