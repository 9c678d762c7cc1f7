//! The side of a session that faces the desk and the agent who has its conversation.
//!
//! The conversation says what is to be asked; here it is asked, beside everything else, and what comes of
//! it comes back as an event. Nothing here waits for the desk. What a visitor wants of it is asked in
//! order, one after the other: a wish that is withdrawn at once must not reach the desk after that.

use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{ActorFutureExt as _, ActorStreamExt as _, AsyncContext as _};
use log::{debug, warn};
use tokio::time::Instant;

use super::Session;
use crate::bridge::{Body, ChannelEvent, DeskBroadcast, channels};
use crate::socket::SocketContext;
use hsc_conversation::Input;
use hsc_conversation::desk::{DeskChange, DeskRequest, DeskUpdate, VisitorEnds};

/// How often an agent is told that the visitor types on.
const TYPING_EVERY: Duration = Duration::from_secs(2);

/// What a session holds while its conversation is at the desk.
pub(super) struct DeskAttachment {
    conversation: Arc<str>,
    listens: actix::SpawnHandle,
    /// When the agent was told last that the visitor types.
    typed_at: Option<Instant>,
}

impl Session {
    pub(super) fn ask_desk(&mut self, ask: DeskRequest, ctx: &mut SocketContext<Self>) {
        let front = self.wiring.front.clone();
        let conversation = Arc::clone(self.conversation.id());
        match ask {
            DeskRequest::Attend(true) => self.attend(conversation, ctx),
            DeskRequest::Attend(false) => self.attend_no_more(ctx),
            DeskRequest::Person(wanted) => {
                let client = self.address.key();
                self.beside(ctx, async move {
                    Some(match front.ask_for_a_person(*wanted, Some(client)).await {
                        Ok(ticket) => DeskUpdate::Changed(Box::new(DeskChange::Ticket(ticket))),
                        Err(why) => DeskUpdate::NoPerson(why),
                    })
                });
            }
            DeskRequest::PutBack(wanted) => self.beside(ctx, async move {
                let back = front.put_back(*wanted).await;
                if let Err(error) = &back {
                    debug!(why:? = error; "a conversation is not back at the desk yet");
                }
                back.ok().map(|ticket| DeskUpdate::Changed(Box::new(DeskChange::Ticket(ticket))))
            }),
            DeskRequest::End(how) => self.end_at_desk(how, conversation, ctx),
            DeskRequest::Here => self.beside(ctx, async move {
                let seen = front.visitors_here(vec![conversation]).await.ok()?;
                Some(
                    seen.now
                        .into_iter()
                        .next()
                        .map_or(DeskUpdate::Lost, |it| DeskUpdate::Changed(Box::new(it))),
                )
            }),
            DeskRequest::Find => self.beside(ctx, async move {
                let found = front.find(conversation).await;
                Some(DeskUpdate::Found(found.ok().flatten().map(Box::new)))
            }),
            DeskRequest::Touch { words, by } => {
                let touched = async move { front.touch(conversation, words, by).await };
                drop(actix::spawn(self.desk_asks.put(touched)));
            }
            DeskRequest::Describe(details) => {
                let described = async move { front.describe(conversation, *details).await };
                drop(actix::spawn(self.desk_asks.put(described)));
            }
            DeskRequest::Typing(typing) => self.tell_typing(typing),
            DeskRequest::Accepted { request, accepted } => {
                let channel = channels::to_agents(&conversation);
                let conversation = conversation.to_string();
                let talk = DeskBroadcast::Accepted { conversation, request, accepted };
                drop(front.bridge().publish(&channel, Body::Talk(talk)));
            }
        }
    }

    fn end_at_desk(
        &mut self,
        how: VisitorEnds,
        conversation: Arc<str>,
        ctx: &mut SocketContext<Self>,
    ) {
        let front = self.wiring.front.clone();
        self.beside(ctx, async move {
            match front.end(conversation, how).await {
                Ok(gone) => gone.map(|gone| DeskUpdate::Changed(Box::new(DeskChange::Gone(gone)))),
                Err(error) => {
                    warn!(why:? = error; "the desk was not told that a visitor wants no person");
                    None
                }
            }
        });
    }

    /// Waits beside everything else, after what was asked before; what comes of it is fed.
    fn beside(
        &mut self,
        ctx: &mut SocketContext<Self>,
        asked: impl Future<Output = Option<DeskUpdate>> + 'static,
    ) {
        let asked = self.desk_asks.put(asked);
        ctx.spawn(wrap_future::<_, Self>(asked).map(|news, session, ctx| {
            if let Some(news) = news {
                session.feed(Input::Desk(news), ctx);
            }
        }));
    }

    /// From now on the conversation is at the desk: its changes are heard, and its agent.
    fn attend(&mut self, conversation: Arc<str>, ctx: &mut SocketContext<Self>) {
        if self.attended.as_ref().is_some_and(|it| it.conversation == conversation) {
            return;
        }
        self.attend_no_more(ctx);
        self.wiring.at_desk.enter(Arc::clone(&conversation));
        let listening = self.wiring.front.bridge().listen(channels::to_owner(&conversation));
        let heard = actix::fut::wrap_stream::<_, Self>(listening);
        let heard = heard.map(|heard, session: &mut Self, ctx| session.hears_agent(heard, ctx));
        let listens = ctx.spawn(heard.finish());
        self.attended = Some(Box::new(DeskAttachment { conversation, listens, typed_at: None }));
    }

    fn attend_no_more(&mut self, ctx: &mut SocketContext<Self>) {
        if let Some(attended) = self.attended.take() {
            ctx.cancel_future(attended.listens);
            self.wiring.at_desk.leave(&attended.conversation);
        }
    }

    fn hears_agent(&mut self, heard: ChannelEvent, ctx: &mut SocketContext<Self>) {
        // What was missed is told again by the agent's pod, which got no answer.
        let ChannelEvent::Told(envelope) = heard else { return };
        match &envelope.body {
            Body::Talk(DeskBroadcast::AgentSaid { said }) => {
                self.feed(Input::AgentSaid(said.clone()), ctx);
            }
            Body::Talk(DeskBroadcast::AgentTyping { agent, typing }) => {
                let agent = agent.clone();
                self.feed(Input::AgentTyping { agent, typing: *typing }, ctx);
            }
            _ => {}
        }
    }

    /// Not with every keystroke.
    fn tell_typing(&mut self, typing: bool) {
        let Some(attended) = &mut self.attended else { return };
        let is_known = attended.typed_at.is_some_and(|at| at.elapsed() < TYPING_EVERY);
        if typing == is_known && (typing || attended.typed_at.is_none()) {
            return;
        }
        attended.typed_at = typing.then(Instant::now);
        let channel = channels::to_agents(&attended.conversation);
        let conversation = attended.conversation.to_string();
        let talk = DeskBroadcast::VisitorTyping { conversation, typing };
        drop(self.wiring.front.bridge().publish(&channel, Body::Talk(talk)));
    }

    /// The session ends: its visitor is not here any more.
    pub(super) fn leave_desk(&mut self) {
        let Some(attended) = self.attended.take() else { return };
        self.wiring.at_desk.leave(&attended.conversation);
        // Outside of a runtime the whole pod is ending, and time tells the desk.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let front = self.wiring.front.clone();
            let left = async move { front.visitor_left(attended.conversation).await };
            runtime.spawn(self.desk_asks.put(left));
        }
    }
}
