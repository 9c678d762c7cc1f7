//! The team's data in the archive: past conversations, canned replies, offline messages, the audit, the
//! figures, the accounts.
//!
//! Agents read what they need for a chat ([`Agent`](super::guard::Agent)); audit, figures and accounts are for
//! admins ([`Admin`](super::guard::Admin)). All data comes from a port of [`Dependencies`](super::Dependencies),
//! and an unavailable archive is an error response: no chat waits for any of this. Text is returned as text, in JSON
//! and in CSV.

mod accounts;
mod analytics;
mod archived;
mod reads;
mod replies;
mod table;

pub(crate) use accounts::*;
pub(crate) use analytics::*;
pub(crate) use archived::*;
pub use reads::Reads;
pub(crate) use replies::*;
