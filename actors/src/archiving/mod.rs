//! Asynchronous archiving: conversations are written into the archive, and no chat waits for it.
//!
//! ```text
//! session ── ArchiveHandle::record ──► Queue ──► writer (worker) ──► Archive::write
//!            never waits               outlives the writer            batches, retried
//! ```
//!
//! At a stop the server stores what is not written in files; the writer of the next start writes these records first.
//!
//! The queue is bounded in records and bytes. It fills while the archive is unavailable; when it is full the oldest
//! records are dropped and counted. The retention worker erases conversations past their age.
//!
//! What must never be: a wait in [`ArchiveHandle::record`], a lost record that is not counted, a record that is
//! stored twice (each has an id, and the archive recognises it).

mod handle;
mod retention_worker;
#[cfg(test)]
mod tests;
mod writer;

pub use handle::{ArchiveHandle, ArchiveLimits, ObservedEvent};
pub use retention_worker::{Retention, retention_worker};
pub use writer::writer;
