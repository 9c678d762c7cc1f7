//! One request and its result.

use std::time::{Duration, SystemTime};

use hsc_config::ManualsSettings;
use hsc_conversation::BoxError;
use hsc_manuals::ReadError;
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::super::LoadError;
use super::address::{Allowed, Trust, check};
use super::disk::CopyMetadata;
use super::retry;
use crate::outbound::{NotPublic, OutboundTls, asking, not_public};

/// The response of a host.
pub(super) enum Answer {
    /// A redirect to this address.
    Moved(Url),
    /// The given copy is still current.
    NotModified,
    /// The manual, in a file.
    Body {
        draft: NamedTempFile,
        bytes: u64,
        etag: Option<String>,
        last_modified: Option<String>,
        /// The charset of `Content-Type`.
        charset: Option<String>,
    },
}

/// A request that failed.
pub(super) struct Failed {
    pub error: LoadError,
    /// True when a retry may succeed.
    pub passes: bool,
    /// The `Retry-After` of the host.
    pub retry_after: Option<Duration>,
}

impl Failed {
    pub(super) fn final_(error: LoadError) -> Self {
        Self { error, passes: false, retry_after: None }
    }
}

/// A local fault; a retry does not repair a disk.
pub(super) fn ours<E: Into<BoxError>>(what: &'static str) -> impl FnOnce(E) -> Failed {
    move |cause| Failed::final_(LoadError::Ours { what, cause: cause.into() })
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
    pub(super) fn new(settings: &ManualsSettings, tls: &OutboundTls) -> Result<Self, LoadError> {
        let build = |trust: Trust| {
            let patience = Duration::from_millis(settings.connect_timeout_ms);
            let builder = asking(trust, tls)
                .user_agent(&settings.user_agent)
                .connect_timeout(patience)
                // A host that stops sending gets as long as one that does not connect: otherwise the first attempt
                // would use up the total time.
                .read_timeout(patience);
            builder.build().map_err(BoxError::from)
        };
        let client = |trust| {
            build(trust)
                .map_err(|cause| LoadError::Ours { what: "cannot make an HTTP client", cause })
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
    ) -> Result<Answer, Failed> {
        let client = match check(url, &self.allowed).map_err(Failed::final_)? {
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
            _ => Err(Failed {
                error: LoadError::Refused { host: host(url), status: status.as_u16() },
                passes: retry::passes(status),
                retry_after: text(response.headers(), RETRY_AFTER)
                    .and_then(|value| retry::retry_after(&value, SystemTime::now())),
            }),
        }
    }

    async fn body(
        &self,
        url: &Url,
        mut response: Response,
        draft: NamedTempFile,
    ) -> Result<Answer, Failed> {
        let limit = self.max_bytes;
        let too_large = || Failed::final_(ReadError::TooLarge { limit }.into());
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let write = || ours("cannot write a fetched manual");
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
        Ok(Answer::Body {
            draft,
            bytes,
            etag: text(response.headers(), ETAG),
            last_modified: text(response.headers(), LAST_MODIFIED),
            charset: text(response.headers(), CONTENT_TYPE).and_then(|value| charset(&value)),
        })
    }
}

fn moved(url: &Url, response: &Response) -> Result<Answer, Failed> {
    let to = text(response.headers(), LOCATION).and_then(|to| url.join(&to).ok());
    to.map(Answer::Moved).ok_or_else(|| {
        let status = response.status().as_u16();
        Failed::final_(LoadError::Refused { host: host(url), status })
    })
}

/// Maps the client's error: a refused address is final, all others allow a retry.
fn failed(url: &Url, error: reqwest::Error) -> Failed {
    if let Some(NotPublic { host, address }) = not_public(&error) {
        let (host, address) = (host.clone(), address.clone());
        return Failed::final_(LoadError::Forbidden { host, address });
    }
    let error = error.without_url();
    let error = LoadError::Unreachable { host: host(url), cause: error.into() };
    Failed { error, passes: true, retry_after: None }
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
    })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Host and port.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
