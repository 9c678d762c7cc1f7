//! A configured endpoint: its address, its events, and its signing keys.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use hsc_config::WebhookEndpoint;
use url::Url;

use super::signing::{InvalidKeys, Keys};

/// Why a configured endpoint is invalid.
#[derive(Debug, thiserror::Error)]
pub enum NoEndpoint {
    /// The address cannot be parsed.
    #[error("webhooks.endpoints: an address cannot be read: {0}")]
    Address(url::ParseError),
    /// A secret is not in the format of Standard Webhooks.
    #[error("webhooks.endpoints: a secret of {host} {cause}")]
    Secret {
        /// The endpoint's host.
        host: String,
        /// Why it is invalid.
        cause: InvalidKeys,
    },
}

/// An endpoint, and this pod's results with it.
pub(super) struct Endpoint {
    /// The configured address; deliveries in the archive refer to it.
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) events: Vec<String>,
    pub(super) keys: RwLock<Keys>,
    pub(super) delivered: AtomicU64,
    /// Number of failed attempts.
    pub(super) failed: AtomicU64,
}

impl Endpoint {
    pub(super) fn of(settings: &WebhookEndpoint) -> Result<Self, NoEndpoint> {
        let url: Url = settings.url.parse().map_err(NoEndpoint::Address)?;
        Ok(Self {
            keys: RwLock::new(Self::keys_of(settings, &url)?),
            name: settings.url.clone(),
            url,
            events: settings.events.clone(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// The signing keys of an endpoint at this address.
    fn keys_of(settings: &WebhookEndpoint, url: &Url) -> Result<Keys, NoEndpoint> {
        let secrets = [&settings.secret, &settings.previous_secret];
        let keys = Keys::new(secrets.into_iter().filter_map(|secret| secret.reveal()));
        let host = url.host_str().unwrap_or_default().to_owned();
        keys.map_err(|cause| NoEndpoint::Secret { host, cause })
    }

    /// The name of the endpoint in these settings, and its signing keys.
    pub(super) fn named_keys(settings: &WebhookEndpoint) -> Result<(String, Keys), NoEndpoint> {
        let url: Url = settings.url.parse().map_err(NoEndpoint::Address)?;
        Ok((settings.url.clone(), Self::keys_of(settings, &url)?))
    }

    /// Signs a delivery.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).sign(id, timestamp, body)
    }

    /// True if the endpoint subscribes to this event.
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
