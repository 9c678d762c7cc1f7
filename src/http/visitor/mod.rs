//! What a visitor does beside the socket: pictures, a message for later, the transcript.
//!
//! The token of `welcome`, brought in a header, is what a visitor has instead of a session: it names the
//! conversation and proves that it is theirs. It is no cookie, so no other page can have a browser bring it.
//! Pages of elsewhere may call (the widget lives there) as far as `server.allowed_origins` lets them.

mod address;
mod allowance;
mod left;
mod options;
mod token;
mod transcript;
mod uploads;

pub(super) use address::words;
pub use allowance::Allowances;
pub(super) use left::*;
pub(super) use options::*;
pub(super) use transcript::*;
pub(super) use uploads::*;
