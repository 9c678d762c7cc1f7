//! Fetches the bytes of a manual over http(s) into a file, within bounds.
//!
//! [`hop`] makes one request to a host that is allowed, reads its response and says when to retry; [`disk`] stores the
//! result. Each host gets one connection at a time.

mod disk;
mod hop;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dashmap::DashMap;
use hsc_config::ManualsSettings;
use reqwest::header::{ETAG, LAST_MODIFIED};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

use self::disk::{CopyMetadata, Disk};
use self::hop::{Answer, Backoff, SingleRequestClient, charset, host, text};
use super::error::{LoadError, Result};
use crate::outbound::OutboundTls;

/// The file of a manual.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundFile {
    pub path: PathBuf,
    /// The address that was read in the end.
    pub location: String,
    /// The charset of `Content-Type`.
    pub charset: Option<String>,
    pub source: FileSource,
    /// Bytes that were transferred for it.
    pub fetched_bytes: u64,
}

/// Where a file comes from. The names are metric labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum FileSource {
    /// The catalog folder.
    #[strum(serialize = "ok")]
    Catalog,
    /// The host sent it.
    #[strum(serialize = "ok")]
    Fetched,
    /// A copy on disk, which the host confirmed.
    NotModified,
    /// A copy on disk that need not be confirmed.
    Fresh,
    /// An older copy on disk, because the host did not answer.
    Stale,
}

/// Fetches manuals. One per process: it limits the connections per host.
pub(super) struct Fetcher {
    hopper: SingleRequestClient,
    disk: Disk,
    hosts: DashMap<String, Arc<Semaphore>>,
    /// Addresses whose copy is to be revalidated although it is fresh, and since when.
    to_revalidate: DashMap<String, SystemTime>,
    backoff: Backoff,
    timeout: Duration,
    max_redirects: u32,
    revalidate_after: Duration,
}

impl Fetcher {
    pub(super) fn new(settings: &ManualsSettings, tls: &OutboundTls) -> Result<Self> {
        let what = "cannot open the folder for fetched manuals (manuals.cache_dir)";
        let disk = Disk::open(&settings.cache_dir).map_err(LoadError::ours(what))?;
        Ok(Self {
            hopper: SingleRequestClient::new(settings, tls)?,
            disk,
            hosts: DashMap::new(),
            to_revalidate: DashMap::new(),
            backoff: Backoff {
                base: Duration::from_millis(settings.retry_base_ms),
                retries: settings.retries,
            },
            timeout: Duration::from_millis(settings.fetch_timeout_ms),
            max_redirects: settings.max_redirects,
            revalidate_after: Duration::from_millis(settings.revalidate_after_ms),
        })
    }

    /// The folder of fetched manuals.
    pub(super) fn folder(&self) -> &Path {
        self.disk.folder()
    }

    /// Deadline of a fetch that starts now, retries and backups included.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// The newest copy of an address: the one on disk while it is fresh, else that of the host.
    pub(super) async fn get(&self, url: &str, deadline: Instant) -> Result<FoundFile> {
        let parsed = Url::parse(url).map_err(|_| LoadError::BadAddress { url: url.to_owned() })?;
        let cached = self.disk.find(url);
        if let Some(metadata) = cached.as_ref().filter(|metadata| self.is_good(metadata)) {
            return Ok(self.file(metadata, FileSource::Fresh, 0));
        }
        let host = host(&parsed);
        match tokio::time::timeout_at(deadline, self.ask(&parsed, cached.as_ref(), deadline)).await
        {
            Ok(fetched) => fetched,
            Err(_) => {
                let limit_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
                Err(LoadError::TimedOut { host, limit_ms })
            }
        }
    }

    /// Makes the next fetch of this address revalidate its copy, however fresh. The copy stays, for
    /// an outage of the host.
    pub(super) fn revalidate(&self, url: &str) {
        self.to_revalidate.insert(url.to_owned(), SystemTime::now());
    }

    /// The copy of an address, and when its host last confirmed it.
    pub(super) fn cached_file(&self, url: &str) -> Option<(PathBuf, SystemTime)> {
        self.disk.find(url).map(|metadata| (self.disk.body(&metadata), metadata.confirmed))
    }

    /// True for a copy that need not be revalidated.
    fn is_good(&self, metadata: &CopyMetadata) -> bool {
        // Removed once the host was asked since, so that the map stays small.
        self.to_revalidate.remove_if(&metadata.url, |_, since| metadata.confirmed > *since);
        metadata.is_fresh(self.revalidate_after) && !self.to_revalidate.contains_key(&metadata.url)
    }

    /// An older copy of an address, for an outage.
    pub(super) fn stale(&self, url: &str) -> Option<FoundFile> {
        self.disk.find(url).map(|metadata| self.file(&metadata, FileSource::Stale, 0))
    }

    /// The plain page made of a web page, if it is not older than its source.
    pub(super) fn printed(&self, url: &str, of: &Path) -> Option<PathBuf> {
        self.disk.printed(url, of)
    }

    /// Stores a plain page beside the fetched manuals.
    pub(super) fn keep_print(&self, url: &str, page: &str) -> Result<PathBuf> {
        let kept = self.disk.keep_print(url, page);
        kept.map_err(LoadError::ours("cannot keep a printed manual"))
    }

    /// Retries until there is a response, a final refusal, or no retry left.
    async fn ask(
        &self,
        url: &Url,
        cached: Option<&CopyMetadata>,
        deadline: Instant,
    ) -> Result<FoundFile> {
        let mut retry = 0;
        loop {
            let error = match self.follow(url, cached).await {
                Ok(file) => return Ok(file),
                Err(error) => error,
            };
            let wait = self.backoff.wait(retry, rand::random());
            let (true, Some(mut wait)) = (hop::passes(&error), wait) else { return Err(error) };
            // A `Retry-After` is respected. If it is past the deadline, the response is final.
            if let LoadError::Refused { retry_after: Some(asked), .. } = error {
                wait = wait.max(asked);
            }
            if Instant::now() + wait >= deadline {
                return Err(error);
            }
            log::debug!(
                host = host(url), retry, wait_ms = wait.as_millis() as u64, error:%;
                "manual host did not answer, trying again"
            );
            tokio::time::sleep(wait).await;
            retry += 1;
        }
    }

    /// Follows redirects by hand, so that each hop is checked and counted.
    async fn follow(&self, url: &Url, cached: Option<&CopyMetadata>) -> Result<FoundFile> {
        let mut at = url.clone();
        for _ in 0..=self.max_redirects {
            let draft = self.disk.draft();
            let draft = draft.map_err(LoadError::ours("cannot write a fetched manual"))?;
            let line = self.line(&at);
            // Never closed: the semaphores live as long as the fetcher.
            let _held = line.acquire().await;
            match self.hopper.hop(&at, cached, draft).await? {
                Answer::Moved(to) => at = to,
                Answer::NotModified => {
                    let cached = cached.ok_or_else(|| hop::refused(&at, 304))?;
                    let confirmed = self.disk.confirm(cached.clone());
                    let what = LoadError::ours("cannot note a confirmed manual");
                    return Ok(self.file(&confirmed.map_err(what)?, FileSource::NotModified, 0));
                }
                Answer::Body { draft, bytes, headers } => {
                    let metadata = CopyMetadata {
                        url: url.to_string(),
                        location: at.to_string(),
                        body: String::new(),
                        etag: text(&headers, ETAG),
                        last_modified: text(&headers, LAST_MODIFIED),
                        charset: charset(&headers),
                        confirmed: SystemTime::now(),
                    };
                    let kept = self.disk.keep(draft, metadata);
                    let what = LoadError::ours("cannot keep a fetched manual");
                    return Ok(self.file(&kept.map_err(what)?, FileSource::Fetched, bytes));
                }
            }
        }
        let limit = self.max_redirects;
        Err(LoadError::TooManyRedirects { url: url.to_string(), limit })
    }

    /// The semaphore of a host.
    fn line(&self, url: &Url) -> Arc<Semaphore> {
        self.hosts.entry(host(url)).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }

    fn file(&self, metadata: &CopyMetadata, source: FileSource, fetched_bytes: u64) -> FoundFile {
        FoundFile {
            path: self.disk.body(metadata),
            location: metadata.location.clone(),
            charset: metadata.charset.clone(),
            source,
            fetched_bytes,
        }
    }
}
