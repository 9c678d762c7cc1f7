//! Conversations of this pod that have gone on elsewhere.
//!
//! The log refuses the old owner in any case; this closes its socket at once instead of with its next
//! word. A task of the tree; what it listens with outlives it, so a crash loses at most what is in hand.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use hsc_monitoring::Metrics;
use serde_json::json;

use crate::bridge::{Body, Bridge, ChannelEvent, channels};
use crate::session_registry::SessionRegistry;
use crate::supervision::{Care, ChildSpec, Life};

/// Tells the pod that owned a conversation who owns it now. No caller waits for it.
pub(crate) fn tell(bridge: &Bridge, owner: &str, conversation: &Arc<str>, epoch: u64) {
    let conversation = Arc::clone(conversation);
    drop(bridge.publish(&channels::pod(owner), Body::TakenOver { conversation, epoch }));
}

/// Closes the sessions whose conversation other pods have taken over.
pub(crate) fn takeovers(
    bridge: &Bridge,
    sessions: &Arc<SessionRegistry>,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    // Never locked across an await: one that hangs must not keep its successor out.
    let listening = Arc::new(Mutex::new(bridge.listen(channels::pod(bridge.pod()))));
    let sessions = Arc::clone(sessions);
    let attend = move |life: Life| {
        let (listening, sessions) = (Arc::clone(&listening), Arc::clone(&sessions));
        async move {
            let mut closed: u64 = 0;
            loop {
                let heard = poll_fn(|task| {
                    if !life.holds() {
                        return Poll::Pending;
                    }
                    listening.lock().unwrap_or_else(PoisonError::into_inner).poll_hear(task)
                });
                // What was missed is refused by the log.
                let ChannelEvent::Told(envelope) = heard.await else { continue };
                if let Body::TakenOver { conversation, epoch } = &envelope.body
                    && sessions.taken_over(conversation, *epoch)
                {
                    closed += 1;
                    life.observe(json!({ "closed": closed }));
                }
            }
        }
    };
    ChildSpec::worker("conversations.takeovers", "takeovers", care, metrics, attend)
}
