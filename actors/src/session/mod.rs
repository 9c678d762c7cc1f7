//! A visitor's session: a thin actor around a plain state machine.
//!
//! [`Conversation`](hsc_conversation::Conversation) has every rule and no runtime; [`Session`] has every effect and
//! no rule. The socket itself is in `crate::socket`, the only file that uses the WebSocket library. [`PodTakeover`]
//! runs conversations without a socket, of pods that have vanished.

mod actor;
mod answer_queue;
mod answering;
mod context;
mod desk_client;
#[cfg(test)]
pub(crate) mod live_tests;
mod log_state;
mod overload;
#[cfg(test)]
mod resume_live_tests;
#[cfg(test)]
mod story_tests;
mod takeover;
#[cfg(test)]
pub(crate) mod test_pod;

pub(crate) use actor::Session;
pub(crate) use answer_queue::{AnswerQueue, QueueOutcome, QueueUpdate};
pub use context::PodServices;
pub(crate) use context::SessionContext;
pub(crate) use overload::Overload;
pub(crate) use takeover::{PodDeparted, PodTakeover};
