//! The desk in Redis: [`HandoffDesk`](hsc_actors::ports::HandoffDesk) for many pods.
//!
//! All its keys are in one slot of a Cluster, and each call is one atomic script: if two agents on two pods take one
//! conversation at the same time, exactly one gets it. Times are those of Redis, so the clocks of pods need not agree.
//! Never: a decision that a pod makes from data it read earlier.

mod redis_desk;
mod reply;
mod scripts;

pub use redis_desk::RedisDesk;
