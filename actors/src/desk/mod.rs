//! The desk: the queue of handoffs, and which agent has which conversation.
//!
//! [`HandoffService`] is the handle; it calls the [`HandoffDesk`](crate::ports::HandoffDesk) and announces changes.
//! [`MemoryDesk`] is the desk of a pod without Redis: plain tables behind one lock, which contain every rule and use
//! neither clock nor lock. The relay, a task of the tree, connects the desk with the sessions of this pod. What must
//! never be: one conversation with two agents, a conversation that is lost without having ended, a chat that waits
//! for the desk.

mod agents;
mod desk_relay;
mod handoff_service;
mod hours;
mod memory;
mod quota;
mod table;

pub(crate) use desk_relay::desk_relay;
pub use handoff_service::HandoffService;
pub use hours::{Hours, InvalidHours};
pub use memory::MemoryDesk;
pub use quota::HandoffLimits;
pub use table::{DeskLimits, Pace};
