//! A visitor's requests beside the socket: pictures, offline messages, the transcript.
//!
//! The token of `welcome`, sent in a header, replaces a session for visitors: it names the conversation and proves
//! that it is theirs. It is not a cookie, so no other page can make a browser send it. Pages of other origins may
//! call (the widget runs there) as far as `server.allowed_origins` allows.

mod allowance;
mod offline_message;
mod options;
mod token;
mod transcript;
mod uploads;

pub use allowance::Allowances;
pub(super) use offline_message::*;
pub(super) use options::*;
pub(super) use transcript::*;
pub(super) use uploads::*;
