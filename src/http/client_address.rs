//! Resolves the address of a client, and the scheme and host that its browser used.
//!
//! The client is the TCP peer. If the peer is one of `server.trusted_proxies`, the reported hops are followed from
//! the nearest to the farthest, as long as each is a trusted proxy too: first the source in the PROXY header, then
//! the entries of `Forwarded` or `X-Forwarded-For` from right to left. The first hop that is not a trusted proxy is
//! the client: everything to the left of it was written by the client.
//!
//! Never     reads a forwarding header of a peer that is not trusted; never reads `X-Real-IP`.
//! Never     prefers `Forwarded` over `X-Forwarded-For` or the reverse: a proxy that writes one forwards the other as
//!           the client wrote it. If they disagree, neither counts, and the proxy is the client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Once;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, web};
use hsc_conversation::ClientAddress;
use ipnet::IpNet;
use log::warn;

use crate::outbound::is_public;

const FORWARDED: &str = "forwarded";
const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";
const X_FORWARDED_HOST: &str = "x-forwarded-host";

/// The proxies whose forwarding headers count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// From the settings, which are validated.
    pub fn new(networks: &[String]) -> Self {
        Self(networks.iter().filter_map(|text| hsc_config::network(text)).collect())
    }

    /// True if this is the address of a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Facts about a connection that only the listener knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connection {
    /// The source in the PROXY header of a trusted peer.
    pub proxied: Option<SocketAddr>,
    /// True if TLS ends in this process.
    pub is_tls: bool,
}

/// The address of the client that made this request.
pub(super) fn client_address(request: &HttpRequest) -> ClientAddress {
    resolved(request).map_or(ClientAddress::NONE, |it| it.client)
}

/// Scheme and host (with the port, unless it is the default) that the browser used, in lower case. From the headers
/// of a trusted proxy; otherwise from the connection.
pub(super) fn public_authority(request: &HttpRequest) -> (&'static str, String) {
    let text = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    let scheme = if connection(request).is_tls { "https" } else { "http" };
    let host = text("host").or_else(|| request.uri().authority().map(|it| it.as_str()));
    let host = host.unwrap_or_default().to_lowercase();
    let Some(resolved) = resolved(request) else { return (scheme, host) };
    (resolved.scheme.unwrap_or(scheme), resolved.host.unwrap_or(host))
}

/// Warns once when a peer that is probably a proxy is not in the settings: all of its clients would count as one.
pub(super) fn warn_of_unknown_proxy(request: &HttpRequest) {
    static WARNED: Once = Once::new();
    let forwards =
        [FORWARDED, X_FORWARDED_FOR].iter().any(|it| request.headers().contains_key(*it));
    if !forwards || WARNED.is_completed() {
        return;
    }
    let Some(peer) = peer(request).map(|it| it.to_canonical()) else { return };
    let is_trusted = trusted(request).is_some_and(|it| it.contains(peer));
    // A client on the public internet may write any header; a neighbour that forwards is a proxy.
    if !is_trusted && !is_public(peer) {
        WARNED.call_once(|| {
            warn!(peer:%; "requests are forwarded by a proxy that server.trusted_proxies does not name: all \
                of its clients count as one, and its scheme and host are not believed");
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the peer")]
fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|it| it.ip())
}

fn trusted(request: &HttpRequest) -> Option<&TrustedProxies> {
    request.app_data::<web::Data<TrustedProxies>>().map(|it| it.get_ref())
}

fn connection(request: &HttpRequest) -> Connection {
    request.conn_data::<Connection>().copied().unwrap_or_default()
}

/// The result of following the hops.
#[derive(Debug, PartialEq, Eq)]
struct ResolvedClient {
    client: ClientAddress,
    scheme: Option<&'static str>,
    host: Option<String>,
}

impl ResolvedClient {
    /// A client of which no hop reports more than the address.
    fn only(address: IpAddr) -> Self {
        Self { client: ClientAddress::new(address), scheme: None, host: None }
    }
}

fn resolved(request: &HttpRequest) -> Option<ResolvedClient> {
    let peer = peer(request)?;
    Some(match trusted(request) {
        Some(trusted) => follow(trusted, peer, connection(request), request.headers()),
        None => ResolvedClient::only(peer),
    })
}

/// A hop from a forwarding header: address, scheme and host.
#[derive(Debug, Default)]
struct Hop {
    /// None if the proxy does not report it, or in an unreadable form.
    address: Option<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<String>,
}

fn follow(
    trusted: &TrustedProxies,
    peer: IpAddr,
    connection: Connection,
    headers: &HeaderMap,
) -> ResolvedClient {
    let source = connection.proxied.map_or(peer, |it| it.ip());
    for hop in [peer, source] {
        if !trusted.contains(hop) {
            return ResolvedClient::only(hop);
        }
    }
    let forwarded = hops(headers, FORWARDED, elements).map(|it| walk(trusted, source, it));
    let x_forwarded = hops(headers, X_FORWARDED_FOR, addresses).map(|it| walk(trusted, source, it));
    let client = match (&forwarded, &x_forwarded) {
        (Some((one, _)), Some((other, _))) if one != other => return ResolvedClient::only(source),
        (Some((address, _)), _) | (None, Some((address, _))) => *address,
        (None, None) => source,
    };
    let hop = forwarded.map(|(_, hop)| hop).unwrap_or_default();
    let x_scheme = last(headers, X_FORWARDED_PROTO).and_then(|text| scheme(&text));
    let x_host = last(headers, X_FORWARDED_HOST);
    ResolvedClient {
        client: ClientAddress::new(client),
        scheme: agreed(hop.scheme, x_scheme),
        host: agreed(hop.host, x_host),
    }
}

/// The farthest hop that can be trusted, from right to left, and the hop that reports it.
fn walk(trusted: &TrustedProxies, nearest: IpAddr, hops: Vec<Hop>) -> (IpAddr, Hop) {
    let (mut client, mut last) = (nearest, Hop::default());
    for hop in hops.into_iter().rev() {
        let Some(address) = hop.address else {
            last = hop;
            break;
        };
        client = address;
        last = hop;
        if !trusted.contains(address) {
            break;
        }
    }
    (client, last)
}

/// The value of two headers: of one of them, or of both if they agree; none if they disagree.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// The last value of a list header: the one from the nearest proxy.
fn last(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get_all(name).last()?.to_str().ok()?;
    let last = text.rsplit(',').next()?.trim();
    (!last.is_empty()).then(|| last.to_lowercase())
}

fn scheme(text: &str) -> Option<&'static str> {
    match text {
        it if it.eq_ignore_ascii_case("https") => Some("https"),
        it if it.eq_ignore_ascii_case("http") => Some("http"),
        _ => None,
    }
}

/// The hops of a forwarding header, over all its lines in order; none without the header. A line that `read` does not
/// understand counts as one hop without data: a client that leaves a quote open must not change what its proxy appends.
fn hops(
    headers: &HeaderMap,
    name: &str,
    read: impl Fn(&str) -> Option<Vec<Hop>>,
) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for line in headers.get_all(name) {
        let read = line.to_str().ok().and_then(&read);
        hops.extend(read.unwrap_or_else(|| vec![Hop::default()]));
    }
    headers.contains_key(name).then_some(hops)
}

/// The entries of a line of `X-Forwarded-For`.
fn addresses(line: &str) -> Option<Vec<Hop>> {
    let entries = line.split(',').map(|it| Hop { address: node(it.trim()), ..Hop::default() });
    Some(entries.collect())
}

/// The elements of a line of `Forwarded` (RFC 7239): `for=192.0.2.43;proto=http, for="[2001:db8::1]:4711"`.
fn elements(line: &str) -> Option<Vec<Hop>> {
    let (mut hops, mut hop) = (Vec::new(), Hop::default());
    let mut rest = line.trim();
    loop {
        if let Some((name, after)) = rest.split_once('=')
            && is_token(name.trim_start())
        {
            let (value, after) = value(after)?;
            match name.trim_start().to_ascii_lowercase().as_str() {
                "for" => hop.address = node(&value),
                "proto" => hop.scheme = scheme(&value),
                "host" => hop.host = Some(value.to_lowercase()).filter(|it| !it.is_empty()),
                _ => {}
            }
            rest = after.trim_start();
        } else if !rest.is_empty() && !rest.starts_with([',', ';']) {
            return None;
        }
        match rest.chars().next() {
            Some(';') => rest = rest[1..].trim_start(),
            Some(',') => {
                hops.push(std::mem::take(&mut hop));
                rest = rest[1..].trim_start();
            }
            Some(_) => return None,
            None => break,
        }
    }
    hops.push(hop);
    Some(hops)
}

/// A token or a quoted string, and the text after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';', '"', ' ', '\t']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let (mut value, mut letters) = (String::new(), quoted.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it))
}

/// The address of a node: an IPv4 address, an IPv6 address with or without brackets, each with or without a
/// port, in quotes or not. None for `unknown`, an obfuscated identifier (`_hidden`) and everything else.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
    let is_port = |port: &str| {
        let obfuscated = port.strip_prefix('_').is_some_and(|it| !it.is_empty());
        obfuscated || port.parse::<u16>().is_ok()
    };
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, after) = bracketed.split_once(']')?;
        let fits = after.is_empty() || after.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().ok().filter(|_| fits).map(IpAddr::V6);
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (address, port) = text.rsplit_once(':')?;
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// The client of a request from this peer with these headers, where 10.0.0.0/8, 127.0.0.1 and
    /// 2001:db8:ffff::/48 are proxies.
    fn followed(
        peer: &str,
        proxied: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> ResolvedClient {
        let networks = ["10.0.0.0/8", "127.0.0.1", "2001:db8:ffff::/48"].map(str::to_owned);
        let mut request = TestRequest::default();
        for &header in headers {
            request = request.append_header(header);
        }
        let proxied = proxied.map(|it| it.parse().expect("an address"));
        let connection = Connection { proxied, is_tls: false };
        let peer = peer.parse().expect("an address");
        let request = request.to_http_request();
        follow(&TrustedProxies::new(&networks), peer, connection, request.headers())
    }

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        followed(peer, None, headers).client.to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_headers_it_sends() {
        for header in
            [("forwarded", "for=9.9.9.9"), ("x-forwarded-for", "9.9.9.9"), ("x-real-ip", "9.9.9.9")]
        {
            assert_eq!(client("8.8.8.8", &[header]), "8.8.8.8");
        }
        assert_eq!(client("11.0.0.1", &[("x-forwarded-for", "9.9.9.9")]), "11.0.0.1");
        assert_eq!(
            followed("8.8.8.8", Some("9.9.9.9:1"), &[]).client.to_string(),
            "8.8.8.8",
            "the listener reads no PROXY header of such a peer; nor is one believed here"
        );
    }

    #[test]
    fn a_trusted_peer_names_its_client_in_every_shape_of_the_headers() {
        for (shape, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            (" 203.0.113.7 ", "203.0.113.7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", shape)]), expected, "{shape}");
        }
        for (shape, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=203.0.113.7;proto=https;by=203.0.113.43", "203.0.113.7"),
            ("by=203.0.113.43 ; for=203.0.113.7", "203.0.113.7"),
            ("for=\"203.0.113.7:4711\"", "203.0.113.7"),
            ("for=203.0.113.7:4711", "203.0.113.7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]:_port\"", "2001:db8::7"),
            ("for=\"\\203.0.113.7\"", "203.0.113.7"),
            ("secret=\"a, for=1.1.1.1\";for=203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(client("10.0.0.1", &[("forwarded", shape)]), expected, "{shape}");
        }
        assert_eq!(client("::ffff:10.0.0.1", &[("x-forwarded-for", "203.0.113.7")]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &[("x-real-ip", "203.0.113.7")]), "10.0.0.1");
    }

    #[test]
    fn an_unreadable_header_leaves_the_proxy_that_sent_it() {
        for shape in [
            "",
            "unknown",
            "_hidden",
            "203.0.113",
            "203.0.113.7:port",
            "[2001:db8::7",
            "shop.example",
            "fe80::1%eth0",
        ] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", shape)]), "10.0.0.1", "{shape}");
        }
        for shape in [
            "",
            "for=unknown",
            "for=_hidden",
            "for=\"_SEVKISEK\"",
            "proto=https",
            "for=",
            "for=203.0.113.7 extra",
            "for=\"203.0.113.7",
            "for=\"203.0.113.7\"x",
            "203.0.113.7",
            "f(r=203.0.113.7",
        ] {
            assert_eq!(client("10.0.0.1", &[("forwarded", shape)]), "10.0.0.1", "{shape}");
        }
        // The nearest proxy hides its client: the hops to the left are not read.
        let hidden = "203.0.113.7, unknown, 10.0.0.2";
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", hidden)]), "10.0.0.2");
    }

    #[test]
    fn the_rightmost_hop_that_is_no_proxy_is_the_client() {
        let chain = "1.1.1.1, 203.0.113.7, 10.9.9.9, 2001:db8:ffff::2";
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", chain)]), "203.0.113.7");
        let chain = "for=1.1.1.1, for=203.0.113.7, for=10.9.9.9, for=\"[2001:db8:ffff::2]:1\"";
        assert_eq!(client("10.0.0.1", &[("forwarded", chain)]), "203.0.113.7");
        // The header of the client stands to the left of the hop that its proxy appends.
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", "10.0.0.9, 203.0.113.7")]),
            "203.0.113.7"
        );
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "10.0.0.9, 10.0.0.8")]), "10.0.0.9");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7, 10.0.0.2")];
        assert_eq!(client("10.0.0.1", &lines), "203.0.113.7", "lines are one list");
        let lines = [("forwarded", "for=\"1.1.1.1"), ("forwarded", "for=203.0.113.7")];
        assert_eq!(client("10.0.0.1", &lines), "203.0.113.7", "an open quote ends with its line");
        assert_eq!(
            client("10.0.0.1", &[("forwarded", "for=\"1.1.1.1, for=203.0.113.7")]),
            "10.0.0.1",
            "a line that cannot be read names nobody"
        );
    }

    #[test]
    fn contradicting_headers_are_ignored() {
        let both = |one, other| [("forwarded", one), ("x-forwarded-for", other)];
        assert_eq!(client("10.0.0.1", &both("for=1.1.1.1", "203.0.113.7")), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &both("for=203.0.113.7", "1.1.1.1, 203.0.113.7")),
            "203.0.113.7"
        );
    }

    #[test]
    fn a_proxy_header_takes_precedence_over_the_request_headers() {
        let x = ("x-forwarded-for", "1.1.1.1");
        let of =
            |source, headers: &[_]| followed("10.0.0.1", Some(source), headers).client.to_string();
        assert_eq!(of("203.0.113.7:4711", &[]), "203.0.113.7");
        assert_eq!(of("203.0.113.7:4711", &[x]), "203.0.113.7", "its client wrote the header");
        assert_eq!(of("10.0.0.2:4711", &[x]), "1.1.1.1", "a second proxy wrote it");
    }

    #[test]
    fn scheme_and_host_are_those_of_the_hop_to_the_client() {
        let detected = |headers: &[_]| {
            let ResolvedClient { scheme, host, .. } = followed("10.0.0.1", None, headers);
            (scheme, host)
        };
        let element = "for=203.0.113.7;proto=https;host=Chat.example, for=10.0.0.2;proto=http";
        assert_eq!(
            detected(&[("forwarded", element)]),
            (Some("https"), Some("chat.example".to_owned()))
        );
        let x =
            [("x-forwarded-proto", "HTTPS"), ("x-forwarded-host", "evil.example, chat.example")];
        assert_eq!(detected(&x), (Some("https"), Some("chat.example".to_owned())));
        assert_eq!(detected(&[("x-forwarded-proto", "gopher")]), (None, None));
        let both = [("forwarded", "proto=http"), ("x-forwarded-proto", "https")];
        assert_eq!(detected(&both), (None, None), "they disagree");
        let stranger = followed("8.8.8.8", None, &x);
        assert_eq!((stranger.scheme, stranger.host), (None, None));
    }
}
