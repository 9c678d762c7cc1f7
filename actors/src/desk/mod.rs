//! The desk in this process: who waits for a person and who has one, for a pod without Redis.
//!
//! [`MemoryDesk`] is [`Desk`](crate::ports::Desk) over plain tables behind one lock. Every rule is in the
//! tables, which know neither clock nor lock. What must never be: one conversation with two persons, a
//! conversation that is nowhere although nobody ended it.

mod agents;
mod limits;
mod memory;
mod pace;
mod table;

pub use limits::DeskLimits;
pub use memory::MemoryDesk;
pub use pace::Pace;
