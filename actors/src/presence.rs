//! The presence of this pod: sends its heartbeats, and reads the directory of pods.
//!
//! Owns      the directory as it was last read.
//! Calls     the [`PodDirectory`] at every heartbeat.
//! Tells     the actor that completes the answers of vanished pods.
//! Never     makes a caller wait: a caller gets the directory as last read, and whether it is complete.
//! On crash  loses nothing: the next heartbeat reads it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hsc_monitoring::Metrics;
use log::{debug, info, warn};
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior};

use crate::mutex::Mutex;
use crate::ports::{PodDirectory, PodList, PodReport};
use crate::session::{PodDeparted, PodTakeover, SessionContext};
use crate::supervision::{Care, ChildSpec, Handle, Life};
use hsc_conversation::BoxError;

/// The entry of this pod in the directory.
#[derive(Clone)]
pub struct PodRegistration {
    /// The directory; none for a single pod.
    pub directory: Option<Arc<dyn PodDirectory>>,
    /// The address of this pod for other pods.
    pub address: String,
    /// Version of the server.
    pub version: &'static str,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// Age from which the directory is too old to count as complete.
    pub expires: Duration,
}

/// All pods, as far as this one knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Pods {
    /// The name of the reporting pod.
    #[schema(value_type = String)]
    pub this: Arc<str>,
    /// False when there may be others: Redis is unavailable.
    pub complete: bool,
    /// Why it is not complete; none if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The pods, by name.
    pub pods: Vec<PodReport>,
    /// Sums over all pods that report.
    pub totals: PodTotals,
}

/// Sums over pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PodTotals {
    /// Pods that report, this one included.
    pub pods: usize,
    /// Open visitor sockets.
    pub sessions: usize,
    /// Conversations with a session.
    pub conversations: usize,
    /// Running answers.
    pub answering: usize,
    /// Queued questions.
    pub waiting: usize,
}

/// The presence of this pod.
pub(crate) struct Presence {
    pod: Arc<str>,
    registration: PodRegistration,
    context: Arc<SessionContext>,
    seen: Mutex<ObservedPods>,
    has_left: AtomicBool,
}

/// The directory as it was last read.
#[derive(Default)]
struct ObservedPods {
    directory: PodList,
    at: Option<Instant>,
    fault: Option<String>,
}

impl Presence {
    pub(crate) fn new(
        pod: Arc<str>,
        registration: PodRegistration,
        context: Arc<SessionContext>,
    ) -> Arc<Self> {
        let (seen, has_left) = (Mutex::default(), AtomicBool::new(false));
        let presence = Self { pod, registration, context, seen, has_left };
        presence.count(1, true);
        Arc::new(presence)
    }

    /// The heartbeat worker, for the tree; none for a single pod.
    pub(crate) fn worker(
        self: &Arc<Self>,
        takeover: &Handle<PodTakeover>,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> Option<ChildSpec> {
        let directory = Arc::clone(self.registration.directory.as_ref()?);
        let (presence, takeover) = (Arc::clone(self), takeover.clone());
        Some(ChildSpec::worker("pods.presence", "pods_presence", care, metrics, move |life| {
            run(Arc::clone(&presence), Arc::clone(&directory), takeover.clone(), life)
        }))
    }

    /// The present report of this pod.
    fn report(&self) -> PodReport {
        let PodRegistration { address, version, started_at, .. } = &self.registration;
        let SessionContext { sessions, answer_queue, .. } = &*self.context;
        PodReport {
            pod: Arc::clone(&self.pod),
            address: address.clone(),
            version: (*version).to_owned(),
            started_at: started_at.clone(),
            draining: sessions.is_draining(),
            sessions: sessions.count(),
            conversations: sessions.conversations(),
            answering: answer_queue.answering(),
            waiting: answer_queue.queued(),
        }
    }

    /// All pods, this one with its present report.
    pub(crate) fn pods(&self) -> Pods {
        let (directory, reason) = self.last_read();
        let mut pods = directory.pods;
        pods.retain(|report| report.pod != self.pod);
        pods.push(self.report());
        pods.sort_by(|one, other| one.pod.cmp(&other.pod));
        let mut totals = PodTotals { pods: pods.len(), ..PodTotals::default() };
        for report in &pods {
            totals.sessions += report.sessions;
            totals.conversations += report.conversations;
            totals.answering += report.answering;
            totals.waiting += report.waiting;
        }
        Pods { this: Arc::clone(&self.pod), complete: reason.is_none(), reason, pods, totals }
    }

    /// The directory, and why it is not complete; empty when it is too old.
    fn last_read(&self) -> (PodList, Option<String>) {
        if self.registration.directory.is_none() {
            return (PodList::default(), None);
        }
        let seen = self.seen.lock();
        let is_fresh = seen.at.is_some_and(|at| at.elapsed() < self.registration.expires);
        let reason = match (&seen.fault, is_fresh, seen.directory.unread) {
            (None, true, 0) => None,
            (None, true, unread) => Some(format!("{unread} pods report in words unknown here")),
            (Some(why), ..) => Some(format!("the other pods are not known: {why}")),
            (None, false, _) => Some("the other pods were not asked yet".to_owned()),
        };
        if is_fresh { (seen.directory.clone(), reason) } else { (PodList::default(), reason) }
    }

    fn read(&self, outcome: Result<PodList, BoxError>) -> Vec<Arc<str>> {
        let mut vanished = Vec::new();
        let mut seen = self.seen.lock();
        match outcome {
            Ok(mut directory) => {
                for gone in std::mem::take(&mut directory.vanished) {
                    if gone.is_new {
                        warn!(pod:% = gone.pod; "a pod has vanished");
                        self.context.services.metrics.pods.vanished();
                    }
                    vanished.push(gone.pod);
                }
                if seen.fault.is_some() {
                    info!(pods = directory.pods.len(); "the other pods are known again");
                }
                *seen = ObservedPods { directory, at: Some(Instant::now()), fault: None };
            }
            Err(error) => {
                debug!(error:%; "the directory of pods is unavailable");
                seen.fault = Some(error.to_string());
            }
        }
        drop(seen);
        let (directory, reason) = self.last_read();
        self.count(directory.pods.len().max(1), reason.is_none());
        vanished
    }

    fn count(&self, pods: usize, complete: bool) {
        self.context.services.metrics.pods.are(pods, complete);
    }

    /// Leaves the directory, after the worker has ended.
    pub(crate) async fn leave(&self, leaves_work: bool) {
        self.has_left.store(true, Ordering::SeqCst);
        let Some(directory) = &self.registration.directory else { return };
        if let Err(error) = directory.leave(Arc::clone(&self.pod), leaves_work).await {
            warn!(error:%; "could not say good-bye to the other pods; they notice by themselves");
        }
    }
}

async fn run(
    presence: Arc<Presence>,
    directory: Arc<dyn PodDirectory>,
    takeover: Handle<PodTakeover>,
    life: Life,
) -> Result<(), BoxError> {
    let mut beats = tokio::time::interval(presence.registration.heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        if presence.has_left.load(Ordering::SeqCst) {
            return Ok(());
        }
        for pod in presence.read(directory.answer(presence.report()).await) {
            if takeover.post(PodDeparted(Arc::clone(&pod))).is_err() {
                warn!(pod:%; "the answers of a vanished pod wait for their visitors to come back");
            }
        }
        let (directory, reason) = presence.last_read();
        life.observe(json!({ "pods": directory.pods.len().max(1), "complete": reason.is_none() }));
    }
}
