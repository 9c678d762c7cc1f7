//! What pods share, through Redis.
//!
//! [`Link`] is the one connection for commands; everything here goes over it, but for pub/sub, which
//! has its own. What must never be: a chat that waits for Redis longer than the settings say, a
//! command without a bound, a value of another version or another program that is trusted.

mod address;
mod breaker;
mod connection;
mod desk;
mod l2;
mod link;
mod log;
mod name;
mod pause;
mod pod_directory;
mod quota;
mod relay;
mod subscription;
mod target;

pub use address::InvalidAddress;
pub use connection::Connection;
pub use desk::RedisDesk;
pub use l2::{RedisL2Caches, RedisVectors};
pub use link::{Link, LinkError};
pub use log::RedisLog;
pub use name::name;
pub use pod_directory::RedisPodDirectory;
pub use quota::RedisQuota;
pub use relay::RedisRelay;

/// Looks whether the settings name a Redis that could be connected to; nobody is asked whether it is there.
///
/// # Errors
/// What is wrong with them, and what to do.
pub fn check(settings: &hsc_config::RedisSettings) -> Result<(), InvalidAddress> {
    match settings.url.reveal() {
        Some(_) => target::Target::new(settings).map(drop),
        None => Ok(()),
    }
}
