//! What the team reads and writes out of the archive: past conversations, canned replies, messages that were
//! left, the audit, the figures, the team's own accounts.
//!
//! Agents have what they need while they talk ([`Agent`](super::identity::Agent)); audit, figures and accounts are
//! for admins ([`Admin`](super::identity::Admin)). Everything is asked of a port of [`Dependencies`](super::Dependencies), and
//! an archive that is away is said in words: no chat waits for any of this. Text goes out as text, in JSON and
//! in CSV.

mod accounts;
mod analytics;
mod asked;
mod audit;
mod columns;
mod conversations;
mod left_messages;
mod reads;
mod replies;
mod table;

pub(crate) use accounts::*;
pub(crate) use analytics::*;
pub(crate) use audit::*;
pub(crate) use conversations::*;
pub(crate) use left_messages::*;
pub use reads::Reads;
pub(crate) use replies::*;
