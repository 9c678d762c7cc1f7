//! One agent's socket, as an actor.
//!
//! Owns      its [`AgentView`], its subscriptions, its rate and its outgoing budget.
//! Receives  frames from its socket, changes of the desk, the conversations it watches, [`Deliver`].
//! Calls     no other actor; calls of the desk and the log, deliveries and drafts run concurrently and
//!           return as events.
//! Never     blocks, never writes past its outgoing budget, never decides a rule (that is `AgentView`).
//! On crash  nothing is lost when a rule panics: the socket stays open, and the desk and the watched conversations
//!           are read again. Too many crashes close the socket (1011).

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{wrap_future, wrap_stream};
use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, ActorStreamExt as _, AsyncContext as _, Handler,
    SpawnHandle, StreamHandler,
};
use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use hsc_catalogs::Scenario;
use log::{debug, info, warn};

use super::delivery::deliver;
use super::event::{Action, ActionError, Effect, Event};
use super::note_writer;
use super::table::Deliver;
use super::view::AgentView;
use crate::bridge::{Body, ChannelEvent, channels};
use crate::ports::SessionCheck;
use crate::sequence::Sequences;
use crate::session::{QueueOutcome, SessionContext};
use crate::socket::{ClientSocket, Outgoing, Received, SocketContext, SocketEvent};
use crate::supervision::{Exit, InPlace, Intensity, RebuiltInPlace};
use hsc_conversation::answer::{Answer, AnswerEvent, Question, Requester};
use hsc_conversation::archive::Record;
use hsc_conversation::desk::{DeskChange, DeskError, OnBehalfOf};
use hsc_conversation::protocol::{AgentFrame, CloseReason, DeskMessage, MessageId, ServerFrame};
use hsc_conversation::{audit_entry, owners};
use hsc_monitoring::Metrics;

/// Longest time for a draft: an agent does not wait longer.
const DRAFTED_WITHIN: Duration = Duration::from_secs(60);

/// Longest wait for the subscription to other pods, before the state without it is shown.
const LIVE_WITHIN: Duration = Duration::from_secs(1);
/// Delay before an unavailable desk is read again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The context of the actor.
type Context = SocketContext<AgentSocket>;

/// The actor; see the header of this file.
pub(crate) struct AgentSocket {
    key: u64,
    socket_id: Arc<str>,
    view: AgentView,
    /// The address of the client, for the audit.
    from: Arc<str>,
    session_check: SessionCheck,
    /// The agent has acted since the last check of the sign-in session.
    has_acted: bool,
    context: Arc<SessionContext>,
    /// The subscriptions of each watched conversation.
    watching: HashMap<String, [SpawnHandle; 2]>,
    /// The agent's actions, in the order of the messages: one sequence per conversation, and one without a
    /// conversation for the agent's own state.
    actions: Sequences<Option<String>>,
    /// The desk was unavailable and is read again later.
    is_retrying_desk: bool,
    in_place: InPlace,
    socket: ClientSocket,
}

impl RebuiltInPlace for AgentSocket {
    const KIND: &'static str = "agent";

    fn in_place(&mut self) -> &mut InPlace {
        &mut self.in_place
    }

    fn bounds(&self) -> (Intensity, Arc<Metrics>) {
        (self.context.intensity, Arc::clone(&self.context.services.metrics))
    }

    fn id(&self) -> Arc<str> {
        self.view.agent().id.clone().into()
    }

    fn rebuild(&mut self, _: &Exit, ctx: &mut Context) {
        let (view, effects) = self.view.again();
        self.view = view;
        self.guarded(ctx, |socket, ctx| socket.perform(effects, ctx));
    }

    fn give_up(&mut self, ctx: &mut Context) {
        self.close(CloseReason::Internal, ctx);
    }
}

impl AgentSocket {
    pub(crate) fn new(
        (me, from): (OnBehalfOf, Arc<str>),
        session_check: SessionCheck,
        context: Arc<SessionContext>,
        outgoing: Outgoing,
    ) -> Self {
        Self {
            from,
            session_check,
            has_acted: false,
            key: context.agents.next_key(),
            socket_id: format!("{:032x}", rand::random::<u128>()).into(),
            view: AgentView::new(me, Arc::clone(&context.services.tokens)),
            socket: ClientSocket::new(outgoing, context.services.message_quota()),
            context,
            watching: HashMap::new(),
            actions: Sequences::default(),
            is_retrying_desk: false,
            in_place: InPlace::default(),
        }
    }

    fn feed(&mut self, event: Event, ctx: &mut Context) {
        self.guarded(ctx, |socket, ctx| {
            let effects = socket.view.apply(event);
            socket.perform(effects, ctx);
        });
    }

    fn perform(&mut self, effects: Vec<Effect>, ctx: &mut Context) {
        for effect in effects {
            match effect {
                Effect::Send { message, id } => self.send(&message, id.as_ref(), ctx),
                Effect::ReadAgents => {
                    let handoffs = self.context.handoffs.clone();
                    self.feed_result(ctx, async move {
                        match handoffs.snapshot().await {
                            Ok(view) => Event::Agents(view.agents),
                            Err(why) => Event::DeskRead(Err(why)),
                        }
                    });
                }
                Effect::ReadDesk => self.read_desk(ctx),
                Effect::Act { id, action } => self.act(id, action, ctx),
                Effect::Watch { id, conversation } => self.watch(id, conversation, ctx),
                Effect::Unwatch(conversation) => {
                    for subscription in self.watching.remove(&conversation).into_iter().flatten() {
                        ctx.cancel_future(subscription);
                    }
                }
                Effect::NotifyOwner { conversation, talk } => {
                    let channel = channels::to_owner(&conversation);
                    drop(self.context.handoffs.bridge.publish(&channel, Body::Talk(talk)));
                }
                Effect::Draft { id, conversation, product, question, locale } => {
                    self.draft(id, conversation, &product, question, locale, ctx);
                }
            }
        }
    }

    /// Performs an action, which completes even if its agent leaves meanwhile, and is audited when it is done. Starts
    /// when the agent's earlier actions on the same conversation have ended: messages keep their order, and a
    /// conversation is closed after the last message.
    fn act(&mut self, id: Option<MessageId>, action: Action, ctx: &mut Context) {
        let audit = audit_entry(action.audited(), self.view.me(), &self.from);
        let about = action.conversation().cloned();
        let outcome = self.outcome_of(action);
        let outcome = self.actions.put(about, outcome);
        let archive = self.context.services.archive.clone();
        let ended = wrap_future::<_, Self>(actix::spawn(async move {
            let outcome = outcome.await;
            if outcome.is_ok() {
                archive.record(Record::Audit(audit));
            }
            Event::ActionEnded { id, outcome }
        }));
        ctx.spawn(ended.map(|event, socket, ctx| match event {
            Ok(event) => socket.feed(event, ctx),
            Err(why) => warn!(why:%; "a request of an agent failed"),
        }));
    }

    /// Performs an action when it is first polled, and returns the change at the desk.
    fn outcome_of(
        &self,
        action: Action,
    ) -> LocalBoxFuture<'static, Result<Option<DeskChange>, ActionError>> {
        let (context, agent) = (Arc::clone(&self.context), self.view.agent().clone());
        match action {
            Action::Take { conversation } => {
                info!(conversation, agent = agent.id; "an agent takes a conversation");
                Box::pin(async move {
                    let ticket = context.handoffs.take(conversation.into(), agent).await?;
                    Ok(Some(DeskChange::Ticket(ticket)))
                })
            }
            Action::Release { conversation, how } => {
                info!(conversation, agent = agent.id; "an agent lets go of a conversation");
                let by = self.view.me().clone();
                Box::pin(async move {
                    Ok(Some(context.handoffs.release(conversation.into(), by, how).await?))
                })
            }
            Action::ChangeAvailability { available } => {
                let reported = self.report_presence(Some(available));
                Box::pin(async move { Ok(reported.await.map(|()| None)?) })
            }
            Action::SendMessage { conversation, message } => {
                let is_online = self.view.is_online(&conversation);
                Box::pin(async move {
                    deliver(context, conversation, *message, is_online).await?;
                    Ok(None)
                })
            }
            Action::WriteNote { conversation, content } => {
                // Stamped now: notes keep the order in which they were written.
                let (note, stamped) = note_writer::stamped(agent, conversation, content);
                Box::pin(async move {
                    note_writer::store(context, note, stamped).await;
                    Ok(None)
                })
            }
        }
    }

    /// Reads the desk once its changes arrive from every pod: a snapshot taken earlier could have missed a change.
    /// While other pods are unreachable it is read nevertheless, and again afterwards.
    fn read_desk(&mut self, ctx: &mut Context) {
        let handoffs = self.context.handoffs.clone();
        let mut subscription = handoffs.bridge.subscribe(channels::DESK);
        let looked = wrap_future::<_, Self>(async move {
            let is_live = tokio::time::timeout(LIVE_WITHIN, subscription.live()).await.is_ok();
            (handoffs.snapshot().await, (!is_live).then_some(subscription))
        });
        ctx.spawn(looked.map(|(view, deaf), socket, ctx| {
            let is_reached = view.is_ok();
            socket.feed(Event::DeskRead(view), ctx);
            if !is_reached {
                socket.retry_desk(ctx);
            }
            if let Some(mut deaf) = deaf {
                socket.feed_result(ctx, async move {
                    deaf.live().await;
                    Event::Missed
                });
            }
        }));
    }

    /// Reads an unavailable desk again until it replies: without it the agent sees nothing.
    fn retry_desk(&mut self, ctx: &mut Context) {
        if std::mem::replace(&mut self.is_retrying_desk, true) {
            return;
        }
        let handoffs = self.context.handoffs.clone();
        let looked = wrap_future::<_, Self>(async move {
            loop {
                tokio::time::sleep(LOOK_AGAIN).await;
                if let Ok(view) = handoffs.snapshot().await {
                    return view;
                }
            }
        });
        ctx.spawn(looked.map(|view, socket, ctx| {
            socket.is_retrying_desk = false;
            socket.feed(Event::DeskRead(Ok(view)), ctx);
        }));
    }

    /// Awaits a future concurrently; its result is fed to the view.
    fn feed_result(&mut self, ctx: &mut Context, action: impl Future<Output = Event> + 'static) {
        let fed = wrap_future::<_, Self>(action);
        ctx.spawn(fed.map(|event, socket, ctx| socket.feed(event, ctx)));
    }

    /// Subscribes before it reads, so that no event is missed in between.
    fn watch(&mut self, id: Option<MessageId>, conversation: String, ctx: &mut Context) {
        let bridge = self.context.handoffs.bridge.clone();
        let mut live = bridge.subscribe(channels::conversation(&conversation));
        if !self.watching.contains_key(&conversation) {
            let frames = bridge.subscribe(channels::conversation(&conversation));
            let talked = bridge.subscribe(channels::to_agents(&conversation));
            let subscription =
                [frames, talked].map(|subscription| self.subscribe(subscription, ctx));
            self.watching.insert(conversation.clone(), subscription);
        }
        let mut live_notes = bridge.subscribe(channels::to_agents(&conversation));
        let context = Arc::clone(&self.context);
        let read = wrap_future::<_, Self>(async move {
            // Bounded: while Redis is unavailable the subscription never becomes live.
            let both = async { futures::join!(live.live(), live_notes.live()) };
            let is_live = tokio::time::timeout(LIVE_WITHIN, both).await.is_ok();
            let stored = context.services.log.read(conversation.as_str().into());
            let (stored, notes) =
                futures::join!(stored, note_writer::read(&context, &conversation));
            let deaf = (!is_live).then(|| (conversation.clone(), live, live_notes));
            (Event::Read { id, conversation, stored, notes }, deaf)
        });
        ctx.spawn(read.map(|(event, deaf), socket, ctx| {
            socket.feed(event, ctx);
            // An event that other pods publish between the read and the moment at which the subscription is live does
            // not arrive: the conversation is read again then.
            if let Some((conversation, mut live, mut live_notes)) = deaf {
                socket.feed_result(ctx, async move {
                    futures::join!(live.live(), live_notes.live());
                    Event::ReadBeforeLive { conversation }
                });
            }
        }));
    }

    fn subscribe(
        &mut self,
        subscription: crate::bridge::Subscription,
        ctx: &mut Context,
    ) -> SpawnHandle {
        let events = wrap_stream::<_, Self>(subscription);
        let events =
            events.map(|events, socket: &mut Self, ctx| socket.handle_channel_event(events, ctx));
        ctx.spawn(events.finish())
    }

    fn handle_channel_event(&mut self, event: ChannelEvent, ctx: &mut Context) {
        let ChannelEvent::Message(envelope) = event else { return self.feed(Event::Missed, ctx) };
        let event = match &envelope.body {
            Body::Appended { conversation, frames, .. } => {
                Event::Appended { conversation: conversation.to_string(), frames: frames.clone() }
            }
            Body::Talk(talk) => match talk.change() {
                Some(change) => Event::Changed(change),
                None => Event::BroadcastReceived(talk.clone()),
            },
            _ => return,
        };
        self.feed(event, ctx);
    }

    fn draft(
        &mut self,
        id: Option<MessageId>,
        conversation: String,
        product: &str,
        text: String,
        locale: Option<String>,
        ctx: &mut Context,
    ) {
        let catalog = self.context.catalog.load();
        let context = Arc::clone(&self.context);
        let question = catalog.product(product).cloned().map(|product| Question {
            related: catalog.related_items(&product),
            owners: owners(&catalog, &product),
            product,
            text,
            previous: Vec::new(),
            scenario: Scenario::default(),
            image: None,
            locale,
            asker: Requester { conversation: Some((*conversation).into()), ..Requester::default() },
        });
        self.feed_result(ctx, async move {
            let answer = match question {
                Some(question) => answer(&context, question).await,
                None => None,
            };
            Event::DraftMade { id, conversation, answer }
        });
    }

    fn send(&mut self, message: &DeskMessage, id: Option<&MessageId>, ctx: &mut Context) {
        if self.socket.is_closed() {
            return;
        }
        let json = ServerFrame { message, id, offset: None }.to_json();
        if !self.socket.send(json, ctx) {
            warn!(agent = self.view.agent().id; "an agent's page does not read, its outgoing budget is spent");
            self.close(CloseReason::Policy, ctx);
        }
    }

    fn close(&mut self, reason: CloseReason, ctx: &mut Context) {
        self.socket.close(reason, ctx);
    }

    fn text_received(&mut self, text: &str, ctx: &mut Context) {
        match AgentFrame::parse(text) {
            Ok(frame) => self.feed(Event::MessageReceived(frame), ctx),
            Err(bad) => {
                debug!(code:% = bad.code.as_str(); "bad message of an agent");
                self.feed(Event::InvalidMessage(bad), ctx);
            }
        }
    }

    /// Reports the agent's presence, and closes a socket that is silent or whose agent is not signed in any more.
    fn heartbeat(&mut self, ctx: &mut Context) {
        let server = &self.context.services.server;
        if self.socket.silence() > Duration::from_millis(server.idle_timeout_ms) {
            return self.close(CloseReason::Normal, ctx);
        }
        let session_check = (self.session_check)(std::mem::take(&mut self.has_acted));
        let session_check = wrap_future::<_, Self>(session_check);
        ctx.spawn(session_check.map(|is_in, socket, ctx| {
            if !is_in {
                info!(agent = socket.view.agent().id; "an agent is not signed in any more");
                socket.close(CloseReason::Policy, ctx);
            }
        }));
        let reported = self.report_presence(None);
        drop(actix::spawn(async move {
            if let Err(error) = reported.await {
                debug!(why:? = error; "could not report an agent's presence to the desk");
            }
        }));
    }

    /// Reports the agent's presence to the desk; `available` if the agent just changed it.
    fn report_presence(
        &self,
        available: Option<bool>,
    ) -> impl Future<Output = Result<(), DeskError>> + use<> {
        let (agent, socket_id) = (self.view.agent().clone(), Arc::clone(&self.socket_id));
        let (context, key) = (Arc::clone(&self.context), self.key);
        async move {
            let handoffs = &context.handoffs;
            let reported =
                handoffs.agent_here(agent.clone(), Arc::clone(&socket_id), available).await;
            if !context.agents.has(key) {
                // The agent left meanwhile, and its last report may have arrived before this one.
                let _ = handoffs.agent_left(agent, socket_id).await;
            }
            reported
        }
    }
}

/// The answer of the manual, within a time limit; none if the answer queue is full or the answer failed.
async fn answer(context: &Arc<SessionContext>, question: Question) -> Option<Box<Answer>> {
    let QueueOutcome::Now(_permit) = context.answer_queue.enter(None) else { return None };
    // Called inside the stream and caught there: the agent gets an error, the socket stays open.
    let events = async { context.answerer.answer(question) }.flatten_stream();
    let mut events = Box::pin(AssertUnwindSafe(events).catch_unwind());
    let done = async {
        while let Some(Ok(event)) = events.next().await {
            if let AnswerEvent::Done(answer) = event {
                return Some(answer);
            }
        }
        None
    };
    tokio::time::timeout(DRAFTED_WITHIN, done).await.ok().flatten()
}

impl Actor for AgentSocket {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        self.context.agents.entered(self.key, actix::AsyncContext::address(ctx).recipient());
        info!(agent = self.view.agent().id, sockets = self.context.agents.count(); "an agent is here");
        let desk = self.context.handoffs.bridge.subscribe(channels::DESK);
        self.subscribe(desk, ctx);
        // Report the presence first and read then, so that the agent sees itself.
        let reported = wrap_future::<_, Self>(self.report_presence(None));
        ctx.spawn(reported.map(|reported, socket, ctx| {
            if let Err(error) = reported {
                debug!(why:? = error; "could not report an agent's presence to the desk");
            }
            socket.read_desk(ctx);
        }));
        ctx.run_interval(self.context.desk_heartbeat, Self::heartbeat);
        let server = &self.context.services.server;
        let ping_every = Duration::from_millis(server.ping_interval_ms);
        ctx.run_interval(ping_every, |_, ctx| ctx.ping(b""));
    }
}

impl Drop for AgentSocket {
    // Not in `stopped`: this runs after every end of the socket.
    fn drop(&mut self) {
        self.context.agents.removed(self.key);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (agent, socket_id) = (self.view.agent().clone(), Arc::clone(&self.socket_id));
            let handoffs = self.context.handoffs.clone();
            runtime.spawn(async move { handoffs.agent_left(agent, socket_id).await });
        }
    }
}

impl StreamHandler<Received> for AgentSocket {
    fn handle(&mut self, received: Received, ctx: &mut Context) {
        if self.socket.is_closed() {
            return;
        }
        self.guarded(ctx, |agent, ctx| {
            let event = agent.socket.receive(received, ctx);
            agent.has_acted |= matches!(event, SocketEvent::Text(_) | SocketEvent::RateLimited);
            match event {
                SocketEvent::Text(text) => agent.text_received(&text, ctx),
                SocketEvent::RateLimited => agent.feed(Event::RateLimited, ctx),
                SocketEvent::Nothing => {}
                SocketEvent::End(reason) => agent.close(reason, ctx),
            }
        });
    }

    fn finished(&mut self, ctx: &mut Context) {
        ctx.stop();
    }
}

impl Handler<Deliver> for AgentSocket {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Context) {
        match deliver {
            Deliver::Reconnect { after_ms } => {
                self.send(&DeskMessage::Reconnect { after_ms }, None, ctx);
                self.close(CloseReason::Restart, ctx);
            }
            Deliver::Panic => self.guarded(ctx, |_, _| crate::supervision::injected_panic()),
        }
    }
}
