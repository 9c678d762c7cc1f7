//! What every session of a pod shares.

use std::sync::Arc;

use hsc_conversation::Conversation;
use hsc_monitoring::ActorMeter;

use super::{AnswerQueue, Overload};
use crate::bridge::Bridge;
use crate::desk::{HandoffService, LocalDeskConversations};
use crate::image_budget::ImageBudget;
use crate::pod_services::PodServices;
use crate::ports::{Answerer, ManualLoader};
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
    pub(crate) services: PodServices,
    pub(crate) handoffs: HandoffService,
    pub(crate) desk_conversations: LocalDeskConversations,
    pub(crate) meter: ActorMeter,
}
