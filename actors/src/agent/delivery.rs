//! Delivers an agent's message to the visitor.
//!
//! The owner of the conversation appends it, assigns its offset and acknowledges; until then it is sent again. When
//! the visitor is disconnected the conversation has no owner: then this pod takes it over and appends the message,
//! and the visitor gets it after a reconnect. A message that is sent several times has its effect once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::bridge::{Body, ChannelEvent, DeskBroadcast, Subscription, channels};
use crate::session::{PodServices, SessionContext};
use hsc_conversation::desk::{AgentChatMessage, DeskChange};
use hsc_conversation::log::{Batch, ClientPosition, LogError, OwnedConversation};
use hsc_conversation::protocol::{ChatMessage, Speaker, plain_html};
use hsc_conversation::{ConversationEvent, LogEntry};

/// Longest wait for the owner's acknowledgement.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_500);
/// Longest wait for the subscription to other pods' acknowledgements.
const HEARD_WITHIN: Duration = Duration::from_secs(1);
/// Number of attempts.
const TIMES: u32 = 4;

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDelivered {
    /// The conversation belongs to another agent.
    #[error("This conversation is not yours any more.")]
    NotYours,
    /// The conversation ended, or is not stored any more.
    #[error("This conversation is not at the desk any more.")]
    Gone,
    /// The owner did not acknowledge.
    #[error("The visitor's connection does not answer; say it again in a moment.")]
    Silent,
    /// The desk or the log is unavailable.
    #[error("The conversation is not available at the moment; send it again soon.")]
    Away,
}

/// Delivers an agent's message.
pub(super) async fn deliver(
    context: Arc<SessionContext>,
    conversation: String,
    message: AgentChatMessage,
    mut is_online: bool,
) -> Result<(), NotDelivered> {
    let handoffs = &context.handoffs;
    let mut answers = handoffs.bridge.subscribe(channels::to_agents(&conversation));
    let _ = timeout(HEARD_WITHIN, answers.live()).await;
    let channel = channels::to_owner(&conversation);
    for _ in 0..TIMES {
        if is_online {
            let talk = DeskBroadcast::AgentChatMessage { message: Box::new(message.clone()) };
            drop(handoffs.bridge.publish(&channel, Body::Talk(talk)));
            let answer = answer_to(&message.request, &mut answers);
            match timeout(ANSWERED_WITHIN, answer).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(NotDelivered::NotYours),
                Err(_) => {}
            }
        }
        match handoffs.desk.find(conversation.as_str().into()).await {
            Ok(Some(DeskChange::Ticket(ticket))) => {
                if ticket.agent.is_none_or(|has| has.id != message.agent.id) {
                    return Err(NotDelivered::NotYours);
                }
                is_online = ticket.online;
            }
            Ok(_) => return Err(NotDelivered::Gone),
            Err(_) => return Err(NotDelivered::Away),
        }
        if !is_online {
            match append_alone(&context, &conversation, &message).await {
                Ok(()) => {
                    handoffs
                        .touch(conversation.as_str().into(), message.content, Speaker::Agent)
                        .await;
                    return Ok(());
                }
                Err(LogError::Unknown) => return Err(NotDelivered::Gone),
                Err(LogError::Unavailable { .. }) => return Err(NotDelivered::Away),
                // The visitor has just reconnected, to the present owner.
                Err(LogError::Stale { .. } | LogError::Gap { .. }) => is_online = true,
            }
        }
    }
    Err(NotDelivered::Silent)
}

/// Whether the owner accepted it; false for good if it does not reply.
async fn answer_to(request: &str, answers: &mut Subscription) -> bool {
    loop {
        if let ChannelEvent::Message(envelope) = answers.next().await
            && let Body::Talk(DeskBroadcast::Accepted { request: answered, accepted, .. }) =
                &envelope.body
            && answered == request
        {
            return *accepted;
        }
    }
}

async fn append_alone(
    context: &SessionContext,
    conversation: &str,
    message: &AgentChatMessage,
) -> Result<(), LogError> {
    let PodServices { log, archive, .. } = &context.services;
    let conversation: Arc<str> = conversation.into();
    let stored = log.read(Arc::clone(&conversation)).await?;
    // At the end of the log, so that none of its entries is dropped.
    let seen = ClientPosition { epoch: stored.epoch, offset: stored.offset };
    let taken = log.take_over(Arc::clone(&conversation), seen).await?;
    let chat = ChatMessage {
        from: Speaker::Agent,
        agent: Some(message.agent.clone()),
        content: message.content.clone(),
        html: plain_html(&message.content),
        citations: message.citations.clone(),
        at_ms: message.at_ms,
        upload: message.upload.clone(),
    };
    let offset = taken.offset + 1;
    let entry = LogEntry {
        offset,
        epoch: taken.epoch,
        at_ms: Some(message.at_ms),
        reply_to: None,
        event: ConversationEvent::MessageSent(Box::new(chat)),
    };
    let entries = vec![entry.stored()];
    let owned = OwnedConversation { conversation: Arc::clone(&conversation), epoch: taken.epoch };
    let batch = Batch { entries, checkpoint: None };
    let deliver_here = context.handoffs.bridge.of_append(&owned, &batch);
    log.append(owned, batch).await?;
    // The owner would record it, and there is none.
    archive.event(&conversation, &entry);
    // The watching agents of this pod; the author is one of them.
    if let Some(deliver_here) = deliver_here {
        deliver_here();
    }
    Ok(())
}
