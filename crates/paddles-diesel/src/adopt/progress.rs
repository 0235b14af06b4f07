//! Who watches while a database is adopted.

/// Hears how far it is. Called from one thread at a time.
pub trait Progress: Send {
    /// Step `number` of `of` begins; `rows` is how many rows it goes through, if it goes through rows.
    fn begin(&mut self, number: usize, of: usize, what: &str, rows: Option<u64>);

    /// So many rows of the step's are done.
    fn reach(&mut self, rows: u64);

    /// The step waits, for what this says.
    fn wait(&mut self, what: &str);

    /// The step is done, with this to say.
    fn end(&mut self, outcome: &str);
}
