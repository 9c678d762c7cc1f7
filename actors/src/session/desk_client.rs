//! The session's requests to the desk, and the messages of the agent who has its conversation.
//!
//! The conversation decides the request; each function here is the call for one, which the session makes concurrently.
//! What it returns is an input of the conversation; none if there is nothing to tell it.

use std::sync::Arc;
use std::time::Duration;

use actix::SpawnHandle;
use log::{debug, warn};
use tokio::time::Instant;

use crate::bridge::{Body, ChannelEvent, DeskBroadcast, channels};
use crate::desk::HandoffService;
use hsc_conversation::desk::{DeskChange, DeskUpdate, HandoffRequest, VisitorEnds};
use hsc_conversation::{ClientKey, Input};

/// Time between two typing reports to an agent.
const TYPING_EVERY: Duration = Duration::from_secs(2);

/// The session's state while its conversation is at the desk.
pub(super) struct DeskAttachment {
    pub(super) conversation: Arc<str>,
    pub(super) listens: SpawnHandle,
    /// Time of the last typing report to the agent.
    typed_at: Option<Instant>,
}

impl DeskAttachment {
    pub(super) fn new(conversation: Arc<str>, listens: SpawnHandle) -> Self {
        Self { conversation, listens, typed_at: None }
    }

    /// Reports to the agent that the visitor starts or stops typing; not with every keystroke.
    pub(super) fn report_typing(&mut self, typing: bool, handoffs: &HandoffService) {
        let is_known = self.typed_at.is_some_and(|at| at.elapsed() < TYPING_EVERY);
        if typing == is_known && (typing || self.typed_at.is_none()) {
            return;
        }
        self.typed_at = typing.then(Instant::now);
        let channel = channels::to_agents(&self.conversation);
        let conversation = self.conversation.to_string();
        let talk = DeskBroadcast::VisitorTyping { conversation, typing };
        drop(handoffs.bridge.publish(&channel, Body::Talk(talk)));
    }
}

/// The visitor at this client wants an agent.
pub(super) async fn request_agent(
    handoffs: HandoffService,
    request: HandoffRequest,
    client: ClientKey,
) -> Option<DeskUpdate> {
    Some(match handoffs.request_agent(request, client).await {
        Ok(ticket) => changed(DeskChange::Ticket(ticket)),
        Err(why) => DeskUpdate::NoPerson(why),
    })
}

/// Puts a conversation back that the desk has lost.
pub(super) async fn put_back(
    handoffs: HandoffService,
    request: HandoffRequest,
) -> Option<DeskUpdate> {
    let back = handoffs.put_back(request).await;
    if let Err(error) = &back {
        debug!(why:? = error; "a conversation is not back at the desk yet");
    }
    back.ok().map(|ticket| changed(DeskChange::Ticket(ticket)))
}

/// The visitor does not want an agent any more.
pub(super) async fn end(
    handoffs: HandoffService,
    conversation: Arc<str>,
    how: VisitorEnds,
) -> Option<DeskUpdate> {
    match handoffs.end(conversation, how).await {
        Ok(gone) => gone.map(|gone| changed(DeskChange::Gone(gone))),
        Err(error) => {
            warn!(why:? = error; "could not withdraw a handoff request at the desk");
            None
        }
    }
}

/// The visitor is connected here; returns the state of the conversation at the desk.
pub(super) async fn visitor_here(
    handoffs: HandoffService,
    conversation: Arc<str>,
) -> Option<DeskUpdate> {
    let seen = handoffs.visitors_here(vec![conversation]).await.ok()?;
    Some(seen.now.into_iter().next().map_or(DeskUpdate::Lost, changed))
}

/// Reads the state of the conversation at the desk.
pub(super) async fn find(handoffs: HandoffService, conversation: Arc<str>) -> Option<DeskUpdate> {
    let found = handoffs.desk.find(conversation).await;
    Some(DeskUpdate::Found(found.ok().flatten().map(Box::new)))
}

fn changed(change: DeskChange) -> DeskUpdate {
    DeskUpdate::Changed(Box::new(change))
}

/// The conversation's input for an event on the channel of its agent.
pub(super) fn input_of(event: ChannelEvent) -> Option<Input> {
    // A missed message is sent again by the agent's pod, which got no reply.
    let ChannelEvent::Message(envelope) = event else { return None };
    match &envelope.body {
        Body::Talk(DeskBroadcast::AgentChatMessage { message }) => {
            Some(Input::AgentChatMessage(message.clone()))
        }
        Body::Talk(DeskBroadcast::AgentTyping { agent, typing }) => {
            Some(Input::AgentTyping { agent: agent.clone(), typing: *typing })
        }
        _ => None,
    }
}
