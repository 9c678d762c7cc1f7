//! One visitor's session: a thin actor around a plain state machine.
//!
//! [`Conversation`](hsc_conversation::Conversation) has every rule and no runtime; [`Session`] has every effect and
//! no rule. The socket itself stands in `crate::socket`, the only file that knows the WebSocket library.

mod actor;
mod alone;
mod answering;
mod line;
#[cfg(test)]
pub(crate) mod live_tests;
mod log_opening;
mod logging;
mod reception;
#[cfg(test)]
mod resume_live_tests;
#[cfg(test)]
pub(crate) mod stage;
mod standing;
#[cfg(test)]
mod story_tests;
mod strain;

pub(crate) use actor::{Deliver, Session, Wiring};
pub(crate) use alone::{Completed, complete};
pub(crate) use line::{Line, Turn, Waited};
pub(crate) use standing::Standing;
pub(crate) use strain::Strain;
