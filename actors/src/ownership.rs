//! Closes sessions of this pod whose conversations other pods have taken over.
//!
//! The log refuses the old owner in any case; this closes its socket at once instead of at its next append. A task of
//! the tree; its subscription outlives it, so a crash loses at most the message in work.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use hsc_monitoring::Metrics;
use serde_json::json;

use crate::bridge::{Body, Bridge, ChannelEvent, channels};
use crate::session_registry::SessionRegistry;
use crate::supervision::{Care, ChildSpec, Life};

/// Notifies the pod that owned a conversation of the new owner. No caller waits for it.
pub(crate) fn notify_owner(bridge: &Bridge, owner: &str, conversation: &Arc<str>, epoch: u64) {
    let conversation = Arc::clone(conversation);
    drop(bridge.publish(&channels::pod(owner), Body::TakenOver { conversation, epoch }));
}

/// Closes the sessions whose conversation other pods have taken over.
pub(crate) fn ownership_watcher(
    bridge: &Bridge,
    sessions: &Arc<SessionRegistry>,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    // Never locked across an await: a hung task must not lock its successor out.
    let listening = Arc::new(Mutex::new(bridge.subscribe(channels::pod(bridge.pod()))));
    let sessions = Arc::clone(sessions);
    let attend = move |life: Life| {
        let (listening, sessions) = (Arc::clone(&listening), Arc::clone(&sessions));
        async move {
            let mut closed: u64 = 0;
            loop {
                let event = poll_fn(|task| {
                    if !life.holds() {
                        return Poll::Pending;
                    }
                    listening.lock().unwrap_or_else(PoisonError::into_inner).poll_receive(task)
                });
                // For a missed message, the log refuses the old owner.
                let ChannelEvent::Message(envelope) = event.await else { continue };
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
