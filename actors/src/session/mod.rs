//! One visitor's session: a thin actor around a plain state machine.
//!
//! [`Conversation`] has every rule and no runtime; [`Session`] has every effect and no rule. The
//! socket itself stands in `crate::socket`, the only file that knows the WebSocket library.

mod actor;
mod conversation;
mod predict;
mod rate;
#[cfg(test)]
mod tests;

pub(crate) use actor::{Deliver, Session, Wiring};
pub use conversation::{Conversation, Effect, Event, Rules};
pub use predict::{brand_json, predictions, whole_entry};
pub(crate) use rate::Bucket;
