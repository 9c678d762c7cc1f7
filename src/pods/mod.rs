//! What pods share, through Redis.
//!
//! [`Link`] is the one connection for commands; everything here goes over it, but for pub/sub, which
//! has its own. What must never be: a chat that waits for Redis longer than the settings say, a
//! command without a bound, a value of another version or another program that is trusted.

mod address;
mod breaker;
mod connection;
mod desk;
mod hearing;
mod link;
mod log;
mod name;
mod pause;
mod quota;
mod relay;
mod roll;
mod second;
mod target;

pub use address::BadAddress;
pub use connection::Connection;
pub use desk::RedisDesk;
pub use link::{Link, LinkError};
pub use log::RedisLog;
pub use name::name;
pub use quota::RedisQuota;
pub use relay::RedisRelay;
pub use roll::RedisRoll;
pub use second::{RedisVectors, SecondLayers};

/// Looks whether the settings name a Redis that could be connected to; nobody is asked whether it is there.
///
/// # Errors
/// What is wrong with them, and what to do.
pub fn check(settings: &hsc_config::RedisSettings) -> Result<(), BadAddress> {
    match settings.url.reveal() {
        Some(_) => target::Target::new(settings).map(drop),
        None => Ok(()),
    }
}
