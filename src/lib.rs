//! The server: everything that touches the outside world.
//!
//! The folders below never import each other; they meet in `components.rs` (and in `command/`, one file per
//! subcommand), where each gets the others' services through the ports of `hsc-actors`.

pub mod answers;
pub mod archive;
pub mod catalog_folder;
pub mod command;
mod components;
pub mod drain;
mod embedding_loader;
pub mod embeddings;
pub mod http;
pub mod identity;
mod listeners;
pub mod manuals;
pub mod outbound;
pub mod pods;
pub mod reload;
mod secrets;
pub mod server;
mod start_error;
mod temporary;
mod trace_exporter;
pub mod uploads;
pub mod webhooks;

/// Version of the server.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit of the sources: set by `build.rs`, `development` for a build that is not released.
pub const COMMIT: &str = env!("HSC_COMMIT");
/// Version and commit, as `hsc --version` shows them.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("HSC_COMMIT"), ")");
