//! Everything that is alive: sessions, the table of who is connected, the shelf of read manuals.
//!
//! Others hold handles with plain methods, never an address. What actors ask of the outside world
//! stands in [`ports`]; what they say to it in [`protocol`]. This crate never imports the server.

mod house;
pub mod ports;
pub mod protocol;
pub mod session;
mod sessions;
mod shelf;
mod socket;
pub mod supervision;

pub use house::{House, SocketLimits};
pub use sessions::{Refused, Sessions};
pub use shelf::{Shelf, ShelfLimits};
