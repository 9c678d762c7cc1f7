//! The log of conversations in Redis: [`ConversationLog`](hsc_actors::ports::ConversationLog) for many pods.
//!
//! A conversation is a hash and a stream, in one slot of a Cluster; a conversation under the keys of
//! the previous version is moved when it is taken over. Each call is one atomic script: ownership check,
//! deduplication, append and publication are one step, whatever other pods do at the same time.
//!
//! Never: a value trusted because it is stored under a key of this server; an offset that goes through a float;
//! a write before all reads.

mod redis_log;
mod reply;
mod scripts;

pub use redis_log::RedisLog;
