//! One request: which addresses it may go to, its result, and when it is repeated.
//!
//! A catalog is data: the author of a manual's address must not thereby reach hosts that
//! only this machine can reach: its own services, the neighbours in its network, the metadata service
//! of a cloud. The check happens after the name is resolved, and the connection uses exactly the
//! addresses that were checked, so that a name cannot resolve differently in between.

use std::time::Duration;

use hsc_config::ManualsSettings;
use hsc_manuals::ReadError;
use reqwest::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
};
use reqwest::{Client, Response, StatusCode};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::super::error::{LoadError, Result};
use super::disk::CopyMetadata;
use crate::outbound::{
    AddressRefused, Allowed, NotPublic, OutboundTls, Trust, check_address, client_builder,
    not_public, retry_after,
};

/// Longest wait between two attempts. A customer waits for the answer.
const LONGEST: Duration = Duration::from_secs(5);

/// The response of a host.
pub(super) enum Answer {
    /// A redirect to this address.
    Moved(Url),
    /// The given copy is still current.
    NotModified,
    /// The manual, in a file.
    Body { draft: NamedTempFile, bytes: u64, headers: HeaderMap },
}

/// Waits that double, with jitter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pub base: Duration,
    pub retries: u32,
}

impl Backoff {
    /// The wait before a retry (0 is the first), or `None` when no retry is left. `jitter` is 0 to
    /// 1 and subtracts up to half: many pods that fail together must not retry together.
    pub(super) fn wait(self, retry: u32, jitter: f64) -> Option<Duration> {
        if retry >= self.retries {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << retry.min(16)).min(LONGEST);
        Some(doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0))
    }
}

/// Makes one request at a time, without following redirects.
pub(super) struct SingleRequestClient {
    allowed: Allowed,
    /// For configured hosts, at any address.
    named: Client,
    /// For all other hosts, at public addresses only.
    public: Client,
    max_bytes: u64,
}

impl SingleRequestClient {
    pub(super) fn new(settings: &ManualsSettings, tls: &OutboundTls) -> Result<Self> {
        let patience = Duration::from_millis(settings.connect_timeout_ms);
        let client = |trust: Trust| {
            let client = client_builder(trust, tls)
                .user_agent(&settings.user_agent)
                .connect_timeout(patience)
                // A host that stops sending gets as long as one that does not connect: otherwise the first attempt
                // would use up the total time.
                .read_timeout(patience)
                .build();
            client.map_err(LoadError::ours("cannot make an HTTP client"))
        };
        Ok(Self {
            allowed: Allowed::new(&settings.allowed_hosts),
            named: client(Trust::Named)?,
            public: client(Trust::Public)?,
            max_bytes: settings.max_bytes,
        })
    }

    /// Requests one address and reads the body into `draft`.
    pub(super) async fn hop(
        &self,
        url: &Url,
        cached: Option<&CopyMetadata>,
        draft: NamedTempFile,
    ) -> Result<Answer> {
        let client = match check(url, &self.allowed)? {
            Trust::Named => &self.named,
            Trust::Public => &self.public,
        };
        let mut request = client.get(url.clone());
        // Validators belong to the address that sent them, not to a later redirect target.
        if let Some(metadata) = cached.filter(|metadata| metadata.location == url.as_str()) {
            let validators: [(HeaderName, &Option<String>); 2] =
                [(IF_NONE_MATCH, &metadata.etag), (IF_MODIFIED_SINCE, &metadata.last_modified)];
            for (name, value) in validators {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        let response = request.send().await.map_err(|error| failed(url, error))?;
        let status = response.status();
        match status {
            StatusCode::OK => self.body(url, response, draft).await,
            StatusCode::NOT_MODIFIED => Ok(Answer::NotModified),
            _ if status.is_redirection() => moved(url, &response),
            _ => Err(LoadError::Refused {
                host: host(url),
                status: status.as_u16(),
                retry_after: retry_after(response.headers()),
            }),
        }
    }

    async fn body(
        &self,
        url: &Url,
        mut response: Response,
        draft: NamedTempFile,
    ) -> Result<Answer> {
        let limit = self.max_bytes;
        let too_large = || LoadError::from(ReadError::TooLarge { limit });
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let write = || LoadError::ours("cannot write a fetched manual");
        let file = draft.as_file().try_clone().map_err(write())?;
        let mut file = tokio::fs::File::from_std(file);
        let mut bytes = 0;
        // Counted as it arrives, after decompression: a length can be wrong, and a small body can inflate.
        while let Some(piece) = response.chunk().await.map_err(|error| failed(url, error))? {
            bytes += piece.len() as u64;
            if bytes > limit {
                return Err(too_large());
            }
            file.write_all(&piece).await.map_err(write())?;
        }
        file.flush().await.map_err(write())?;
        Ok(Answer::Body { draft, bytes, headers: std::mem::take(response.headers_mut()) })
    }
}

/// Checks an address before the request. A host name is checked again once it is resolved.
fn check(url: &Url, allowed: &Allowed) -> Result<Trust> {
    check_address(url, allowed).map_err(|not| match not {
        AddressRefused::NoHost => LoadError::BadAddress { url: url.to_string() },
        AddressRefused::NotPublic { host, address } => LoadError::Forbidden { host, address },
    })
}

fn moved(url: &Url, response: &Response) -> Result<Answer> {
    let to = text(response.headers(), LOCATION).and_then(|to| url.join(&to).ok());
    to.map(Answer::Moved).ok_or_else(|| refused(url, response.status().as_u16()))
}

/// A response with which no manual can be read.
pub(super) fn refused(url: &Url, status: u16) -> LoadError {
    LoadError::Refused { host: host(url), status, retry_after: None }
}

/// Maps the client's error.
fn failed(url: &Url, error: reqwest::Error) -> LoadError {
    if let Some(NotPublic { host, address }) = not_public(&error) {
        return LoadError::Forbidden { host: host.clone(), address: address.clone() };
    }
    LoadError::Unreachable { host: host(url), cause: error.without_url().into() }
}

/// The charset of `Content-Type`.
pub(super) fn charset(headers: &HeaderMap) -> Option<String> {
    text(headers, CONTENT_TYPE)?.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The value of a header, if it is text.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Host and port.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// True for an error that may be gone soon: a retry may succeed. A refused address is final, and a retry does not repair
/// a disk.
pub(super) fn passes(error: &LoadError) -> bool {
    let LoadError::Refused { status, .. } = error else {
        return matches!(error, LoadError::Unreachable { .. });
    };
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str, allowed: &[&str]) -> Result<Trust> {
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

    const BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), retries: 3 };

    #[test]
    fn waits_double_and_end() {
        let waits: Vec<_> = (0..4).map(|retry| BACKOFF.wait(retry, 0.0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(200), ms(400), ms(800), None]);
    }

    #[test]
    fn jitter_subtracts_up_to_half() {
        assert_eq!(BACKOFF.wait(0, 1.0), Some(Duration::from_millis(100)));
        assert_eq!(BACKOFF.wait(0, 0.5), Some(Duration::from_millis(150)));
    }

    #[test]
    fn no_wait_exceeds_the_longest() {
        let backoff = Backoff { retries: 40, ..BACKOFF };
        assert_eq!(backoff.wait(39, 0.0), Some(LONGEST));
    }

    #[test]
    fn a_refusal_is_final_and_an_overload_is_retried() {
        let url = Url::parse("https://example.com/").expect("an address");
        let passes = |status: StatusCode| passes(&refused(&url, status.as_u16()));
        assert!(passes(StatusCode::SERVICE_UNAVAILABLE) && passes(StatusCode::TOO_MANY_REQUESTS));
        assert!(!passes(StatusCode::NOT_FOUND) && !passes(StatusCode::FORBIDDEN));
    }
}
