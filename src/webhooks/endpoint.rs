//! An endpoint of the settings: where it is, what it is told, and what it is signed with.

use std::sync::atomic::{AtomicU64, Ordering};

use hsc_config::WebhookEndpoint;
use url::Url;

use super::signing::{InvalidKeys, Keys};

/// Why an endpoint of the settings is none.
#[derive(Debug, thiserror::Error)]
pub enum NoEndpoint {
    /// The address cannot be read.
    #[error("webhooks.endpoints: an address cannot be read: {0}")]
    Address(url::ParseError),
    /// A secret is not as the Standard Webhooks have it.
    #[error("webhooks.endpoints: a secret of {host} {cause}")]
    Secret {
        /// The endpoint's host.
        host: String,
        /// What is wrong with it.
        cause: InvalidKeys,
    },
}

/// An endpoint, and how this pod fared with it.
pub(super) struct Endpoint {
    /// As the settings have it; deliveries in the archive name it so.
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) events: Vec<String>,
    pub(super) keys: Keys,
    pub(super) delivered: AtomicU64,
    /// Tries that failed.
    pub(super) failed: AtomicU64,
}

impl Endpoint {
    pub(super) fn of(settings: &WebhookEndpoint) -> Result<Self, NoEndpoint> {
        let url: Url = settings.url.parse().map_err(NoEndpoint::Address)?;
        let secrets = [&settings.secret, &settings.previous_secret];
        let keys = Keys::new(secrets.into_iter().filter_map(|secret| secret.reveal()));
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Self {
            keys: keys.map_err(|cause| NoEndpoint::Secret { host, cause })?,
            name: settings.url.clone(),
            url,
            events: settings.events.clone(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// True where it wants to be told of this.
    pub(super) fn takes(&self, event: &str) -> bool {
        self.events.iter().any(|taken| taken == "all" || taken == event)
    }

    pub(super) fn counted(&self) -> (u64, u64) {
        (self.delivered.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// Its host, for the log: the rest of an address may be a secret.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}
