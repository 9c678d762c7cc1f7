//! One visitor's socket, as an actor.
//!
//! Owns   its [`Conversation`], the running answer, the connection's rate and its outgoing budget.
//! Hears  frames from its socket, [`Deliver`] from the registry, the answer it started.
//! Asks   nobody; an answer and a prefetch run beside it and come back as events.
//! Never  blocks, never writes past its outgoing budget, never decides a rule (that is `Conversation`).
//! Loses  the conversation in a crash: the client sees the socket close and connects again.

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Handler, Message,
    SpawnHandle, StreamHandler,
};
use futures::{FutureExt as _, StreamExt as _};
use hsc_monitoring::Metrics;
use log::{debug, info, warn};
use tokio::time::Instant;

use crate::ports::{AnswerEvent, Answerer, ManualLoader, Question};
use crate::protocol::{ClientFrame, CloseReason, MessageId, ServerFrame, ServerMessage};
use crate::sessions::Sessions;
use crate::socket::{Outgoing, Received, SocketContext};

use super::{Bucket, Conversation, Effect, Event};

/// Refused messages in a row after which a connection is closed: a client that is told a hundred
/// times to slow down and does not is no chat.
const REFUSALS_BEFORE_CLOSE: u32 = 100;

/// What every session of a pod shares.
pub(crate) struct Wiring {
    pub(crate) answerer: Arc<dyn Answerer>,
    pub(crate) shelf: Arc<dyn ManualLoader>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ping_interval: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) prefetch_after: Duration,
    pub(crate) messages_per_second: u32,
    pub(crate) message_burst: u32,
}

/// The actor. See the card above.
pub(crate) struct Session {
    key: u64,
    conversation: Conversation,
    wiring: Arc<Wiring>,
    outgoing: Outgoing,
    bucket: Bucket,
    refusals: u32,
    heard_at: Instant,
    running: Option<SpawnHandle>,
    calm: Option<SpawnHandle>,
    /// The pod drains: what the client is told once its running answer has ended.
    leaving: Option<u64>,
    closed: bool,
}

/// Something the pod wants said on this socket, or its end.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// End the running answer, tell the client to come again elsewhere, close with 1012.
    Reconnect {
        /// After so long.
        after_ms: u64,
    },
}

impl Session {
    pub(crate) fn new(
        key: u64,
        conversation: Conversation,
        wiring: Arc<Wiring>,
        outgoing: Outgoing,
    ) -> Self {
        let now = Instant::now();
        let bucket = Bucket::new(wiring.messages_per_second, wiring.message_burst, now);
        Self {
            key,
            conversation,
            wiring,
            outgoing,
            bucket,
            refusals: 0,
            heard_at: now,
            running: None,
            calm: None,
            leaving: None,
            closed: false,
        }
    }

    fn feed(&mut self, event: Event, ctx: &mut SocketContext<Self>) {
        let effects = self.conversation.apply(event);
        self.perform(effects, ctx);
        self.leave_when_idle(ctx);
    }

    /// Says good-bye once no answer runs: a client that is told earlier would hang up on its answer.
    fn leave_when_idle(&mut self, ctx: &mut SocketContext<Self>) {
        if let Some(after_ms) = self.leaving.take_if(|_| !self.conversation.is_answering()) {
            self.send(&ServerMessage::Reconnect { after_ms }, None, None, ctx);
            self.close(CloseReason::Restart, ctx);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>, ctx: &mut SocketContext<Self>) {
        for effect in effects {
            match effect {
                Effect::Send { message, id, offset } => {
                    self.send(&message, id.as_ref(), offset, ctx)
                }
                Effect::StartAnswer { answer, question } => {
                    self.start_answer(answer, *question, ctx)
                }
                Effect::StopAnswer => {
                    if let Some(running) = self.running.take() {
                        ctx.cancel_future(running);
                    }
                }
                Effect::AwaitCalm { prediction } => self.await_calm(prediction, ctx),
                Effect::Prefetch(manual) => {
                    // Nobody waits for it: the question, when it comes, finds it on the shelf.
                    drop(actix::spawn(self.wiring.shelf.load(manual).map(drop)));
                }
                Effect::Close(reason) => self.close(reason, ctx),
            }
        }
    }

    fn send(
        &mut self,
        message: &ServerMessage,
        id: Option<&MessageId>,
        offset: Option<u64>,
        ctx: &mut SocketContext<Self>,
    ) {
        if self.closed {
            return;
        }
        let json = ServerFrame { message, id, offset }.to_json();
        if !self.outgoing.admits(json.len()) {
            warn!(conversation:% = self.conversation.id(); "reader stalled, its outgoing budget is spent");
            self.close(CloseReason::Policy, ctx);
            return;
        }
        self.wiring.metrics.sockets.sent(message.kind());
        self.outgoing.queued(json.len());
        ctx.text(json);
    }

    fn start_answer(&mut self, answer: u64, question: Question, ctx: &mut SocketContext<Self>) {
        info!(conversation:% = self.conversation.id(), product:% = question.product.id, answer; "question");
        let metrics = Arc::clone(&self.wiring.metrics);
        let asked = Instant::now();
        let mut first = None;
        // A panic of the answerer is caught in its stream: the visitor is told, the socket stays.
        let events =
            std::panic::AssertUnwindSafe(self.wiring.answerer.answer(question)).catch_unwind();
        let watched = events.map(move |event| {
            match &event {
                Ok(AnswerEvent::Chunk(_)) if first.is_none() => {
                    first = Some(asked.elapsed());
                    metrics.answers.first_chunk(asked.elapsed());
                }
                Ok(AnswerEvent::Done(done)) => {
                    metrics.answers.done(
                        done.answerer.as_str(),
                        done.outcome.as_str(),
                        asked.elapsed(),
                    );
                    if let Some(reason) = &done.fallback {
                        metrics.answers.fell_back(reason);
                    }
                }
                _ => {}
            }
            event.ok()
        });
        let done = actix::fut::wrap_stream::<_, Self>(watched);
        let task =
            actix::fut::ActorStreamExt::fold(done, false, move |_, event, act: &mut Self, ctx| {
                if let Some(event) = event {
                    act.feed(Event::Answering { answer, event }, ctx);
                }
                actix::fut::ready(true)
            })
            .map(move |_, act: &mut Self, ctx| {
                // An answer that said its last word is not running any more, and this is then ignored.
                act.feed(Event::AnswerLost { answer }, ctx);
            });
        self.running = Some(ctx.spawn(task));
    }

    fn await_calm(&mut self, prediction: u64, ctx: &mut SocketContext<Self>) {
        if let Some(calm) = self.calm.take() {
            ctx.cancel_future(calm);
        }
        let calm = ctx.run_later(self.wiring.prefetch_after, move |act, ctx| {
            act.calm = None;
            act.feed(Event::Settled { prediction }, ctx);
        });
        self.calm = Some(calm);
    }

    fn close(&mut self, reason: CloseReason, ctx: &mut SocketContext<Self>) {
        if !self.closed {
            self.closed = true;
            self.wiring.metrics.sockets.closed(reason.code());
            crate::socket::close(ctx, reason);
            ctx.stop();
        }
    }

    fn heard_text(&mut self, text: &str, ctx: &mut SocketContext<Self>) {
        if !self.bucket.take(Instant::now()) {
            self.refusals += 1;
            if self.refusals > REFUSALS_BEFORE_CLOSE {
                self.close(CloseReason::Policy, ctx);
            } else {
                self.feed(Event::Flooded, ctx);
            }
            return;
        }
        self.refusals = 0;
        match ClientFrame::parse(text) {
            Ok(frame) => {
                self.wiring.metrics.sockets.received(frame.message.kind());
                let typing = matches!(frame.message, crate::protocol::ClientMessage::Typing(_));
                let began = Instant::now();
                self.feed(Event::Heard(frame), ctx);
                if typing {
                    self.wiring.metrics.predictions.answered(began.elapsed());
                }
            }
            Err(bad) => {
                self.wiring.metrics.sockets.received("invalid");
                debug!(conversation:% = self.conversation.id(), code:% = bad.code.as_str(); "bad message");
                self.feed(Event::Misheard(bad), ctx);
            }
        }
    }

    fn watch_pulse(&mut self, ctx: &mut SocketContext<Self>) {
        if self.heard_at.elapsed() > self.wiring.idle_timeout {
            debug!(conversation:% = self.conversation.id(); "client is gone");
            self.close(CloseReason::Normal, ctx);
        } else {
            ctx.ping(b"");
        }
    }
}

impl Actor for Session {
    type Context = SocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.wiring.metrics.sockets.opened();
        self.wiring.sessions.entered(self.key, self.conversation.id(), ctx.address());
        ctx.run_interval(self.wiring.ping_interval, Self::watch_pulse);
        debug!(conversation:% = self.conversation.id(); "socket opened");
    }
}

impl Drop for Session {
    // Not `stopped`: this runs whatever ended the session, a panic and a vanished socket included.
    fn drop(&mut self) {
        if self.wiring.sessions.left(self.key) {
            self.wiring.metrics.sockets.ended();
        }
    }
}

impl StreamHandler<Received> for Session {
    fn handle(&mut self, received: Received, ctx: &mut Self::Context) {
        if self.closed {
            return;
        }
        self.heard_at = Instant::now();
        match crate::socket::understand(&mut self.outgoing, received, ctx) {
            crate::socket::Heard::Text(text) => self.heard_text(&text, ctx),
            crate::socket::Heard::Nothing => {}
            crate::socket::Heard::End(reason) => self.close(reason, ctx),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Deliver> for Session {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, ctx: &mut Self::Context) {
        match deliver {
            Deliver::Reconnect { after_ms } => {
                self.leaving = Some(after_ms);
                self.leave_when_idle(ctx);
            }
        }
    }
}
