//! Which addresses may be fetched from.
//!
//! A catalog is data: the author of a manual's address must not thereby reach hosts that
//! only this machine can reach: its own services, the neighbours in its network, the metadata service
//! of a cloud. The check happens after the name is resolved, and the connection uses exactly the
//! addresses that were checked, so that a name cannot resolve differently in between.

use url::Url;

use super::super::LoadError;
use crate::outbound::{AddressRefused, trusted};
pub(super) use crate::outbound::{Allowed, Trust};

/// Checks an address before the request. A host name is checked again once it is resolved.
pub(super) fn check(url: &Url, allowed: &Allowed) -> Result<Trust, LoadError> {
    trusted(url, allowed).map_err(|not| match not {
        AddressRefused::NoHost => LoadError::BadAddress { url: url.to_string() },
        AddressRefused::NotPublic { host, address } => LoadError::Forbidden { host, address },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, allowed: &[&str]) -> Result<Trust, LoadError> {
        let allowed =
            Allowed::new(&allowed.iter().map(|&host| host.to_owned()).collect::<Vec<_>>());
        check(&Url::parse(url).expect("an address"), &allowed)
    }

    #[test]
    fn internal_addresses_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.9.9",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[2001:db8::1]",
        ] {
            let url = format!("http://{host}/manual.pdf");
            assert!(matches!(checked(&url, &[]), Err(LoadError::Forbidden { .. })), "{host}");
        }
    }

    #[test]
    fn public_addresses_and_names_are_allowed() {
        for host in ["8.8.8.8", "172.15.0.1", "100.128.0.1", "[2606:4700::1111]", "example.com"] {
            let url = format!("https://{host}/");
            assert!(matches!(checked(&url, &[]), Ok(Trust::Public)), "{host}");
        }
    }

    #[test]
    fn a_configured_host_may_have_any_address_and_a_port_narrows_it() {
        assert!(matches!(checked("http://127.0.0.1:8080/", &["127.0.0.1"]), Ok(Trust::Named)));
        assert!(matches!(checked("http://127.0.0.1:8080/", &["127.0.0.1:8080"]), Ok(Trust::Named)));
        assert!(checked("http://127.0.0.1:9090/", &["127.0.0.1:8080"]).is_err());
        assert!(matches!(checked("http://Wiki.Local/", &["wiki.local:80"]), Ok(Trust::Named)));
    }

    #[test]
    fn other_schemes_are_invalid_addresses() {
        for url in
            ["file:///etc/passwd", "ftp://example.com/", "data:text/plain,hello", "gopher://x/"]
        {
            assert!(matches!(checked(url, &[]), Err(LoadError::BadAddress { .. })), "{url}");
        }
    }
}
