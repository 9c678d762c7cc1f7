//! A loopback address for each server that a test starts.
//!
//! A port that is picked, released and passed to another process may be taken in between. Every address of
//! 127.0.0.0/8 is local, so a server gets an address that no other test has, and binds its usual port itself.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bits of an address for the number of the server, and for the process id: together the host part of
/// 127.0.0.0/8.
const SERVER_BITS: u32 = 10;
const PROCESS_BITS: u32 = 14;

/// An address that no other server of this process has, nor one of another running test process.
pub(crate) fn own_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server = NEXT.fetch_add(1, Ordering::Relaxed);
    // The last one would be the broadcast address.
    assert!(server + 1 < 1 << SERVER_BITS, "a test process starts at most 1,022 servers");
    let process = std::process::id() % (1 << PROCESS_BITS);
    Ipv4Addr::from(127 << 24 | server << PROCESS_BITS | process)
}

#[test]
fn each_server_has_a_loopback_address_of_its_own() {
    let (one, other) = (own_address(), own_address());
    assert_ne!(one, other);
    assert!(one.is_loopback() && other.is_loopback() && one != Ipv4Addr::LOCALHOST);
}
