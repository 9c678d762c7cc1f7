//! Webhooks: what happens in conversations, told to endpoints outside.
//!
//! ```text
//! record ─► event ─► Webhooks ─ Record::Deliver ─► archive ─ take_due ─► courier ─ signed POST ─► endpoint
//!                    one delivery an endpoint      survives a restart     one lane an endpoint
//! ```
//!
//! [`Webhooks`] hears what is written into the archive and what is announced, and makes a delivery for each
//! endpoint that takes it; [`Webhooks::courier`] delivers them, tries again, and gives up.
//!
//! What must never be: a chat that waits for an endpoint, a note of the team in an event, a request to an
//! address that only this machine can reach, a redirect that is followed, an answer read without a bound, one
//! endpoint that holds up another.

mod delivery_worker;
mod endpoint;
mod event;
mod sending;
mod service;
mod signing;

pub use endpoint::NoEndpoint;
pub use service::Webhooks;
