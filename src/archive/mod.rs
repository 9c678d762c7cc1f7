//! The archive: conversations, accounts and figures in a database.
//!
//! One [`Store`] implements the ports of `hsc_actors::ports::archive` over SQLite (a file, the default)
//! or PostgreSQL. Both speak the same SQL but for the search index, so every statement stands once;
//! `migrations/` are built in and run when the database is first reached. How the files meet: `store`
//! connects, `write` takes batches in (`tally` counts them for the figures), the others ask.
//!
//! What must never be: a value put into a statement's text, a statement that only one of the two
//! databases understands outside `store` and `backup`, an answer that waits longer than the settings say.

mod accounts;
mod analytics;
mod backup;
mod deliveries;
mod failure;
mod notes;
mod past;
mod privacy;
mod replies;
mod rows;
mod sql;
mod store;
mod tally;
mod words;
mod write;

pub use backup::BackupError;
pub use store::{NoArchive, Store};
