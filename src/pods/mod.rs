//! State that pods share, through Redis.
//!
//! [`Link`] is the one connection for commands; everything here uses it except pub/sub, which
//! has its own. Shared quotas and vectors are ports of the link itself.
//!
//! Never: a chat that waits for Redis longer than the settings allow, a command without a bound, a trusted value of
//! another version or another program.

mod address;
mod breaker;
mod desk;
mod l2;
mod link;
mod log;
mod pod_directory;
mod quota;
mod relay;
mod target;

pub use address::InvalidAddress;
pub use desk::RedisDesk;
pub use l2::l2_cache;
pub use link::{Link, LinkError};
pub use log::RedisLog;
pub use pod_directory::{RedisPodDirectory, name};
pub use relay::RedisRelay;
pub use target::Connection;

/// Checks that the settings name a valid address of Redis; does not connect.
///
/// # Errors
/// What is wrong with the settings, and how to correct it.
pub fn check(settings: &hsc_config::RedisSettings) -> Result<(), InvalidAddress> {
    match settings.url.reveal() {
        Some(_) => target::Target::new(settings).map(drop),
        None => Ok(()),
    }
}
