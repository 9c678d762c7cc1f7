//! What other pods tell this one, and its effects here: notices for all connected clients, cache invalidations, and
//! conversations of this pod that another one has taken over. Tasks of the tree.

use std::sync::Arc;

use hsc_monitoring::Metrics;
use log::{debug, warn};
use serde_json::json;

use super::table::WorkerSubscription;
use super::{Body, Bridge, ChannelEvent, channels};
use crate::caches::Caches;
use crate::session_registry::SessionRegistry;
use crate::supervision::{AskError, Care, ChildSpec, Life};
use hsc_conversation::BoxError;
use hsc_conversation::log::OwnedConversation;

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
        subscription: WorkerSubscription::new(bridge.subscribe(channels::PODS)),
        sessions,
        caches,
    };
    let attend = move |life| here.clone().run(life);
    ChildSpec::worker("announcements", "announcements", care, metrics, attend)
}

#[derive(Clone)]
struct PodAnnouncement {
    pod: Arc<str>,
    subscription: WorkerSubscription,
    sessions: Arc<SessionRegistry>,
    caches: Caches,
}

impl PodAnnouncement {
    async fn run(self, life: Life) -> Result<(), BoxError> {
        let mut done: u64 = 0;
        loop {
            match self.subscription.next(&life).await {
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
            Body::Forget { what, l2_is_done } => {
                self.caches.invalidate(what.clone(), !l2_is_done).await.map(drop)
            }
            // Not sent to every pod; ignored.
            Body::Appended { .. } | Body::TakenOver { .. } | Body::Lost | Body::Talk(_) => Ok(()),
        }
    }
}

/// Notifies the pod that owned a conversation of the new owner. No caller waits for it.
pub(crate) fn notify_owner(bridge: &Bridge, owner: &str, now_owned: &OwnedConversation) {
    let OwnedConversation { conversation, epoch } = now_owned.clone();
    drop(bridge.publish(&channels::pod(owner), Body::TakenOver { conversation, epoch }));
}

/// Closes the sessions whose conversation other pods have taken over. The log refuses the old owner in any case; this
/// closes its socket at once instead of at its next append.
pub(crate) fn ownership_watcher(
    bridge: &Bridge,
    sessions: &Arc<SessionRegistry>,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let subscription = WorkerSubscription::new(bridge.subscribe(channels::pod(bridge.pod())));
    let sessions = Arc::clone(sessions);
    let attend = move |life: Life| {
        let (subscription, sessions) = (subscription.clone(), Arc::clone(&sessions));
        async move {
            let mut closed: u64 = 0;
            loop {
                // For a missed message, the log refuses the old owner.
                let ChannelEvent::Message(envelope) = subscription.next(&life).await else {
                    continue;
                };
                if let Body::TakenOver { conversation, epoch } = &envelope.body
                    && sessions.taken_over(conversation, *epoch)
                {
                    closed += 1;
                    life.observe(json!({ "closed": closed }));
                }
            }
        }
    };
    ChildSpec::worker("conversations.ownership", "conversations_ownership", care, metrics, attend)
}
