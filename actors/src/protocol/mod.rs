//! The wire as plain types: what clients send and what they get.
//!
//! Shared by the sessions, the REST routes, the load harness, the schema and the tests. Serde only:
//! nothing here knows an actor or a socket. Bytes become a [`ClientFrame`] once, in
//! [`ClientFrame::parse`]; past it nobody checks a length again.

mod client;
mod error;
mod prediction;
mod schema;
mod server;
#[cfg(test)]
mod tests;

pub use client::{
    BadMessage, ClientFrame, ClientMessage, Hello, Image, MessageId, QueryMessage, Resume, Scenario,
};
pub use error::{CloseReason, ErrorCode};
pub use prediction::{
    Context, Highlight, LeanBrand, LeanProduct, Prediction, PredictionContext, PredictionData,
};
pub use schema::{Ask, ClientSays, Envelope, schemas};
pub use server::{AnswerContext, FinalAnswer, Limits, Reason, ServerFrame, ServerMessage, Welcome};
