//! The log of conversations in Redis: [`ConversationLog`](hsc_actors::ports::ConversationLog) for many
//! pods.
//!
//! A conversation is a hash and a stream, in one slot of a Cluster; a conversation under the keys of the version
//! before is moved when it is taken over. Each call is one script, which Redis
//! runs as a whole: who may write, what is there already, what is appended and who is told are decided
//! in one piece, whatever pods do at the same time. What must never be: a value trusted because it lies
//! under a key of ours; an offset that goes through a float; a write before everything is read.

mod redis_log;
mod reply;
mod scripts;

pub use redis_log::RedisLog;
