//! The wire protocol as plain types: messages of clients and messages to clients.
//!
//! Shared by the sessions, the REST routes, the load harness, the schema and the tests. Serde only: no actor and no
//! socket. Bytes become a [`ClientFrame`] once, in [`ClientFrame::parse`]; no later code checks a length again.

mod agent;
mod client;
mod error;
mod fields;
mod image;
mod live;
#[cfg(test)]
mod live_tests;
mod product;
mod schema;
mod server;
#[cfg(test)]
mod tests;

pub use crate::message_id::MessageId;
pub use agent::{
    AgentFrame, AgentMessage, DeskMessage, DeskSnapshot, Draft, Note, Transcript, TranscriptEntry,
};
pub use client::{About, ClientFrame, ClientMessage, Hello, QueryMessage, Resume};
pub use error::{CloseReason, ErrorCode};
pub use fields::{InvalidMessage, without_lone_surrogates};
pub use image::{Image, ImageFile};
pub use live::{
    AboutProduct, Agent, ChatMessage, Csat, Feedback, HandoffChange, HandoffState, HandoffWish,
    LeaveReason, Presence, QueueFor, Speaker, Thumb, Ticket, TicketGone, TicketGoneReason,
    VisitorMessage, plain_html,
};
pub use product::{ManualLink, ManualSection, ManualSections, OneProduct};
pub use schema::{Ask, ClientSays, Envelope, schemas};
pub use server::{
    AnswerContext, DetectedProduct, FinalAnswer, Highlight, LeanBrand, LeanPrediction, LeanProduct,
    Limits, Prediction, PredictionContext, PredictionData, Reason, ServerFrame, ServerMessage,
    Understood, Welcome, WholePrediction,
};
