//! One visitor's socket, as an actor.
//!
//! Owns      its [`Conversation`] and its checkpoint, the running answer, its rate and its outgoing budget.
//! Receives  frames from its socket, [`Deliver`] from the registry, the answer it started, its log.
//! Calls     no other actor; an answer, a prefetch and calls of the log run concurrently and return as events.
//! Never     blocks, never writes past its outgoing budget, never decides a rule (that is `Conversation`).
//! On crash  nothing is lost when a rule panics: the socket stays open and the conversation is rebuilt from its
//!           checkpoint, including the running answer. Too many crashes close the socket (1011).

use std::sync::Arc;
use std::time::Duration;

use actix::fut::{wrap_future, wrap_stream};
use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, ActorStreamExt as _, AsyncContext as _, Handler,
    SpawnHandle, StreamHandler,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_monitoring::Metrics;
use log::{debug, info, warn};
use tokio::time::Instant;

use crate::bridge::{Body, DeskBroadcast, channels, notify_owner};
use crate::sequence::Sequence;
use crate::session_registry::{Deliver, SessionStatus};
use crate::socket::{ClientSocket, Outgoing, Received, SocketContext, SocketEvent};
use crate::span::{AppendTraces, begin_trace, logged_trace, question_ended};
use crate::supervision::{Exit, InPlace, Intensity, RebuiltInPlace};
use hsc_conversation::answer::Question;
use hsc_conversation::log::OwnedConversation;
use hsc_conversation::protocol::{
    ClientFrame, ClientMessage, CloseReason, ErrorCode, Image, MessageId, ServerFrame,
    ServerMessage,
};
use hsc_conversation::{
    Checkpoint, ClientAddress, Conversation, Effect, Input, LogEntry, Opening, QuestionTrace,
    QuestionTracer, TraceContext, now_ms, visitor_frame,
};

use super::desk_client::{self, DeskAttachment};
use super::log_state::{self, LogReply, LogState};
use super::{SessionContext, answering};
use hsc_conversation::desk::{DeskRequest, DeskUpdate};
use hsc_conversation::outbox::{Frame, Outbox, OutboxStep};

/// Delay before the newest keystroke of a busy time is answered; older ones in between are dropped. About the time
/// between two keystrokes of a fast typist.
const COALESCE: Duration = Duration::from_millis(100);

/// The context of the actor.
type Context = SocketContext<Session>;

/// The actor; see the header of this file.
pub(crate) struct Session {
    key: u64,
    address: ClientAddress,
    conversation: Conversation,
    checkpoint: Checkpoint,
    /// From the first `hello` on.
    log_state: Option<Box<LogState>>,
    /// The log that is being opened.
    opening: Option<SpawnHandle>,
    /// Set while the conversation is at the desk.
    desk_attachment: Option<Box<DeskAttachment>>,
    /// Requests to the desk, in order.
    desk_asks: Sequence,
    in_place: InPlace,
    /// The id of the message that is being handled, so that a crash can be reported for it.
    current_message: Option<Option<MessageId>>,
    /// The newest keystroke of a busy time, not answered yet.
    latest_typing: Option<Box<ClientFrame>>,
    context: Arc<SessionContext>,
    status: Arc<SessionStatus>,
    socket: ClientSocket,
    running: Option<SpawnHandle>,
    prefetch_timer: Option<SpawnHandle>,
    /// While the pod drains: the delay that the client is sent once its running answer has ended.
    reconnect_after_ms: Option<u64>,
    /// The visitor token, until the conversation has verified it.
    visitor_token: Option<String>,
    /// Begins the trace of a question; none if traces are off.
    tracer: Option<QuestionTracer>,
    append_traces: AppendTraces,
}

impl RebuiltInPlace for Session {
    const KIND: &'static str = "session";

    fn in_place(&mut self) -> &mut InPlace {
        &mut self.in_place
    }

    fn bounds(&self) -> (Intensity, Arc<Metrics>) {
        (self.context.intensity, Arc::clone(&self.context.services.metrics))
    }

    fn id(&self) -> Arc<str> {
        Arc::clone(self.conversation.id())
    }

    /// Rebuilds the conversation from its checkpoint. The visitor gets an error for the message that was being
    /// handled, and the running answer continues.
    fn rebuild(&mut self, exit: &Exit, ctx: &mut Context) {
        self.status.failed(exit);
        for task in [self.running.take(), self.prefetch_timer.take()].into_iter().flatten() {
            ctx.cancel_future(task);
        }
        let token = self.conversation.token().to_owned();
        self.conversation = (self.context.begin)(self.id(), token);
        self.conversation.trace_questions(self.tracer.clone());
        if let Some(id) = self.current_message.take() {
            let message = "The server failed over this message; it can be sent again.".to_owned();
            let error = ServerMessage::Error { message, code: ErrorCode::Internal };
            self.send(&error, id.as_ref(), ctx);
        }
        self.guarded(ctx, |session, ctx| {
            let effects = session.conversation.at(now_ms()).recover(session.checkpoint.clone());
            session.conversation.write_checkpoint(&mut session.checkpoint);
            session.checkpoint_changed();
            session.settle(effects, ctx);
        });
    }

    fn give_up(&mut self, ctx: &mut Context) {
        self.close(CloseReason::Internal, ctx);
    }
}

impl Session {
    pub(crate) fn new(
        (key, address): (u64, ClientAddress),
        conversation: Conversation,
        context: Arc<SessionContext>,
        outgoing: Outgoing,
        visitor_token: Option<String>,
    ) -> Self {
        let socket = ClientSocket::new(outgoing, context.services.message_quota());
        Self {
            key,
            address,
            conversation,
            checkpoint: Checkpoint::default(),
            log_state: None,
            opening: None,
            desk_attachment: None,
            desk_asks: Sequence::default(),
            in_place: InPlace::default(),
            current_message: None,
            latest_typing: None,
            context,
            status: Arc::new(SessionStatus::new(socket.queued_bytes())),
            socket,
            running: None,
            prefetch_timer: None,
            reconnect_after_ms: None,
            visitor_token,
            tracer: None,
            append_traces: AppendTraces::default(),
        }
    }

    /// Traces the questions, if traces are on: below `incoming`, the span of the client, or each in a trace of its own.
    pub(crate) fn traced_by(mut self, incoming: Option<TraceContext>) -> Self {
        let metrics = Arc::clone(&self.context.services.metrics);
        if metrics.traces.is_on() {
            self.tracer = Some(Arc::new(move || {
                let context = begin_trace(&metrics.traces, incoming)?;
                let parent = incoming.map(|incoming| incoming.span_id);
                Some(QuestionTrace { context, parent, asked_at_ms: 0 })
            }));
            self.conversation.trace_questions(self.tracer.clone());
        }
        self
    }

    fn feed(&mut self, event: Input, ctx: &mut Context) {
        self.guarded(ctx, |session, ctx| {
            // A keystroke changes nothing that is stored or logged, and it is the most frequent input.
            let is_typing = matches!(
                &event,
                Input::Received(ClientFrame {
                    message: ClientMessage::Typing(_) | ClientMessage::Understand(_),
                    ..
                })
            );
            let effects = session.conversation.at(now_ms()).apply(event);
            if is_typing {
                return session.perform(effects, ctx);
            }
            if session.conversation.write_checkpoint(&mut session.checkpoint) {
                session.checkpoint_changed();
            }
            session.settle(effects, ctx);
        });
    }

    /// Performs the effects of an input that may have changed what is stored.
    fn settle(&mut self, effects: Vec<Effect>, ctx: &mut Context) {
        self.status.update(&self.conversation);
        self.perform(effects, ctx);
        self.append_to_log(ctx);
        self.leave_when_idle(ctx);
    }

    /// Sends `reconnect` once no answer runs and every frame is in the log: a client that gets it earlier would close
    /// the socket during its answer.
    fn leave_when_idle(&mut self, ctx: &mut Context) {
        let log = self.log_state.as_ref();
        // An answer that another pod completes does not run here.
        let is_handed_over = log.is_some_and(|logging| logging.is_handed_over);
        let is_idle = !self.conversation.is_answering() || is_handed_over;
        let is_settled = log.is_none_or(|logging| logging.outbox.is_settled());
        if self.reconnect_after_ms.is_none() || !is_idle || !is_settled {
            return;
        }
        if let Some(after_ms) = self.reconnect_after_ms.take() {
            self.send(&ServerMessage::Reconnect { after_ms }, None, ctx);
            self.close(CloseReason::Restart, ctx);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>, ctx: &mut Context) {
        for effect in effects {
            match effect {
                Effect::Send { message, id } => self.send(&message, id.as_ref(), ctx),
                Effect::Event(entry) => self.handle_event(&entry, ctx),
                Effect::StartAnswer { answer, question } => {
                    let mut question = *question;
                    question.asker.client = Some(self.address.key());
                    self.start_answer(answer, question, ctx)
                }
                Effect::QuestionEnded(ended) => {
                    self.append_traces.end(ended.trace.context);
                    question_ended(&self.context.services.metrics, self.conversation.id(), *ended);
                }
                Effect::StopAnswer => {
                    if let Some(running) = self.running.take() {
                        ctx.cancel_future(running);
                    }
                }
                Effect::StartPrefetchTimer { prediction } => {
                    self.start_prefetch_timer(prediction, ctx)
                }
                Effect::Prefetch(manual) => {
                    // No caller waits for it: a later question finds the manual in the cache.
                    drop(actix::spawn(self.context.manual_cache.load(manual, None).map(drop)));
                }
                Effect::Open(opening) => self.open_log(opening, ctx),
                Effect::UseLog { owned, offset, is_logged, is_held, from } => {
                    if let Some(from) = from {
                        notify_owner(&self.context.handoffs.bridge, &from, &owned);
                    }
                    let outbox =
                        if is_held { Outbox::held(offset) } else { Outbox::logged(offset) };
                    self.follow(owned, outbox, is_logged, ctx);
                }
                Effect::Replay(entries) => {
                    // Not limited by the outgoing budget, because the window of the log bounds it: a client that was
                    // closed for its missed entries would never get them.
                    for frame in entries.iter().filter_map(visitor_frame) {
                        self.context.services.metrics.sockets.sent("replayed");
                        self.socket.send_exempt(&frame.json, ctx);
                    }
                }
                Effect::EndTokens { keep } => {
                    let conversation = Arc::clone(self.conversation.id());
                    let ended = self.context.services.log.end_tokens(conversation, keep);
                    drop(actix::spawn(async move {
                        if let Err(error) = ended.await {
                            warn!(why:% = error; "tokens of an ended conversation stay good until they expire");
                        }
                    }));
                }
                Effect::Desk(ask) => self.call_desk(ask, ctx),
                Effect::Close(reason) => self.close(reason, ctx),
            }
        }
    }

    fn send(&mut self, message: &ServerMessage, id: Option<&MessageId>, ctx: &mut Context) {
        if self.socket.is_closed() {
            return;
        }
        let json = ServerFrame { message, id, offset: None }.to_json();
        let frame = Frame { kind: message.kind(), json: json.into() };
        if message.keeps_its_place() {
            self.put_in_order(frame, None, ctx);
        } else {
            self.send_frame(&frame, ctx);
        }
    }

    /// An event of the conversation: a row of the archive, an entry of the log and a frame for the visitor.
    fn handle_event(&mut self, entry: &LogEntry, ctx: &mut Context) {
        self.context.services.archive.event(self.conversation.id(), entry);
        if self.socket.is_closed() {
            return;
        }
        if let Some(frame) = visitor_frame(entry) {
            self.put_in_order(frame, Some(entry), ctx);
        }
    }

    fn send_frame(&mut self, frame: &Frame, ctx: &mut Context) {
        if self.socket.is_closed() {
            return;
        }
        if self.socket.send(&*frame.json, ctx) {
            self.context.services.metrics.sockets.sent(frame.kind);
        } else {
            warn!(conversation:% = self.conversation.id(); "reader stalled, its outgoing budget is spent");
            self.close(CloseReason::Policy, ctx);
        }
    }

    fn start_answer(&mut self, answer: u64, question: Question, ctx: &mut Context) {
        let trace = question.asker.trace;
        self.append_traces.begin(trace);
        info!(conversation:% = self.conversation.id(), trace = logged_trace(trace), product:% = question.product.id, answer; "question");
        self.context.sessions.set_product(self.key, &question.product.id);
        let steps = answering::in_turn(&self.context, Some(self.address.key()), answer, question);
        let events = wrap_stream::<_, Self>(steps);
        let task =
            actix::fut::ActorStreamExt::fold(events, (), |(), event, session: &mut Self, ctx| {
                session.feed(event, ctx);
                actix::fut::ready(())
            })
            .map(move |(), session: &mut Self, ctx| {
                // An answer that sent its last event is not running any more, and this input is ignored.
                session.feed(Input::AnswerLost { answer }, ctx);
            });
        self.running = Some(ctx.spawn(task));
    }

    fn start_prefetch_timer(&mut self, prediction: u64, ctx: &mut Context) {
        if let Some(prefetch_timer) = self.prefetch_timer.take() {
            ctx.cancel_future(prefetch_timer);
        }
        let after = Duration::from_millis(self.context.services.sessions.prefetch_after_ms);
        let prefetch_timer = ctx.run_later(after, move |session, ctx| {
            session.prefetch_timer = None;
            session.feed(Input::PrefetchDue { prediction }, ctx);
        });
        self.prefetch_timer = Some(prefetch_timer);
    }

    fn close(&mut self, reason: CloseReason, ctx: &mut Context) {
        if self.socket.close(reason, ctx) {
            self.context.services.metrics.sockets.closed(reason.code());
        }
    }

    fn text_received(&mut self, text: &str, ctx: &mut Context) {
        match ClientFrame::parse(text) {
            Ok(mut frame) => {
                self.admit_image(&mut frame);
                self.context.services.metrics.sockets.received(frame.message.kind());
                if matches!(frame.message, ClientMessage::Typing(_)) {
                    self.typing_received(frame, ctx);
                } else {
                    self.read(frame, ctx);
                }
            }
            Err(bad) => {
                self.context.services.metrics.sockets.received("invalid");
                debug!(conversation:% = self.conversation.id(), code:% = bad.code.as_str(); "bad message");
                self.feed(Input::InvalidMessage(bad), ctx);
            }
        }
    }

    /// After this call a picture has a share of the pod's budget, or no bytes. Before it the bytes are held by this
    /// thread only, while one message is parsed.
    fn admit_image(&self, frame: &mut ClientFrame) {
        let ClientMessage::Query(query) = &mut frame.message else { return };
        query.image = query.image.take().map(|image| match self.context.answerer.sees_pictures() {
            true => image.within(|bytes| self.context.images.take(bytes, self.address.key())),
            false => Image::Unseen,
        });
    }

    /// One answer per keystroke; while the thread is overloaded, one for the newest of several.
    fn typing_received(&mut self, frame: ClientFrame, ctx: &mut Context) {
        if !self.context.overload.is_busy_here() && self.latest_typing.is_none() {
            self.answer_typing(frame, ctx);
        } else if self.latest_typing.replace(Box::new(frame)).is_some() {
            self.context.services.metrics.predictions.coalesced();
        } else {
            ctx.run_later(COALESCE, |session, ctx| {
                if let Some(newest) = session.latest_typing.take() {
                    session.answer_typing(*newest, ctx);
                }
            });
        }
    }

    fn answer_typing(&mut self, frame: ClientFrame, ctx: &mut Context) {
        let began = Instant::now();
        self.read(frame, ctx);
        self.context.services.metrics.predictions.answered(began.elapsed());
    }

    fn read(&mut self, frame: ClientFrame, ctx: &mut Context) {
        self.current_message = Some(frame.id.clone());
        self.feed(Input::Received(frame), ctx);
        self.current_message = None;
    }

    fn watch_pulse(&mut self, ctx: &mut Context) {
        let idle_timeout = Duration::from_millis(self.context.services.server.idle_timeout_ms);
        if self.socket.silence() > idle_timeout {
            debug!(conversation:% = self.conversation.id(); "client is gone");
            self.close(CloseReason::Normal, ctx);
        } else {
            ctx.ping(b"");
        }
    }
}

/// The session's side of the log.
impl Session {
    /// Opens the log; the result returns as an event.
    fn open_log(&mut self, opening: Opening, ctx: &mut Context) {
        let own = Arc::clone(self.conversation.id());
        if self.log_state.is_none() {
            let logging = LogState::opening(Arc::clone(&own), opening.offset);
            self.log_state = Some(Box::new(logging));
        }
        let (log, tokens) =
            (Arc::clone(&self.context.services.log), Arc::clone(&self.context.services.tokens));
        let opened = wrap_future::<_, Self>(log_state::open(log, tokens, own, opening));
        let opened = opened.map(|opened, session, ctx| {
            if let Some(outcome) = opened.outcome() {
                session.context.services.metrics.conversations.resumed(outcome);
            }
            session.feed(Input::Opened(opened), ctx);
        });
        if let Some(before) = self.opening.replace(ctx.spawn(opened)) {
            ctx.cancel_future(before);
        }
    }

    /// From now on this is the session's conversation.
    fn follow(
        &mut self,
        owned: OwnedConversation,
        outbox: Outbox,
        is_logged: bool,
        ctx: &mut Context,
    ) {
        self.opening = None;
        let mut steps = Vec::new();
        match &mut self.log_state {
            Some(logging) if logging.owned == owned => logging.outbox.opened(is_logged, &mut steps),
            logging => {
                let taken = Arc::clone(&owned.conversation);
                *logging = Some(Box::new(LogState::new(owned, outbox)));
                info!(conversation:% = taken; "conversation continues here");
                self.context.sessions.renamed(self.key, &taken);
            }
        }
        self.carry_out(steps, ctx);
    }

    /// Sends a frame in order: through the outbox if the conversation is logged, with the entry to append first.
    fn put_in_order(&mut self, frame: Frame, entry: Option<&LogEntry>, ctx: &mut Context) {
        let Some(logging) = self.log_state.as_mut() else {
            return self.send_frame(&frame, ctx);
        };
        let mut steps = Vec::new();
        logging.outbox.push(frame, entry.map(LogEntry::stored), &mut steps);
        self.carry_out(steps, ctx);
    }

    /// Marks the checkpoint as changed.
    fn checkpoint_changed(&mut self) {
        if let Some(logging) = &mut self.log_state {
            logging.outbox.changed();
        }
    }

    /// Appends the queued entries, and reports whether an answer is being made here. Called after every event.
    fn append_to_log(&mut self, ctx: &mut Context) {
        let Some(logging) = &mut self.log_state else { return };
        let step = logging.outbox.append(|| self.checkpoint.encode());
        self.carry_out(step, ctx);
        let is_answering = self.conversation.is_answering();
        let logging = self.log_state.as_mut();
        if let Some(report) =
            logging.and_then(|logging| logging.report_answering(is_answering, &self.context))
        {
            drop(actix::spawn(report.map(drop)));
        }
    }

    /// Stops the answer without a final frame: another pod continues it, if one can.
    fn hand_over(&mut self, ctx: &mut Context) {
        if self.log_state.as_mut().is_some_and(|logging| logging.hand_over())
            && let Some(running) = self.running.take()
        {
            ctx.cancel_future(running);
        }
    }

    fn carry_out(&mut self, steps: impl IntoIterator<Item = OutboxStep>, ctx: &mut Context) {
        for step in steps {
            match step {
                OutboxStep::Send(frame) => self.send_frame(&frame, ctx),
                OutboxStep::Append(batch) => {
                    let Some(owned) = self.owned() else { return };
                    let entries = batch.entries.len();
                    let spans = self.append_traces.spans(&self.context.services.metrics, entries);
                    let appended = log_state::append(&self.context, owned, batch, spans);
                    self.call_log(appended.map(LogReply::Appended).boxed(), ctx);
                }
                OutboxStep::Begin { offset } => {
                    let Some(owned) = self.owned() else { return };
                    warn!(conversation:% = owned.conversation, offset; "the log of this conversation begins again here");
                    let begun = self.context.services.log.begin(owned, offset);
                    self.call_log(begun.map(LogReply::Begun).boxed(), ctx);
                }
                OutboxStep::RetryLater => self.call_log_again(ctx),
                OutboxStep::Superseded => self.superseded(ctx),
            }
        }
    }

    fn owned(&self) -> Option<OwnedConversation> {
        self.log_state.as_ref().map(|logging| logging.owned.clone())
    }

    /// Awaits a call of the log concurrently. A log in memory replies at once, without a wait.
    fn call_log(&mut self, mut call: BoxFuture<'static, LogReply>, ctx: &mut Context) {
        match (&mut call).now_or_never() {
            Some(reply) => self.log_replied(reply, ctx),
            None => {
                let reply = wrap_future::<_, Self>(call);
                ctx.spawn(reply.map(|reply, session, ctx| {
                    session.guarded(ctx, |session, ctx| {
                        session.log_replied(reply, ctx);
                        session.leave_when_idle(ctx);
                    });
                }));
            }
        }
    }

    fn log_replied(&mut self, reply: LogReply, ctx: &mut Context) {
        let Some(logging) = &mut self.log_state else { return };
        let steps = logging.replied(reply, &self.checkpoint);
        self.carry_out(steps, ctx);
        if !self.socket.is_closed() {
            self.append_to_log(ctx);
        }
    }

    fn call_log_again(&mut self, ctx: &mut Context) {
        let Some(logging) = &mut self.log_state else { return };
        ctx.run_later(logging.away(), |session, ctx| {
            session.guarded(ctx, |session, ctx| {
                let Some(logging) = &mut session.log_state else { return };
                let step = logging.outbox.ask_again(|| session.checkpoint.encode());
                session.carry_out(step, ctx);
                session.append_to_log(ctx);
            });
        });
    }

    /// Another pod reports the epoch that owns the conversation.
    fn taken_over(&mut self, epoch: u64, ctx: &mut Context) {
        if self.log_state.as_ref().is_some_and(|logging| logging.owned.epoch < epoch) {
            self.superseded(ctx);
        }
    }

    fn superseded(&mut self, ctx: &mut Context) {
        if let Some(running) = self.running.take() {
            ctx.cancel_future(running);
        }
        self.close(CloseReason::TakenOver, ctx);
    }

    /// The session ends: its running answer is not being made any more.
    fn forget_answer(&mut self) {
        let report = self.log_state.take().and_then(|logging| logging.forget_answer(&self.context));
        // Without a runtime the whole pod is ending.
        if let (Some(report), Ok(runtime)) = (report, tokio::runtime::Handle::try_current()) {
            runtime.spawn(report.map(drop));
        }
    }
}

/// The session's side of the desk and of the agent who has the conversation.
impl Session {
    fn call_desk(&mut self, request: DeskRequest, ctx: &mut Context) {
        let handoffs = self.context.handoffs.clone();
        let conversation = Arc::clone(self.conversation.id());
        match request {
            DeskRequest::Attend(true) => self.attach_to_desk(conversation, ctx),
            DeskRequest::Attend(false) => self.detach_from_desk(ctx),
            DeskRequest::Typing(typing) => {
                if let Some(attended) = &mut self.desk_attachment {
                    attended.report_typing(typing, &handoffs);
                }
            }
            DeskRequest::Accepted { request, accepted } => {
                let channel = channels::to_agents(&conversation);
                let conversation = conversation.to_string();
                let talk = DeskBroadcast::Accepted { conversation, request, accepted };
                drop(handoffs.bridge.publish(&channel, Body::Talk(talk)));
            }
            DeskRequest::Touch { words, by } => self.notify_desk(async move {
                handoffs.touch(conversation, words, by).await;
            }),
            DeskRequest::Describe(details) => self.notify_desk(async move {
                handoffs.describe(conversation, *details).await;
            }),
            DeskRequest::Person(request) => {
                let client = self.address.key();
                self.ask_desk(desk_client::request_agent(handoffs, *request, client), ctx);
            }
            DeskRequest::PutBack(request) => {
                self.ask_desk(desk_client::put_back(handoffs, *request), ctx);
            }
            DeskRequest::End(how) => {
                self.ask_desk(desk_client::end(handoffs, conversation, how), ctx);
            }
            DeskRequest::Here => {
                self.ask_desk(desk_client::visitor_here(handoffs, conversation), ctx);
            }
            DeskRequest::Find => self.ask_desk(desk_client::find(handoffs, conversation), ctx),
        }
    }

    /// Calls the desk, and applies its reply. Calls are made one after the other: a withdrawal must not reach the desk
    /// before the request that it withdraws.
    fn ask_desk(
        &mut self,
        call: impl Future<Output = Option<DeskUpdate>> + 'static,
        ctx: &mut Context,
    ) {
        let reply = wrap_future::<_, Self>(self.desk_asks.put(call));
        ctx.spawn(reply.map(|update, session, ctx| {
            if let Some(update) = update {
                session.feed(Input::Desk(update), ctx);
            }
        }));
    }

    /// The same for a call without a reply, which completes even if the session ends meanwhile.
    fn notify_desk(&mut self, call: impl Future<Output = ()> + 'static) {
        drop(actix::spawn(self.desk_asks.put(call)));
    }

    /// From now on the conversation is at the desk: subscribes to its changes and to its agent.
    fn attach_to_desk(&mut self, conversation: Arc<str>, ctx: &mut Context) {
        if self.desk_attachment.as_ref().is_some_and(|it| it.conversation == conversation) {
            return;
        }
        self.detach_from_desk(ctx);
        self.context.handoffs.local.insert(Arc::clone(&conversation));
        let listening = self.context.handoffs.bridge.subscribe(channels::to_owner(&conversation));
        let inputs = wrap_stream::<_, Self>(listening);
        let inputs = inputs.map(|event, session: &mut Self, ctx| {
            if let Some(input) = desk_client::input_of(event) {
                session.feed(input, ctx);
            }
        });
        let listens = ctx.spawn(inputs.finish());
        self.desk_attachment = Some(Box::new(DeskAttachment::new(conversation, listens)));
    }

    fn detach_from_desk(&mut self, ctx: &mut Context) {
        if let Some(attended) = self.desk_attachment.take() {
            ctx.cancel_future(attended.listens);
            self.context.handoffs.local.remove(&attended.conversation);
        }
    }

    /// The session ends: its visitor is disconnected.
    fn leave_desk(&mut self) {
        let Some(attended) = self.desk_attachment.take() else { return };
        self.context.handoffs.local.remove(&attended.conversation);
        // Without a runtime the whole pod is ending, and the desk finds out by a timeout.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let handoffs = self.context.handoffs.clone();
            let leaving = async move { handoffs.visitor_left(attended.conversation).await };
            runtime.spawn(self.desk_asks.put(leaving));
        }
    }
}

impl Actor for Session {
    type Context = Context;

    fn started(&mut self, ctx: &mut Context) {
        self.context.services.metrics.sockets.opened();
        self.context.meter.up(true);
        let (id, address) = (Arc::clone(self.conversation.id()), ctx.address());
        let status = Arc::clone(&self.status);
        let session = address.recipient();
        self.context.sessions.entered(self.key, id, self.address, session, status);
        let server = &self.context.services.server;
        ctx.run_interval(Duration::from_millis(server.ping_interval_ms), Self::watch_pulse);
        debug!(conversation:% = self.conversation.id(); "socket opened");
        if let Some(token) = self.visitor_token.take() {
            self.feed(Input::VisitorToken { token }, ctx);
        }
    }
}

impl Drop for Session {
    // Not in `stopped`: this runs after every end of the session, including a panic and a lost socket.
    fn drop(&mut self) {
        self.forget_answer();
        self.leave_desk();
        if self.context.sessions.release(self.key, self.address) {
            self.context.services.metrics.sockets.ended();
            self.context.meter.up(false);
        }
    }
}

impl StreamHandler<Received> for Session {
    fn handle(&mut self, received: Received, ctx: &mut Context) {
        if self.socket.is_closed() {
            return;
        }
        let began = Instant::now();
        self.guarded(ctx, |session, ctx| match session.socket.receive(received, ctx) {
            SocketEvent::Text(text) => session.text_received(&text, ctx),
            SocketEvent::RateLimited => session.feed(Input::RateLimited, ctx),
            SocketEvent::Nothing => {}
            SocketEvent::End(reason) => session.close(reason, ctx),
        });
        self.context.meter.handled(began.elapsed());
    }

    fn finished(&mut self, ctx: &mut Context) {
        ctx.stop();
    }
}

impl Handler<Deliver> for Session {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Context) {
        self.status.message_handled();
        match deliver {
            Deliver::Reconnect { after_ms } => {
                self.reconnect_after_ms = Some(after_ms);
                self.leave_when_idle(ctx);
            }
            Deliver::HandOver { after_ms } => {
                self.reconnect_after_ms = Some(after_ms);
                self.hand_over(ctx);
                self.leave_when_idle(ctx);
            }
            Deliver::Close(reason) => self.close(reason, ctx),
            Deliver::TakenOver { epoch } => self.taken_over(epoch, ctx),
            Deliver::Send(message) => self.guarded(ctx, |session, ctx| {
                session.send(&message, None, ctx);
            }),
            Deliver::Desk(news) => self.feed(Input::Desk(*news), ctx),
            Deliver::Panic => self.guarded(ctx, |_, _| crate::supervision::injected_panic()),
            Deliver::Stop => ctx.stop(),
        }
    }
}
