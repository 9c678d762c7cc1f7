//! Networks in settings: an address, or an address and the length of its prefix.

use std::net::IpAddr;

use ipnet::IpNet;

/// The network that a setting names: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
///
/// `None` for text that is not a network, for bits after the prefix (`10.0.0.1/8` is either a mistyped address
/// or a mistyped prefix) and for a prefix of length 0, which contains every address of the internet.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().ok()?;
    (network == network.trunc() && network.prefix_len() > 0).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one_and_host_bits_are_refused() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7/32"),
            (" 10.0.0.0/8 ", "10.0.0.0/8"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ] {
            assert_eq!(network(text).map(|it| it.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            "proxy",
            "10.0.0.1/8",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0:80",
        ] {
            assert_eq!(network(text), None, "{text}");
        }
    }
}
