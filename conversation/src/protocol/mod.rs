//! The wire protocol as plain types: messages of clients and messages to clients.
//!
//! Shared by the sessions, the REST routes, the load harness, the schema and the tests. Serde only: no actor and no
//! socket. Bytes become a [`ClientFrame`] once, in [`ClientFrame::parse`]; no later code checks a length again.

mod agent;
mod client;
mod desk;
mod error;
mod fields;
mod image;
mod live;
#[cfg(test)]
mod live_tests;
mod message_id;
mod prediction;
mod product;
mod schema;
mod server;
mod surrogates;
#[cfg(test)]
mod tests;

pub use agent::{
    AgentFrame, AgentMessage, DeskFrame, DeskMessage, DeskSnapshot, Draft, Note, Transcript,
    TranscriptEntry,
};
pub use client::{About, ClientFrame, ClientMessage, Hello, QueryMessage, Resume};
pub use desk::{AboutProduct, Agent, Presence, Ticket, TicketGone, TicketGoneReason};
pub use error::{CloseReason, ErrorCode};
pub use fields::InvalidMessage;
pub use image::{Image, ImageFile};
pub use live::{
    ChatMessage, Csat, Feedback, HandoffChange, HandoffState, HandoffWish, LeaveReason, QueueFor,
    Speaker, Thumb, VisitorMessage, plain_html,
};
pub use message_id::MessageId;
pub use prediction::{
    Context, Highlight, LeanBrand, LeanPrediction, LeanProduct, Prediction, PredictionContext,
    PredictionData, WholePrediction,
};
pub use product::{ManualLink, ManualSection, ManualSections, OneProduct};
pub use schema::{Ask, ClientSays, Envelope, schemas};
pub use server::{
    AnswerContext, DetectedProduct, FinalAnswer, Limits, Reason, ServerFrame, ServerMessage,
    Understood, Welcome,
};
pub use surrogates::without_lone_surrogates;
