//! What pods share, through Redis.
//!
//! [`Link`] is the one connection for commands; everything here goes over it, but for pub/sub, which
//! has its own. What must never be: a chat that waits for Redis longer than the settings say, a
//! command without a bound, a value of another version or another program that is trusted.

mod link;
mod name;

pub use link::{Link, LinkError};
pub use name::name;
