//! The desk: who waits for a person and who has one.
//!
//! [`HandoffService`] is what others hold; it asks the [`HandoffDesk`](crate::ports::HandoffDesk) and lets everybody hear what
//! changed. [`MemoryDesk`] is the desk of a pod without Redis: plain tables behind one lock, every rule in
//! them, which know neither clock nor lock. The clerk, a task of the tree, carries between the desk and
//! the sessions of this pod. What must never be: one conversation with two persons, a conversation that is
//! nowhere although nobody ended it, a chat that waits for the desk.

mod agents;
mod desk_relay;
mod handoff_service;
mod hours;
mod limits;
mod memory;
mod pace;
mod quota;
mod table;

pub(crate) use desk_relay::{LocalDeskConversations, clerk};
pub use handoff_service::HandoffService;
pub use hours::{Hours, InvalidHours};
pub use limits::DeskLimits;
pub use memory::MemoryDesk;
pub use pace::Pace;
pub use quota::HandoffLimits;
