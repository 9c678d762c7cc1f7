//! What the sockets of a pod share: the services and limits, and the context of every session.

use std::sync::Arc;
use std::time::Duration;

use hsc_config::{DeskSettings, ServerSettings, SessionsSettings};
use hsc_conversation::{Conversation, Rules, Tokens};
use hsc_monitoring::{ActorMeter, Metrics};

use super::{AnswerQueue, Overload};
use crate::archiving::ArchiveHandle;
use crate::desk::{HandoffLimits, HandoffService, LocalDeskConversations};
use crate::image_budget::{ImageBudget, ImageLimits};
use crate::ports::archive::Notes;
use crate::ports::{Answerer, ConversationLog, ManualLoader};
use crate::rate_limit::Quota;
use crate::session_registry::SessionRegistry;
use crate::supervision::Intensity;

/// What every session of a pod shares.
pub(crate) struct SessionContext {
    /// Creates a conversation with this id and token.
    pub(crate) begin: Box<dyn Fn(Arc<str>, String) -> Conversation + Send + Sync>,
    pub(crate) answer_queue: Arc<AnswerQueue>,
    pub(crate) overload: Arc<Overload>,
    /// Crashes of one session that are tolerated.
    pub(crate) intensity: Intensity,
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) images: Arc<ImageBudget>,
    pub(crate) manual_cache: Arc<dyn ManualLoader>,
    pub(crate) sessions: Arc<SessionRegistry>,
    pub(crate) services: PodServices,
    pub(crate) handoffs: HandoffService,
    pub(crate) desk_conversations: LocalDeskConversations,
    pub(crate) meter: ActorMeter,
}

/// The services and limits of a pod that the sockets of visitors and agents use.
#[derive(Clone)]
pub struct PodServices {
    /// The log of conversations.
    pub log: Arc<dyn ConversationLog>,
    /// The tokens by which a client proves that it may continue a conversation.
    pub tokens: Arc<Tokens>,
    /// Writes conversations to the archive, behind the chat.
    pub archive: ArchiveHandle,
    /// The internal notes of agents.
    pub notes: Arc<dyn Notes>,
    /// The rules of a conversation.
    pub rules: Rules,
    /// Times and budgets of a socket.
    pub limits: SocketLimits,
    /// Every metric.
    pub metrics: Arc<Metrics>,
}

impl PodServices {
    /// The messages that one socket may send.
    pub(crate) fn message_quota(&self) -> Quota {
        Quota::per_second(self.rules.limits.messages_per_second, self.limits.burst)
    }
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
