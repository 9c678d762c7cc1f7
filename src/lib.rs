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
mod outbound;
pub mod pods;
pub mod reload;
pub mod server;
mod start_error;
mod temporary;
pub mod uploads;
pub mod webhooks;
