//! What a session asks of the desk, and what it hears of the agent who has its conversation.
//!
//! The conversation says what is asked; [`call`] turns it into a call, which the session makes beside everything else.
//! Nothing here waits for the desk.

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

/// How often an agent is told that the visitor types on.
const TYPING_EVERY: Duration = Duration::from_secs(2);

/// What a session holds while its conversation is at the desk.
pub(super) struct DeskAttachment {
    pub(super) conversation: Arc<str>,
    pub(super) listens: SpawnHandle,
    /// When the agent was told last that the visitor types.
    typed_at: Option<Instant>,
}

impl DeskAttachment {
    pub(super) fn new(conversation: Arc<str>, listens: SpawnHandle) -> Self {
        Self { conversation, listens, typed_at: None }
    }

    /// Tells the agent that the visitor types, or does not any more; not with every keystroke.
    pub(super) fn tell_typing(&mut self, typing: bool, desk: &HandoffService) {
        let is_known = self.typed_at.is_some_and(|at| at.elapsed() < TYPING_EVERY);
        if typing == is_known && (typing || self.typed_at.is_none()) {
            return;
        }
        self.typed_at = typing.then(Instant::now);
        let channel = channels::to_agents(&self.conversation);
        let conversation = self.conversation.to_string();
        let talk = DeskBroadcast::VisitorTyping { conversation, typing };
        drop(desk.bridge().publish(&channel, Body::Talk(talk)));
    }
}

/// What a session does for a request of its conversation.
pub(super) enum DeskCall {
    /// Is at the desk from now on, or is not any more.
    Attend(bool),
    /// Tells the agent whether the visitor types.
    Typing(bool),
    /// Publishes this at once.
    Publish { channel: String, talk: Box<DeskBroadcast> },
    /// Calls the desk after what was asked before; the reply, if any, is fed to the conversation.
    Reply(BoxFuture<'static, Option<DeskUpdate>>),
    /// Calls the desk after what was asked before; nothing comes of it.
    Tell(BoxFuture<'static, ()>),
}

/// The call for a request of this conversation, whose client is this one.
pub(super) fn call(
    desk: HandoffService,
    request: DeskRequest,
    conversation: Arc<str>,
    client: ClientKey,
) -> DeskCall {
    let changed = |ticket| DeskUpdate::Changed(Box::new(DeskChange::Ticket(ticket)));
    match request {
        DeskRequest::Attend(attends) => DeskCall::Attend(attends),
        DeskRequest::Typing(typing) => DeskCall::Typing(typing),
        DeskRequest::Person(wanted) => reply(async move {
            Some(match desk.ask_for_a_person(*wanted, Some(client)).await {
                Ok(ticket) => changed(ticket),
                Err(why) => DeskUpdate::NoPerson(why),
            })
        }),
        DeskRequest::PutBack(wanted) => reply(async move {
            let back = desk.put_back(*wanted).await;
            if let Err(error) = &back {
                debug!(why:? = error; "a conversation is not back at the desk yet");
            }
            back.ok().map(changed)
        }),
        DeskRequest::End(how) => reply(end(desk, conversation, how)),
        DeskRequest::Here => reply(async move {
            let seen = desk.visitors_here(vec![conversation]).await.ok()?;
            let change = seen.now.into_iter().next();
            Some(change.map_or(DeskUpdate::Lost, |it| DeskUpdate::Changed(Box::new(it))))
        }),
        DeskRequest::Find => reply(async move {
            let found = desk.find(conversation).await;
            Some(DeskUpdate::Found(found.ok().flatten().map(Box::new)))
        }),
        DeskRequest::Touch { words, by } => DeskCall::Tell(
            async move { desk.touch(conversation, words, by).await }.map(drop).boxed(),
        ),
        DeskRequest::Describe(details) => DeskCall::Tell(
            async move { desk.describe(conversation, *details).await }.map(drop).boxed(),
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

async fn end(desk: HandoffService, conversation: Arc<str>, how: VisitorEnds) -> Option<DeskUpdate> {
    match desk.end(conversation, how).await {
        Ok(gone) => gone.map(|gone| DeskUpdate::Changed(Box::new(DeskChange::Gone(gone)))),
        Err(error) => {
            warn!(why:? = error; "the desk was not told that a visitor wants no person");
            None
        }
    }
}

/// What is fed to the conversation of an event on the channel of its agent.
pub(super) fn heard(event: ChannelEvent) -> Option<Input> {
    // What was missed is told again by the agent's pod, which got no answer.
    let ChannelEvent::Told(envelope) = event else { return None };
    match &envelope.body {
        Body::Talk(DeskBroadcast::AgentSaid { said }) => Some(Input::AgentSaid(said.clone())),
        Body::Talk(DeskBroadcast::AgentTyping { agent, typing }) => {
            Some(Input::AgentTyping { agent: agent.clone(), typing: *typing })
        }
        _ => None,
    }
}
