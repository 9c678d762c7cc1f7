//! The dependencies of a pod: the ports of the server, and limits from the settings.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::Snapshot;
use hsc_config::{CacheSettings, ConversationsSettings, Secret};
use hsc_conversation::{Tokens, VisitorTokenVerifier};

use crate::cache::L2Cache;
use crate::cached_results::{Answers, Predictions};
use crate::desk::{HandoffLimits, Hours};
use crate::manual_cache::ManualCache;
use crate::ports::{Answerer, HandoffDesk, Relay};
use crate::presence::PodRegistration;
use crate::session::PodServices;
use crate::supervision::{ChildSpec, SupervisionConfig};

/// The dependencies of a pod.
pub struct PodDependencies {
    /// The name of this pod. No other pod and no other run of this one has it.
    pub name: Arc<str>,
    /// Carries messages to other pods; `None` for a pod without others.
    pub relay: Option<Arc<dyn Relay>>,
    /// How the pod appears in the directory of pods.
    pub registration: PodRegistration,
    /// The catalog in force.
    pub catalog: Arc<Snapshot>,
    /// The cache of read manuals.
    pub manuals: ManualCache,
    /// Answers questions: extractive or by a language model.
    pub answerer: Arc<dyn Answerer>,
    /// The queue of handoffs and the agents who take them.
    pub desk: Arc<dyn HandoffDesk>,
    /// The opening hours of the desk.
    pub hours: Hours,
    /// Handoffs per client.
    pub handoffs: HandoffLimits,
    /// Interval at which the desk gets the connected visitors and agents of this pod.
    pub desk_heartbeat: Duration,
    /// The services that sockets use as well.
    pub services: PodServices,
    /// Verifies the visitor tokens that an embedding site signs; `None` makes every visitor anonymous.
    pub visitor_tokens: Option<Arc<dyn VisitorTokenVerifier>>,
    /// Limits of the caches.
    pub cache: CacheSettings,
    /// The caches that pods share, behind those of this pod.
    pub l2: L2Caches,
    /// How actors are supervised.
    pub supervision: SupervisionConfig,
    /// Tasks of the server that are supervised too, e.g. the watcher of the catalog folder.
    pub workers: Vec<ChildSpec>,
}

/// The L2 caches beside that of the manuals; none for a pod without Redis.
#[derive(Clone, Default)]
pub struct L2Caches {
    /// Answers to keystrokes.
    pub predictions: Option<Arc<dyn L2Cache<Predictions>>>,
    /// Answers to questions.
    pub answers: Option<Arc<dyn L2Cache<Answers>>>,
}

/// Tokens that are signed with the first key of the settings and verified with any of them.
#[must_use]
pub fn tokens_of(settings: &ConversationsSettings) -> Tokens {
    let keys = settings.token_keys.iter().filter_map(Secret::reveal).map(str::as_bytes);
    Tokens::new(keys, Duration::from_millis(settings.token_ttl_ms))
}
