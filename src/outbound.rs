//! Shared by all HTTP clients of outside hosts: TLS, the check for public addresses, and `Retry-After`.
//!
//! An address from another party (a catalog, a redirect, a provider's response) must not
//! reach hosts that only this machine can reach. The check happens after the name is
//! resolved, and the connection uses exactly the addresses that were checked, so that a name cannot
//! resolve differently in between.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

/// Whom the clients trust: the well-known roots, and the configured ones. The certificates of the system are not
/// read, so an image needs none.
#[derive(Debug, Clone)]
pub struct OutboundTls(rustls::ClientConfig);

/// The file of certificate authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use the certificate authorities in {path} (outbound.ca_file or --ca-file): {cause}"
)]
pub struct InvalidCaFile {
    path: String,
    cause: String,
}

impl OutboundTls {
    /// Trusts the well-known roots and the PEM certificates of a file; no file for an empty path.
    ///
    /// # Errors
    /// When the file cannot be read, has no certificate or an invalid one.
    pub fn new(ca_file: &str) -> Result<Self, InvalidCaFile> {
        let invalid = |cause: String| InvalidCaFile { path: ca_file.to_owned(), cause };
        let known = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        let mut roots = rustls::RootCertStore::from_iter(known);
        if !ca_file.is_empty() {
            let certificates = CertificateDer::pem_file_iter(ca_file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|cause| invalid(cause.to_string()))?;
            if certificates.is_empty() {
                return Err(invalid("it has no PEM certificate".to_owned()));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|cause| invalid(cause.to_string()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| invalid(cause.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(config))
    }

    /// For a client.
    pub(crate) fn config(&self) -> rustls::ClientConfig {
        self.0.clone()
    }
}

/// Hosts that may have any address, as `name` or `name:port`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed(Vec<String>);

impl Allowed {
    pub(crate) fn new(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect())
    }

    fn holds(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.0.iter().any(|allowed| *allowed == host || *allowed == with_port)
    }
}

/// How far an address is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Any address: the settings name the host.
    Named,
    /// Public addresses only.
    Public,
}

/// Why an address is refused.
#[derive(Debug)]
pub(crate) enum AddressRefused {
    /// Neither http nor https, or no host in it.
    NoHost,
    /// Only this machine or its network can reach it.
    NotPublic { host: String, address: String },
}

/// Checks an address before the request. A host name is checked again once it is resolved.
pub(crate) fn check_address(url: &Url, allowed: &Allowed) -> Result<Trust, AddressRefused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressRefused::NoHost);
    }
    let literal = match url.host() {
        None => return Err(AddressRefused::NoHost),
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
    };
    if allowed.holds(url) {
        return Ok(Trust::Named);
    }
    match literal {
        Some(address) if !is_public(address) => Err(AddressRefused::NotPublic {
            host: url.host_str().unwrap_or_default().to_owned(),
            address: address.to_string(),
        }),
        _ => Ok(Trust::Public),
    }
}

/// The builder of a client for hosts of this trust: it follows no redirect, uses no proxy, and
/// connects to a host outside the settings at its checked addresses only.
pub(crate) fn client_builder(trust: Trust, tls: &OutboundTls) -> ClientBuilder {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls.config())
        .redirect(reqwest::redirect::Policy::none())
        // A proxy would resolve names itself, and no address could be checked.
        .no_proxy()
        .referer(false);
    match trust {
        Trust::Named => builder,
        Trust::Public => builder.dns_resolver(Arc::new(PublicOnly)),
    }
}

/// The refused name in an error of a client.
pub(crate) fn not_public(error: &reqwest::Error) -> Option<&NotPublic> {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.find_map(|cause| cause.downcast_ref())
}

/// The wait that a response asks for by its `Retry-After`: seconds or a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    wait(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), SystemTime::now())
}

fn wait(retry_after: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = retry_after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(retry_after).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// True for an address on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0 // this network
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local() // also where clouds keep their metadata
        || address.is_broadcast()
        || address.is_documentation()
        || a >= 224 // multicast and reserved
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, withdrawn
        || (a == 198 && (b == 18 || b == 19))) // benchmarks
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = inner_v4(address) {
        return is_public_v4(inner);
    }
    let [a, b, ..] = address.segments();
    // Only 2000::/3 is allocated; the rest is loopback, local, multicast or reserved. Inside
    // it 2001:db8::/32 and 3fff::/20 are for documentation, 2001::/23 for protocols.
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && (b == 0xdb8 || b < 0x200))
        && !(a == 0x3fff && b < 0x1000)
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, NAT64 or 6to4. Such an address
/// leads to the inner one.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0 | 0xffff) | (0, 0, 0, 0, 0xffff, 0) | (0x64, 0xff9b, ..) => v4(g, h),
        (0x2002, ..) => v4(b, c),
        _ => None,
    }
}

/// Resolves names to public addresses only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicOnly;

/// A name with an address that is refused. Recovered from the client's error.
#[derive(Debug, thiserror::Error)]
#[error("{host} lies at {address}, which is not on the public internet")]
pub(crate) struct NotPublic {
    pub(crate) host: String,
    pub(crate) address: String,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            // One refused address refuses the name: a name with both public and internal addresses is an attack.
            if let Some(bad) = found.iter().find(|address| !is_public(address.ip())) {
                let address = bad.ip().to_string();
                return Err(NotPublic { host, address }.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused_by_the_resolver() {
        let error = PublicOnly.resolve("localhost".parse().expect("a name")).await.err();
        assert!(error.is_some_and(|error| error.is::<NotPublic>()));
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(wait("120", now), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:40 GMT", now), Some(Duration::from_secs(3)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("soon", now), None);
        let headers = HeaderMap::from_iter([(RETRY_AFTER, " 120".parse().expect("a value"))]);
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(120)));
    }
}
