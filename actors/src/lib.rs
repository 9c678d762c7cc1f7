//! Everything that is alive: sessions, the registry that supervises them, the shelf of read manuals.
//!
//! Others hold handles with plain methods, never an address. What actors ask of the outside world
//! stands in [`ports`]; what they say to it in [`protocol`].

pub mod ports;
pub mod protocol;
