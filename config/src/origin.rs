//! Web origins, in the form in which browsers send them in `Origin`.
//!
//! A browser sends `scheme://host` or `scheme://host:port` in lower case, without the default port of the
//! scheme, with an IDN host in Punycode, and `null` for an opaque origin (RFC 6454, section 6.1). A pattern in
//! any other form matches no request, so [`normalize`] converts it or returns why that is impossible.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The opaque origin: sandboxed frames, `data:` and `file:` pages, WebViews that load a string.
pub const OPAQUE: &str = "null";
/// The pattern that admits every origin.
pub const ANY: &str = "*";

/// Why a text is not an origin that a browser sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// No `://`.
    #[error("it has no scheme; write scheme://host, such as https://shop.example")]
    NoScheme,
    /// Characters that no scheme has.
    #[error("its scheme is not one: a letter, then letters, digits, +, - or .")]
    Scheme,
    /// Pages of these schemes are opaque.
    #[error("browsers send null for pages of this scheme; write null to allow them")]
    OpaqueScheme,
    /// `*` beside other text.
    #[error("a wildcard inside an origin is not supported; name each origin, or write * for all")]
    Wildcard,
    /// Path, query or fragment.
    #[error("browsers send no path, query or fragment in Origin; end it after the host or port")]
    Path,
    /// `user@host`.
    #[error("browsers send no user name in Origin")]
    UserInfo,
    /// Characters or labels that no host has.
    #[error("its host is not a host name or an IP address")]
    Host,
    /// Browsers send Punycode.
    #[error("browsers send an international host name in Punycode (xn--…); write it so")]
    International,
    /// Not from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
}

/// The origin as browsers send it: lower case, without the default port of `http` and `https`, one
/// trailing `/` dropped.
///
/// # Errors
/// Why no browser sends it in any form.
///
/// ```
/// use hsc_config::origin::{InvalidOrigin, normalize};
/// assert_eq!(normalize("HTTPS://Shop.example:443/"), Ok("https://shop.example".to_owned()));
/// assert_eq!(normalize("https://*.example.com"), Err(InvalidOrigin::Wildcard));
/// ```
pub fn normalize(text: &str) -> Result<String, InvalidOrigin> {
    if text == OPAQUE {
        return Ok(OPAQUE.to_owned());
    }
    if text.contains('*') {
        return Err(InvalidOrigin::Wildcard);
    }
    let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin::NoScheme)?;
    let scheme = scheme.to_ascii_lowercase();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(fits) {
        return Err(InvalidOrigin::Scheme);
    }
    if matches!(&*scheme, "file" | "data" | "blob" | "about" | "javascript") {
        return Err(InvalidOrigin::OpaqueScheme);
    }
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '\\']) {
        return Err(InvalidOrigin::Path);
    }
    if authority.contains('@') {
        return Err(InvalidOrigin::UserInfo);
    }
    let (name, port) = host_and_port(authority)?;
    let default = match &*scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    Ok(match port.filter(|port| Some(*port) != default) {
        Some(port) => format!("{scheme}://{name}:{port}"),
        None => format!("{scheme}://{name}"),
    })
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), InvalidOrigin> {
    let (name, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']').ok_or(InvalidOrigin::Host)?;
            let address: Ipv6Addr = inside.parse().map_err(|_| InvalidOrigin::Host)?;
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':').ok_or(InvalidOrigin::Host)?),
            };
            (format!("[{address}]"), port)
        }
        None => match authority.split_once(':') {
            Some((name, port)) => (host_name(name)?, Some(port)),
            None => (host_name(authority)?, None),
        },
    };
    let number = |port: &str| {
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| port.parse::<u16>().ok()).flatten().filter(|port| *port > 0)
    };
    let port = port.map(|port| number(port).ok_or(InvalidOrigin::Port)).transpose()?;
    Ok((name, port))
}

fn host_name(name: &str) -> Result<String, InvalidOrigin> {
    if !name.is_ascii() {
        return Err(InvalidOrigin::International);
    }
    let name = name.to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    };
    // A name may end with the dot of the root.
    let labels = name.strip_suffix('.').unwrap_or(&name);
    if name.len() > 253 || !labels.split('.').all(label) {
        return Err(InvalidOrigin::Host);
    }
    // Browsers parse a host that ends in a number as an IPv4 address, and send its canonical form.
    let last = labels.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && name.parse::<Ipv4Addr>().is_err() {
        return Err(InvalidOrigin::Host);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        for (written, sent) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("https://shop.example:0443", "https://shop.example"),
            ("http://shop.example:80", "http://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"),
            ("https://shop.example:8443", "https://shop.example:8443"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[0:0::1]:8000", "http://[::1]:8000"),
            ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("null", "null"),
        ] {
            assert_eq!(normalize(written).as_deref(), Ok(sent), "{written}");
            assert_eq!(normalize(sent).as_deref(), Ok(sent), "{sent} is in its final form");
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_refused_with_the_reason() {
        for (written, why) in [
            ("https://*.example.com", InvalidOrigin::Wildcard),
            ("*.example.com", InvalidOrigin::Wildcard),
            ("https://*", InvalidOrigin::Wildcard),
            ("https://shop.example:*", InvalidOrigin::Wildcard),
            ("shop.example", InvalidOrigin::NoScheme),
            ("", InvalidOrigin::NoScheme),
            ("NULL", InvalidOrigin::NoScheme),
            ("1https://shop.example", InvalidOrigin::Scheme),
            ("ht tps://shop.example", InvalidOrigin::Scheme),
            ("file:///home/page.html", InvalidOrigin::OpaqueScheme),
            ("https://shop.example/chat", InvalidOrigin::Path),
            ("https://shop.example//", InvalidOrigin::Path),
            ("https://shop.example?x", InvalidOrigin::Path),
            ("https://shop.example#x", InvalidOrigin::Path),
            ("https://user@shop.example", InvalidOrigin::UserInfo),
            ("https://", InvalidOrigin::Host),
            ("https://shop..example", InvalidOrigin::Host),
            ("https://shop example", InvalidOrigin::Host),
            ("https://1.2.3", InvalidOrigin::Host),
            ("https://[::1", InvalidOrigin::Host),
            ("https://::1", InvalidOrigin::Host),
            ("https://münchen.example", InvalidOrigin::International),
            ("https://shop.example:", InvalidOrigin::Port),
            ("https://shop.example:0", InvalidOrigin::Port),
            ("https://shop.example:65536", InvalidOrigin::Port),
            ("https://shop.example:+1", InvalidOrigin::Port),
        ] {
            assert_eq!(normalize(written), Err(why), "{written}");
        }
    }
}
