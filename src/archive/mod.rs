//! The archive: conversations, accounts and analytics in a database.
//!
//! One [`Store`] implements the ports of `hsc_actors::ports::archive` over SQLite (a file, the default)
//! or PostgreSQL. Both use the same SQL except for the search index, so every statement is written once;
//! `migrations/` are built in and run when the database is first reached. How the files meet: `store`
//! connects and runs queries (`database` has the connections, `sql` the values), `schema` migrates, `write` writes
//! batches (`tally` counts them for the analytics), `spill` stores what a stopping server could not write, `reproject`
//! writes the rows of stored events again, the others query.
//!
//! Never: a value concatenated into a statement's text, a statement that only one of the two
//! databases understands outside a branch for that database, a reply that takes longer than the settings allow.

mod accounts;
mod analytics;
mod backup;
mod database;
mod deliveries;
mod past;
mod privacy;
mod reproject;
mod schema;
mod spill;
mod sql;
mod store;
mod tally;
mod team;
mod words;
mod write;

pub use backup::BackupError;
pub use reproject::Reprojected;
pub use schema::IncompatibleSchema;
pub use spill::{SpillFolder, Spilled};
pub use store::{NoArchive, Store};
