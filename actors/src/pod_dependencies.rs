//! The dependencies of a pod: the ports of the server, and limits from the settings.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::Snapshot;
use hsc_config::{CacheSettings, DeskSettings, ServerSettings, SessionsSettings};
use hsc_conversation::{Rules, Tokens, VisitorTokenVerifier};
use hsc_monitoring::Metrics;

use crate::archiving::ArchiveHandle;
use crate::cache::{CacheLimits, L2Cache};
use crate::cached_results::{Answers, Predictions};
use crate::desk::{HandoffLimits, Hours};
use crate::image_budget::ImageLimits;
use crate::manual_cache::ManualCache;
use crate::ports::archive::Notes;
use crate::ports::{Answerer, ConversationLog, HandoffDesk, Relay};
use crate::presence::PodRegistration;
use crate::session_registry::Admission;
use crate::supervision::ChildSpec;
use crate::supervision_config::SupervisionConfig;

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
    /// How many sessions are admitted.
    pub admission: Admission,
    /// The queue of handoffs and the agents who take them.
    pub desk: Arc<dyn HandoffDesk>,
    /// The opening hours of the desk.
    pub hours: Hours,
    /// Interval at which the desk gets the connected visitors and agents of this pod.
    pub desk_heartbeat: Duration,
    /// The log of conversations.
    pub log: Arc<dyn ConversationLog>,
    /// The tokens by which a client proves that it may continue a conversation.
    pub tokens: Arc<Tokens>,
    /// Verifies the visitor tokens that an embedding site signs; `None` makes every visitor anonymous.
    pub visitor_tokens: Option<Arc<dyn VisitorTokenVerifier>>,
    /// Writes conversations to the archive, behind the chat.
    pub archive: ArchiveHandle,
    /// The internal notes of agents.
    pub notes: Arc<dyn Notes>,
    /// The rules of a conversation.
    pub rules: Rules,
    /// Times and budgets of a socket.
    pub limits: SocketLimits,
    /// Limits of the caches beside the manuals.
    pub budgets: CacheBudgets,
    /// The caches that pods share, behind those of this pod.
    pub l2: L2Caches,
    /// How actors are supervised.
    pub supervision: SupervisionConfig,
    /// Tasks of the server that are supervised too, e.g. the watcher of the catalog folder.
    pub workers: Vec<ChildSpec>,
    /// Every metric.
    pub metrics: Arc<Metrics>,
}

/// Limits of the caches beside the manuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheBudgets {
    /// Answers to keystrokes.
    pub predictions: CacheLimits,
    /// Answers to questions.
    pub answers: CacheLimits,
}

impl From<&CacheSettings> for CacheBudgets {
    fn from(settings: &CacheSettings) -> Self {
        Self {
            predictions: CacheLimits::of(settings, &settings.predictions),
            answers: CacheLimits::of(settings, &settings.answers),
        }
    }
}

/// The L2 caches beside that of the manuals; none for a pod without Redis.
#[derive(Clone, Default)]
pub struct L2Caches {
    /// Answers to keystrokes.
    pub predictions: Option<Arc<dyn L2Cache<Predictions>>>,
    /// Answers to questions.
    pub answers: Option<Arc<dyn L2Cache<Answers>>>,
}

/// The times and budgets of a socket, from the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketLimits {
    /// Interval of pings.
    pub ping_interval: Duration,
    /// Silence after which a client is gone.
    pub idle_timeout: Duration,
    /// How long typing must pause on a product before its manual is loaded ahead.
    pub prefetch_after: Duration,
    /// Bytes that may be queued for a client that does not read.
    pub outgoing_bytes: usize,
    /// Bytes that may be queued for all clients together.
    pub queued_bytes: usize,
    /// Messages a client may send at once.
    pub burst: u32,
    /// Small frames (ping, pong, empty) a client may send in a second.
    pub small_frames_per_second: u32,
    /// Longest time from the first byte of a message to its last.
    pub message_deadline: Duration,
    /// Bytes of all unfinished messages.
    pub unfinished_bytes: usize,
    /// Longest time for a client to take what was sent before a close.
    pub close_timeout: Duration,
    /// Concurrent answers.
    pub max_answers: usize,
    /// Most queued questions.
    pub max_waiting_answers: usize,
    /// The same per client; 0 is unlimited.
    pub max_waiting_answers_per_address: usize,
    /// Bytes of pictures that are held for answers.
    pub images: ImageLimits,
    /// Handoffs per client.
    pub handoffs: HandoffLimits,
    /// Delay of the event loop from which the pod is overloaded; zero is never.
    pub busy_after: Duration,
}

impl SocketLimits {
    /// The limits of these settings.
    #[must_use]
    pub fn of(server: &ServerSettings, sessions: &SessionsSettings, desk: &DeskSettings) -> Self {
        Self {
            ping_interval: Duration::from_millis(server.ping_interval_ms),
            idle_timeout: Duration::from_millis(server.idle_timeout_ms),
            prefetch_after: Duration::from_millis(sessions.prefetch_after_ms),
            outgoing_bytes: server.outgoing_queue_bytes,
            queued_bytes: server.queued_bytes,
            burst: server.message_burst,
            small_frames_per_second: server.small_frames_per_second,
            message_deadline: Duration::from_millis(server.message_deadline_ms),
            unfinished_bytes: server.unfinished_message_bytes,
            close_timeout: Duration::from_millis(server.close_timeout_ms),
            max_answers: sessions.max_answers,
            max_waiting_answers: sessions.max_waiting_answers,
            max_waiting_answers_per_address: sessions.max_waiting_answers_per_address,
            images: ImageLimits::from(sessions),
            handoffs: HandoffLimits::from(desk),
            busy_after: Duration::from_millis(sessions.overload_after_ms),
        }
    }
}
