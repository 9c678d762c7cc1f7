//! The log of conversations, kept in this process: what a pod without Redis has.
//!
//! [`MemoryLog`] is [`ConversationLog`](crate::ports::ConversationLog) over one plain table behind one
//! lock, which is held for the time of a few copies. Every rule is in the table, which knows neither
//! clock nor lock: what is too old, what no longer fits, who may write. What must never be: an offset
//! given twice, an entry of a conversation without all that come after it, memory past the bound.

mod conversation_entries;
mod memory;
mod table;
#[cfg(test)]
mod tests;

pub use memory::MemoryLog;
pub use table::LogLimits;
