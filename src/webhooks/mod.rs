//! Webhooks: events of conversations, delivered to endpoints outside.
//!
//! ```text
//! record ─► event ─► Webhooks ─ Record::Deliver ─► archive ─ take_due ─► delivery_worker ─ signed POST ─► endpoint
//!                    one delivery an endpoint      survives a restart     one lane an endpoint
//! ```
//!
//! [`Webhooks`] observes archived events and announcements, and creates a delivery for each
//! endpoint that subscribes; [`Webhooks::delivery_worker`] delivers them, with retries.
//!
//! Never: a chat that waits for an endpoint, a note of the team in an event, a request to an
//! address that only this machine can reach, a redirect that is followed, a response read without a bound, one
//! endpoint that delays another.

mod delivery_worker;
mod endpoint;
mod sending;
mod service;

pub use endpoint::NoEndpoint;
pub use service::Webhooks;
