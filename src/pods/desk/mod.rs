//! The desk in Redis: [`Desk`](hsc_actors::ports::Desk) for many pods.
//!
//! All of it lies in one slot of a Cluster, and each call is one script, which Redis runs as a whole: of
//! two agents on two pods who take one conversation at the same instant, one gets it. Times are Redis'
//! own, so that clocks of pods need not agree. What must never be: a decision that a pod makes by what it
//! read before.

mod redis_desk;
mod reply;
mod scripts;

pub use redis_desk::RedisDesk;
