//! Turns events into deliveries, one for each endpoint that subscribes.
//!
//! The body of a conversation's event is a projection of it (`conversation/src/webhook_events.rs`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hsc_actors::archiving::{ArchiveHandle, ObservedEvent};
use hsc_actors::ports::archive::Deliveries;
use hsc_actors::ports::{Announcement, Announcer, EndpointCounters, WebhookAdmin};
use hsc_config::WebhooksSettings;
use hsc_conversation::archive::{HandoffPlace, NewDelivery, Record};
use hsc_monitoring::Metrics;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::endpoint::{Endpoint, NoEndpoint};
use super::sending::Sender;
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

/// Endpoints of newer settings, for their signing keys.
pub(crate) struct SigningKeys(Vec<Endpoint>);

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
        settings.endpoints.iter().map(Endpoint::of).collect::<Result<_, _>>().map(SigningKeys)
    }

    /// Signs with these keys from now on. Endpoints that were not configured at the start are left out.
    pub(crate) fn replace_keys(&self, keys: SigningKeys) {
        for newer in keys.0 {
            let mut endpoints = self.inner.endpoints.iter();
            if let Some(endpoint) = endpoints.find(|endpoint| endpoint.name == newer.name) {
                endpoint.sign_as(newer);
            }
        }
    }

    /// True without a configured endpoint.
    pub fn is_empty(&self) -> bool {
        self.inner.endpoints.is_empty()
    }

    /// The port for announcements.
    pub fn announcer(&self) -> Announcer {
        let (filter, delivery) = (Arc::clone(&self.inner), Arc::clone(&self.inner));
        Announcer::new(
            move |event| filter.endpoints.iter().any(|it| it.takes(event)),
            move |announcement| delivery.tell(&Event::announced(announcement)),
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
        let of = |endpoint: &Arc<Endpoint>| EndpointCounters {
            url: endpoint.name.clone(),
            events: endpoint.events.clone(),
            delivered: endpoint.delivered.load(Ordering::Relaxed),
            failed: endpoint.failed.load(Ordering::Relaxed),
            ..EndpointCounters::default()
        };
        self.inner.endpoints.iter().map(of).collect()
    }

    fn test(&self, url: Option<&str>) -> Vec<String> {
        let data = json!({ "message": "This is a test of HSC-JIT's webhooks." });
        let event = Event::announced(Announcement { event: "test", conversation: None, data });
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

/// An event and its mark: a repeated event has the same mark.
struct Event {
    announcement: Announcement,
    at_ms: u64,
    /// The offset in the conversation if there is one: a pod that takes a conversation over may record the
    /// same offset again.
    mark: String,
}

impl Event {
    /// An announcement, which is in no record.
    fn announced(announcement: Announcement) -> Self {
        let at_ms = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        let mark = format!("{:032x}", rand::random::<u128>());
        Self { announcement, at_ms, mark }
    }

    /// The event of a conversation.
    fn of(observed: ObservedEvent<'_>) -> Self {
        let ObservedEvent { id, at_ms, conversation, event } = observed;
        let name = event.name;
        let mark = match event.place {
            HandoffPlace::Log(offset) => format!("{conversation} {offset} {name}"),
            HandoffPlace::Desk(rev) => format!("{conversation} #{rev} {name}"),
            HandoffPlace::Unnumbered => format!("{id} {name}"),
        };
        let conversation = Some(conversation.to_owned());
        let announcement = Announcement { event: name, conversation, data: event.data };
        Self { announcement, at_ms, mark }
    }
}

#[cfg(test)]
mod tests {
    use hsc_config::WEBHOOK_EVENTS;
    use hsc_conversation::desk::{DeskDecision, HandoffUnavailable};
    use hsc_conversation::protocol::{Agent, TicketGone, TicketGoneReason};
    use hsc_conversation::{WebhookEvent, decision_webhook_events};

    use super::*;

    fn of(id: &str, event: WebhookEvent) -> Event {
        Event::of(ObservedEvent { id, at_ms: 7, conversation: "c", event })
    }

    #[test]
    fn every_event_of_the_list_is_delivered_and_no_other() {
        let agent = Agent { id: "a".to_owned(), name: "Ada".to_owned() };
        let gone = |why| TicketGone {
            conversation: "c".to_owned(),
            why,
            agent: Some(agent.clone()),
            rev: 3,
        };
        let gone = [
            TicketGoneReason::Closed,
            TicketGoneReason::Ended,
            TicketGoneReason::Expired,
            TicketGoneReason::Returned,
            TicketGoneReason::Withdrawn,
        ]
        .map(gone);
        let ended = gone.iter().map(|gone| DeskDecision::Ended { gone, by: None });
        let others = [
            DeskDecision::Requested { rev: 1, reason: None },
            DeskDecision::Unavailable { why: HandoffUnavailable::Full },
            DeskDecision::Joined { rev: 1, agent: &agent },
            DeskDecision::Transferred { rev: 1, from: &agent, to: None },
        ];
        for decision in ended.chain(others) {
            let events: Vec<Event> =
                decision_webhook_events(decision).into_iter().map(|event| of("r", event)).collect();
            assert!(!events.is_empty(), "{decision:?}");
            for event in &events {
                assert!(WEBHOOK_EVENTS.contains(&event.announcement.event), "{decision:?}");
                let same = events.iter().filter(|other| other.mark == event.mark);
                assert_eq!(same.count(), 1, "{decision:?}");
            }
        }
    }

    #[test]
    fn a_repeated_event_has_the_same_deduplication_key() {
        let sent = |place| WebhookEvent { name: "message.created", place, data: json!({}) };
        for place in [HandoffPlace::Log(5), HandoffPlace::Desk(5)] {
            assert_eq!(of("r", sent(place)).mark, of("x", sent(place)).mark);
        }
        assert_ne!(
            of("r", sent(HandoffPlace::Log(5))).mark,
            of("r", sent(HandoffPlace::Desk(5))).mark
        );
        let unnumbered = || sent(HandoffPlace::Unnumbered);
        assert_ne!(of("r", unnumbered()).mark, of("x", unnumbered()).mark);
    }
}
