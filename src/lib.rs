//! The server: what meets the outside world.
//!
//! The rooms below never import each other; they meet in `components.rs` (and in `command/`, one file a
//! subcommand), where each is given what it needs of the others through the ports of `hsc-actors`.

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
