//! What the sockets of a pod share: the services and their settings, and the context of every session.

use std::sync::Arc;
use std::time::Duration;

use hsc_catalogs::Snapshot;
use hsc_config::{ServerSettings, SessionsSettings};
use hsc_conversation::{Conversation, Rules, Tokens};
use hsc_monitoring::{ActorMeter, Metrics};

use super::{AnswerQueue, Overload};
use crate::agent::AgentSockets;
use crate::archiving::ArchiveHandle;
use crate::desk::HandoffService;
use crate::image_budget::ImageBudget;
use crate::ports::archive::Notes;
use crate::ports::{Answerer, ConversationLog, ManualLoader};
use crate::rate_limit::Quota;
use crate::session_registry::SessionRegistry;
use crate::supervision::Intensity;

/// What every session and every agent's socket of a pod shares.
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
    /// The open sockets of agents.
    pub(crate) agents: AgentSockets,
    /// Interval of the presence reports of agents to the desk.
    pub(crate) desk_heartbeat: Duration,
    pub(crate) catalog: Arc<Snapshot>,
    pub(crate) meter: ActorMeter,
}

/// The services of a pod, and its settings, that the sockets of visitors and agents use.
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
    pub server: ServerSettings,
    /// Limits of sessions and of their answers.
    pub sessions: SessionsSettings,
    /// Where the sockets count what they do.
    pub metrics: Arc<Metrics>,
}

impl PodServices {
    /// The messages that one socket may send.
    pub(crate) fn message_quota(&self) -> Quota {
        Quota::per_second(self.rules.limits.messages_per_second, self.server.message_burst)
    }
}
