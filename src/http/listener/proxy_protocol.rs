//! The PROXY protocol, versions 1 and 2: the header in which a proxy names the source of a connection.
//!
//! It is read from trusted proxies only, before TLS and before HTTP. A connection of the proxy itself (health checks:
//! `LOCAL`, `UNKNOWN`) has its peer as the source.
//!
//! Source: <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The first bytes of version 2; no HTTP request and no TLS handshake begins with them.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest line of version 1, including its end.
const LONGEST_LINE: usize = 107;
/// Longest rest of version 2: addresses and a few extensions. The specification allows 536 bytes.
const LONGEST_REST: usize = 2_048;

/// A connection without a valid header.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoHeader {
    #[error("the connection does not begin with a PROXY header")]
    Malformed,
    #[error("the connection ended before its PROXY header did")]
    Ended(#[from] std::io::Error),
}

/// Reads the header and no byte more. None if the proxy connects for itself.
pub(super) async fn read(
    io: &mut (impl AsyncRead + Unpin),
) -> Result<Option<SocketAddr>, NoHeader> {
    let mut first = [0; SIGNATURE.len()];
    io.read_exact(&mut first).await?;
    if &first == SIGNATURE {
        return second_version(io).await;
    }
    if !first.starts_with(b"PROXY ") {
        return Err(NoHeader::Malformed);
    }
    // The shortest line is longer than the signature, so no byte after it was read.
    let mut line = first.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == LONGEST_LINE {
            return Err(NoHeader::Malformed);
        }
        line.push(io.read_u8().await?);
    }
    first_version(&line[..line.len() - 2])
}

fn first_version(line: &[u8]) -> Result<Option<SocketAddr>, NoHeader> {
    let line = std::str::from_utf8(line).map_err(|_| NoHeader::Malformed)?;
    let words: Vec<&str> = line.split(' ').collect();
    let [_, family, rest @ ..] = words.as_slice() else { return Err(NoHeader::Malformed) };
    if *family == "UNKNOWN" {
        return Ok(None);
    }
    let &[source, target, source_port, target_port] = rest else {
        return Err(NoHeader::Malformed);
    };
    let address = |text: &str| -> Option<IpAddr> {
        match *family {
            "TCP4" => text.parse::<Ipv4Addr>().ok().map(Into::into),
            "TCP6" => text.parse::<Ipv6Addr>().ok().map(Into::into),
            _ => None,
        }
    };
    let port = |text: &str| text.parse::<u16>().ok();
    match (address(source), address(target), port(source_port), port(target_port)) {
        (Some(source), Some(_), Some(port), Some(_)) => Ok(Some(SocketAddr::new(source, port))),
        _ => Err(NoHeader::Malformed),
    }
}

async fn second_version(io: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, NoHeader> {
    let (version_and_command, family) = (io.read_u8().await?, io.read_u8().await?);
    let length = usize::from(io.read_u16().await?);
    if length > LONGEST_REST || version_and_command >> 4 != 2 {
        return Err(NoHeader::Malformed);
    }
    let mut rest = vec![0; length];
    io.read_exact(&mut rest).await?;
    match version_and_command & 0xf {
        0 => return Ok(None),
        1 => {}
        _ => return Err(NoHeader::Malformed),
    }
    let port = |at: usize| Some(u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?));
    let source = match family >> 4 {
        // Neither IPv4 nor IPv6: a socket of the proxy's machine, or unspecified.
        0 | 3 => return Ok(None),
        // Source address, destination address, and their ports.
        1 if length >= 12 => {
            let octets: Option<[u8; 4]> = rest.get(..4).and_then(|it| it.try_into().ok());
            octets.map(|it| IpAddr::from(Ipv4Addr::from(it))).zip(port(8))
        }
        2 if length >= 36 => {
            let octets: Option<[u8; 16]> = rest.get(..16).and_then(|it| it.try_into().ok());
            octets.map(|it| IpAddr::from(Ipv6Addr::from(it))).zip(port(32))
        }
        _ => None,
    };
    let (address, port) = source.ok_or(NoHeader::Malformed)?;
    Ok(Some(SocketAddr::new(address, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source from the header, and the bytes that remain after it.
    async fn read_of(bytes: &[u8]) -> Result<(Option<String>, Vec<u8>), String> {
        let mut io = bytes;
        let source = read(&mut io).await.map_err(|error| error.to_string())?;
        Ok((source.map(|it| it.to_string()), io.to_vec()))
    }

    fn second(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, rest, b"GET /"].concat()
    }

    #[tokio::test]
    async fn both_versions_name_the_source_and_leave_the_rest() {
        let rest = b"GET /".to_vec();
        let of = |text: &str| Ok((Some(text.to_owned()), rest.clone()));
        let none = Ok((None, rest.clone()));
        let line = |text: &str| [text.as_bytes(), b"\r\nGET /"].concat();
        let v4 = line("PROXY TCP4 203.0.113.7 10.0.0.1 4711 443");
        assert_eq!(read_of(&v4).await, of("203.0.113.7:4711"));
        let v6 = line("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443");
        assert_eq!(read_of(&v6).await, of("[2001:db8::7]:4711"));
        assert_eq!(read_of(&line("PROXY UNKNOWN")).await, none);
        assert_eq!(read_of(&line("PROXY UNKNOWN ::1 ::1 1 2")).await, none);

        let addresses = [&[203, 0, 113, 7, 10, 0, 0, 1][..], &[0x12, 0x67, 1, 187]].concat();
        assert_eq!(read_of(&second(0x21, 0x11, &addresses)).await, of("203.0.113.7:4711"));
        let extended = [addresses.as_slice(), &[4, 0, 1, 0]].concat();
        assert_eq!(read_of(&second(0x21, 0x11, &extended)).await, of("203.0.113.7:4711"));
        let source: Ipv6Addr = "2001:db8::7".parse().expect("an address");
        let addresses = [&source.octets()[..], &[0; 16], &[0x12, 0x67, 1, 187]].concat();
        assert_eq!(read_of(&second(0x21, 0x21, &addresses)).await, of("[2001:db8::7]:4711"));
        assert_eq!(read_of(&second(0x20, 0, &[])).await, none);
        assert_eq!(read_of(&second(0x21, 0, &[])).await, none);
    }

    #[tokio::test]
    async fn an_invalid_header_is_refused_without_reading_further() {
        let long = format!("PROXY TCP4 {}\r\n", "1".repeat(200));
        for bytes in [
            &b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"PROXY TCP4 203.0.113.7 10.0.0.1 4711\r\nGET /",
            b"PROXY TCP4 2001:db8::7 10.0.0.1 4711 443\r\nGET /",
            b"PROXY TCP4 203.0.113.7 10.0.0.1 99999 443\r\nGET /",
            b"PROXY UDP4 203.0.113.7 10.0.0.1 1 2\r\nGET /",
            b"PROXY \xff\xff\xff\xff\xff\xff\xff\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
            b"PROXY TCP",
            b"",
            long.as_bytes(),
            &second(0x11, 0x11, &[0; 12]),
            &second(0x22, 0x11, &[0; 12]),
            &second(0x21, 0x11, &[0; 11]),
            &second(0x21, 0x41, &[0; 36]),
            &second(0x21, 0x11, &[0; 2_049]),
        ] {
            assert!(read_of(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
