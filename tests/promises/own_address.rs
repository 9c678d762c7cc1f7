//! A loopback address for each server that a test starts.
//!
//! A port that is picked, released and handed to another process may be taken in between. Every address of
//! 127.0.0.0/8 is this machine, so a server gets an address that no other test has, and binds its usual port itself.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

/// An address that no other server of this process has, nor one of another process that runs now: its last two parts
/// are the process id.
pub(crate) fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let server = NEXT.fetch_add(1, Ordering::Relaxed);
    assert_ne!(server, 0, "a test process starts at most 255 servers");
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, server, high, low)
}
