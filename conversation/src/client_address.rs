//! The address of a client: in full for the audit and the log, and as the key that limits count by.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

/// Bits of an IPv6 address that a network assigns to one subscriber (RFC 6177). A subscriber has 2^64 addresses below
/// them, so a limit on single addresses would have no effect.
const SUBSCRIBER_BITS: u8 = 64;

/// The address of a client, as the HTTP side determines it: that of the TCP peer, or the one that a trusted proxy
/// forwards. An IPv4 address inside an IPv6 one (`::ffff:192.0.2.7`) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address of a request without a network; only tests make one.
    pub const NONE: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// The address in its canonical form.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The whole address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The key by which limits count this client.
    pub fn key(self) -> ClientKey {
        match self.0 {
            IpAddr::V4(_) => ClientKey(self.0),
            IpAddr::V6(address) => {
                let host_bits = 128 - u32::from(SUBSCRIBER_BITS);
                ClientKey(Ipv6Addr::from_bits(address.to_bits() >> host_bits << host_bits).into())
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key of per-client limits: an IPv4 address, or the first 64 bits of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(IpAddr);

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(prefix) => write!(f, "{prefix}/{SUBSCRIBER_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> ClientAddress {
        ClientAddress::new(text.parse().expect("an address"))
    }

    #[test]
    fn the_key_of_ipv4_is_the_address_and_of_ipv6_the_first_64_bits() {
        assert_eq!(of("::ffff:8.8.8.8"), of("8.8.8.8"));
        assert_ne!(of("8.8.8.8").key(), of("8.8.8.9").key());
        assert_eq!(of("2a00:1450::1:2").key(), of("2a00:1450::ffff:3").key());
        assert_ne!(of("2a00:1450::1").key(), of("2a00:1450:0:1::1").key());
        assert_eq!(of("2a00:1450:1:2:3::4").key().to_string(), "2a00:1450:1:2::/64");
        assert_eq!(of("2a00:1450:1:2:3::4").to_string(), "2a00:1450:1:2:3::4");
        assert_eq!(of("8.8.8.8").key().to_string(), "8.8.8.8");
    }
}
