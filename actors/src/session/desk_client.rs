//! The session's requests to the desk, and the messages of the agent who has its conversation.
//!
//! The conversation decides the request; [`call`] turns it into a call, which the session makes concurrently. Nothing
//! here waits for the desk.

use std::sync::Arc;
use std::time::Duration;

use actix::SpawnHandle;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use log::{debug, warn};
use tokio::time::Instant;

use crate::bridge::{Body, ChannelEvent, DeskBroadcast, channels};
use crate::desk::HandoffService;
use hsc_conversation::desk::{DeskChange, DeskRequest, DeskUpdate, VisitorEnds};
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

/// The action for a request of the conversation.
pub(super) enum DeskCall {
    /// The conversation is at the desk from now on, or not any more.
    Attend(bool),
    /// Report to the agent whether the visitor is typing.
    Typing(bool),
    /// Publish this at once.
    Publish { channel: String, talk: Box<DeskBroadcast> },
    /// Call the desk after the earlier requests; the reply, if any, is an input of the conversation.
    Reply(BoxFuture<'static, Option<DeskUpdate>>),
    /// Call the desk after the earlier requests; there is no reply.
    Notify(BoxFuture<'static, ()>),
}

/// The call for a request of this conversation, whose client is this one.
pub(super) fn call(
    handoffs: HandoffService,
    request: DeskRequest,
    conversation: Arc<str>,
    client: ClientKey,
) -> DeskCall {
    let changed = |ticket| DeskUpdate::Changed(Box::new(DeskChange::Ticket(ticket)));
    match request {
        DeskRequest::Attend(attends) => DeskCall::Attend(attends),
        DeskRequest::Typing(typing) => DeskCall::Typing(typing),
        DeskRequest::Person(request) => reply(async move {
            Some(match handoffs.request_agent(*request, client).await {
                Ok(ticket) => changed(ticket),
                Err(why) => DeskUpdate::NoPerson(why),
            })
        }),
        DeskRequest::PutBack(request) => reply(async move {
            let back = handoffs.put_back(*request).await;
            if let Err(error) = &back {
                debug!(why:? = error; "a conversation is not back at the desk yet");
            }
            back.ok().map(changed)
        }),
        DeskRequest::End(how) => reply(end(handoffs, conversation, how)),
        DeskRequest::Here => reply(async move {
            let seen = handoffs.visitors_here(vec![conversation]).await.ok()?;
            let change = seen.now.into_iter().next();
            Some(change.map_or(DeskUpdate::Lost, |it| DeskUpdate::Changed(Box::new(it))))
        }),
        DeskRequest::Find => reply(async move {
            let found = handoffs.desk.find(conversation).await;
            Some(DeskUpdate::Found(found.ok().flatten().map(Box::new)))
        }),
        DeskRequest::Touch { words, by } => DeskCall::Notify(
            async move { handoffs.touch(conversation, words, by).await }.map(drop).boxed(),
        ),
        DeskRequest::Describe(details) => DeskCall::Notify(
            async move { handoffs.describe(conversation, *details).await }.map(drop).boxed(),
        ),
        DeskRequest::Accepted { request, accepted } => {
            let channel = channels::to_agents(&conversation);
            let conversation = conversation.to_string();
            let talk = DeskBroadcast::Accepted { conversation, request, accepted };
            DeskCall::Publish { channel, talk: Box::new(talk) }
        }
    }
}

fn reply(call: impl Future<Output = Option<DeskUpdate>> + Send + 'static) -> DeskCall {
    DeskCall::Reply(call.boxed())
}

async fn end(
    handoffs: HandoffService,
    conversation: Arc<str>,
    how: VisitorEnds,
) -> Option<DeskUpdate> {
    match handoffs.end(conversation, how).await {
        Ok(gone) => gone.map(|gone| DeskUpdate::Changed(Box::new(DeskChange::Gone(gone)))),
        Err(error) => {
            warn!(why:? = error; "could not withdraw a handoff request at the desk");
            None
        }
    }
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
