//! What every session of a pod shares.

use std::sync::Arc;
use std::time::Duration;

use hsc_conversation::{Conversation, Tokens};
use hsc_monitoring::{ActorMeter, Metrics};

use super::{AnswerQueue, Overload};
use crate::archiving::ArchiveHandle;
use crate::bridge::Bridge;
use crate::desk::{HandoffService, LocalDeskConversations};
use crate::image_budget::ImageBudget;
use crate::ports::archive::Notes;
use crate::ports::{Answerer, ConversationLog, ManualLoader};
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
    pub(crate) bridge: Bridge,
    pub(crate) log: Arc<dyn ConversationLog>,
    pub(crate) archive: ArchiveHandle,
    /// Notes of the team, for agents' sockets; no session reads them.
    pub(crate) notes: Arc<dyn Notes>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) handoffs: HandoffService,
    pub(crate) desk_conversations: LocalDeskConversations,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) meter: ActorMeter,
    pub(crate) ping_interval: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) prefetch_after: Duration,
    pub(crate) messages_per_second: u32,
    pub(crate) message_burst: u32,
}
