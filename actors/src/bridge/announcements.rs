//! Messages to every pod, and their effects here: notices for all connected clients, and cache
//! invalidations. A task of the tree; its subscription outlives it, so a crash loses at most the
//! announcement in work.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use hsc_monitoring::Metrics;
use log::{debug, warn};
use serde_json::json;

use super::{Body, Bridge, ChannelEvent, Subscription, channels};
use crate::caches::Caches;
use crate::session_registry::SessionRegistry;
use crate::supervision::{AskError, Care, ChildSpec, Life};
use hsc_conversation::BoxError;

/// Applies the announcements of other pods.
pub(crate) fn announcements(
    bridge: &Bridge,
    sessions: Arc<SessionRegistry>,
    caches: Caches,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let here = PodAnnouncement {
        pod: Arc::clone(bridge.pod()),
        subscription: Arc::new(Mutex::new(bridge.subscribe(channels::PODS))),
        sessions,
        caches,
    };
    let attend = move |life| here.clone().run(life);
    ChildSpec::worker("announcements", "announcements", care, metrics, attend)
}

#[derive(Clone)]
struct PodAnnouncement {
    pod: Arc<str>,
    // Never locked across an await: a hung task must not lock its successor out.
    subscription: Arc<Mutex<Subscription>>,
    sessions: Arc<SessionRegistry>,
    caches: Caches,
}

impl PodAnnouncement {
    async fn run(self, life: Life) -> Result<(), BoxError> {
        let mut done: u64 = 0;
        loop {
            let event = poll_fn(|task| {
                if !life.holds() {
                    return Poll::Pending;
                }
                self.subscription.lock().unwrap_or_else(PoisonError::into_inner).poll_receive(task)
            });
            match event.await {
                // The announcing pod has applied it already.
                ChannelEvent::Message(envelope) if envelope.from == self.pod => continue,
                ChannelEvent::Message(envelope) => {
                    if let Err(error) = self.take(&envelope.body).await {
                        let kind = envelope.body.kind();
                        warn!(kind, error:%; "an announcement of another pod was not applied");
                    }
                }
                // An old notice would confuse; a cached value expires by itself.
                ChannelEvent::Missed => debug!("announcements of other pods may have been missed"),
            }
            done += 1;
            life.observe(json!({ "announcements": done }));
        }
    }

    async fn take(&self, body: &Body) -> Result<(), AskError> {
        match body {
            Body::Notice { message } => {
                self.sessions.broadcast(message.clone()).await;
                Ok(())
            }
            Body::Forget { what, l2_is_done: true } => {
                self.caches.invalidate_l1(what.clone()).await
            }
            Body::Forget { what, l2_is_done: false } => {
                self.caches.invalidate(what.clone()).await.map(drop)
            }
            // Not sent to every pod; ignored.
            Body::Appended { .. } | Body::TakenOver { .. } | Body::Lost | Body::Talk(_) => Ok(()),
        }
    }
}
