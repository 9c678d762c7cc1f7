//! Writing behind: what happens in chats goes into the archive, and no chat waits for it.
//!
//! ```text
//! session ── ArchiveHandle::record ──► Queue ──► writer (worker) ──► Archive::write
//!            never waits               outlives the writer            batches, retried
//! ```
//!
//! The queue is bounded in records and bytes. While the archive is away it fills; when it is full the
//! oldest are dropped and counted. The keeper erases what is past its age.
//!
//! What must never be: a wait in [`ArchiveHandle::record`], a record that is lost without being counted,
//! a record that is written twice (each has an identity, and the archive knows it).

mod handle;
mod limits;
mod queue;
mod retention_worker;
#[cfg(test)]
mod tests;
mod writer;

pub use handle::{ArchiveHandle, ObservedEvent};
pub use limits::ArchiveLimits;
pub use retention_worker::{Retention, keeper};
pub use writer::writer;
