//! One visitor's session: a thin actor around a plain state machine.
//!
//! [`Conversation`] has every rule and no runtime; [`Session`] has every effect and no rule. The
//! socket itself stands in `crate::socket`, the only file that knows the WebSocket library.

mod actor;
mod alone;
mod answering;
mod conversation;
mod earlier_client;
mod event;
mod foresight;
mod introduction;
mod kept;
mod language;
mod line;
#[cfg(test)]
pub(crate) mod live_tests;
mod logging;
mod minutes;
mod opening;
mod outbox;
mod person;
#[cfg(test)]
mod person_tests;
mod phrases;
mod predict;
mod rate;
mod reception;
mod recording;
#[cfg(test)]
mod recording_tests;
mod resume;
#[cfg(test)]
mod resume_live_tests;
#[cfg(test)]
mod resume_tests;
#[cfg(test)]
pub(crate) mod stage;
mod standing;
#[cfg(test)]
mod story_tests;
mod strain;
#[cfg(test)]
mod tests;

pub(crate) use actor::{Deliver, Session, Wiring};
pub(crate) use alone::{Completed, complete};
pub use conversation::{Conversation, Rules};
pub use event::{Effect, Event};
pub use kept::rewritten_checkpoint;
pub(crate) use line::{Line, Turn, Waited};
pub(crate) use minutes::Minutes;
pub use opening::{NotResumed, Opened, Opening};
pub(crate) use person::NO_SUCH_UPLOAD;
pub use person::{DeskAsk, DeskNews};
pub use predict::{brand_json, owners, predictions, whole_entry};
pub(crate) use rate::Bucket;
pub(crate) use recording::said_record;
pub(crate) use standing::Standing;
pub(crate) use strain::Strain;
