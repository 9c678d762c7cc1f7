//! The log of conversations in memory: the log of a pod without Redis.
//!
//! [`MemoryLog`] is [`ConversationLog`](crate::ports::ConversationLog) over one plain table behind one
//! lock, which is held for the time of a few copies. Every rule is in the table, which has neither
//! clock nor lock: which entries expire, which are evicted, which pod may write. Never: an offset
//! that is given twice, an entry without all its successors, memory past the bound.

mod conversation_entries;
mod memory;
mod table;
#[cfg(test)]
mod tests;

pub use memory::MemoryLog;
pub use table::LogLimits;
