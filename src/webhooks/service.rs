//! Turns events into deliveries, one for each endpoint that subscribes.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hsc_actors::archiving::{ArchiveHandle, ObservedEvent};
use hsc_actors::ports::archive::Deliveries;
use hsc_actors::ports::{Announcement, Announcer, EndpointCounters, WebhookAdmin};
use hsc_config::WebhooksSettings;
use hsc_conversation::archive::{NewDelivery, Record};
use hsc_monitoring::Metrics;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::endpoint::{Endpoint, NoEndpoint};
use super::event::Event;
use super::sending::Sender;
use super::signing::Keys;
use crate::outbound::OutboundTls;

/// Bytes of the digest that is used as an id: as long as a random id.
const ID_BYTES: usize = 16;

/// The configured endpoints, and the queue to them. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    /// A handle without observers: a delivery is not an event.
    archive: ArchiveHandle,
    pub(super) deliveries: Arc<dyn Deliveries>,
    pub(super) sender: Sender,
    pub(super) metrics: Arc<Metrics>,
    pub(super) max_attempts: u32,
    pub(super) backoff_first: Duration,
    pub(super) backoff_most: Duration,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
}

/// The signing keys of endpoints, by their name.
pub(crate) struct SigningKeys(Vec<(String, Keys)>);

impl Webhooks {
    /// Over the configured endpoints. Deliveries are written through this handle and stored there.
    ///
    /// # Errors
    /// [`NoEndpoint`] for an invalid endpoint.
    pub fn new(
        settings: &WebhooksSettings,
        archive: ArchiveHandle,
        deliveries: Arc<dyn Deliveries>,
        tls: &OutboundTls,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, NoEndpoint> {
        let endpoints = settings.endpoints.iter().map(|it| Endpoint::of(it).map(Arc::new));
        let ms = Duration::from_millis;
        Ok(Self {
            inner: Arc::new(Inner {
                endpoints: endpoints.collect::<Result<_, _>>()?,
                archive,
                deliveries,
                sender: Sender::new(settings, tls),
                metrics: Arc::clone(metrics),
                max_attempts: settings.max_attempts,
                backoff_first: ms(settings.backoff_initial_ms),
                backoff_most: ms(settings.backoff_max_ms),
                timeout: ms(settings.timeout_ms),
                concurrency: settings.concurrency,
            }),
        })
    }

    /// The signing keys of these settings, by endpoint.
    ///
    /// # Errors
    /// [`NoEndpoint`] for an invalid endpoint.
    pub(crate) fn keys_of(settings: &WebhooksSettings) -> Result<SigningKeys, NoEndpoint> {
        let keys = settings.endpoints.iter().map(Endpoint::named_keys);
        Ok(SigningKeys(keys.collect::<Result<_, _>>()?))
    }

    /// Signs with these keys from now on. Endpoints that were not configured at the start are left out.
    pub(crate) fn replace_keys(&self, keys: SigningKeys) {
        for (name, keys) in keys.0 {
            let endpoint = self.inner.endpoints.iter().find(|endpoint| endpoint.name == name);
            if let Some(endpoint) = endpoint {
                *endpoint.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
            }
        }
    }

    /// True without a configured endpoint.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.endpoints.is_empty()
    }

    /// The port for announcements.
    #[must_use]
    pub fn announcer(&self) -> Announcer {
        let (filter, delivery) = (Arc::clone(&self.inner), Arc::clone(&self.inner));
        Announcer::new(
            move |event| filter.endpoints.iter().any(|it| it.takes(event)),
            move |announcement| delivery.tell(&happened(announcement)),
        )
    }

    /// Delivers an event of a conversation to every endpoint that subscribes.
    pub fn deliver(&self, observed: ObservedEvent<'_>) {
        if !self.is_empty() {
            self.inner.tell(&Event::of(observed));
        }
    }
}

impl WebhookAdmin for Webhooks {
    fn endpoints(&self) -> Vec<EndpointCounters> {
        let of = |endpoint: &Arc<Endpoint>| {
            let (delivered, failed) = endpoint.counted();
            let (url, events) = (endpoint.name.clone(), endpoint.events.clone());
            EndpointCounters { url, events, delivered, failed }
        };
        self.inner.endpoints.iter().map(of).collect()
    }

    fn test(&self, url: Option<&str>) -> Vec<String> {
        let data = json!({ "message": "This is a test of HSC-JIT's webhooks." });
        let event = happened(Announcement { event: "test", conversation: None, data });
        let meant = self.inner.endpoints.iter().filter(|it| url.is_none_or(|url| it.name == url));
        meant.map(|endpoint| self.inner.deliver(&event, endpoint)).collect()
    }
}

impl Inner {
    fn tell(&self, event: &Event) {
        let takes = |endpoint: &&Arc<Endpoint>| endpoint.takes(event.announcement.event);
        for endpoint in self.endpoints.iter().filter(takes) {
            self.deliver(event, endpoint);
        }
    }

    /// Creates a delivery for this endpoint; a repeated event gets the same id.
    fn deliver(&self, event: &Event, endpoint: &Endpoint) -> String {
        let digest = Sha256::digest(format!("{}\n{}", event.mark, endpoint.name));
        let hex = digest.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}"));
        let id = format!("msg_{}", hex.collect::<String>());
        let Announcement { event: kind, conversation, data } = &event.announcement;
        let at =
            i64::try_from(event.at_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let body = json!({
            "type": kind,
            "timestamp": at.unwrap_or_default(),
            "conversation": conversation,
            "data": data,
        });
        self.archive.record(Record::Deliver(NewDelivery {
            id: id.clone(),
            endpoint: endpoint.name.clone(),
            event: (*kind).to_owned(),
            body: body.to_string(),
            conversation: conversation.clone(),
        }));
        id
    }
}

/// An announcement, which is in no record.
fn happened(announcement: Announcement) -> Event {
    let at_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
    let mark = format!("{:032x}", rand::random::<u128>());
    Event { announcement, at_ms, mark }
}
