//! The side of a session that faces the log of its conversation.
//!
//! [`Outbox`] has the rules; here they are carried out. A client that never said `hello` has no outbox,
//! and what it is sent passes by here untouched.

use std::sync::Arc;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{ActorFutureExt as _, AsyncContext as _};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use log::{info, warn};

use super::Session;
use super::log_opening;
use crate::sequence::Sequence;
use crate::socket::SocketContext;
use crate::supervision::RebuiltInPlace as _;
use hsc_conversation::Input;
use hsc_conversation::log::{LogError, OwnedConversation};
use hsc_conversation::outbox::{Frame, Outbox, OutboxStep};
use hsc_conversation::protocol::{CloseReason, ServerMessage};
use hsc_conversation::{LogEntry, Opening};

/// How long a log that is away is left alone, the tenth part more or less: short enough that a
/// conversation is kept again within two seconds, long enough that ten thousand sessions do not ask a
/// Redis that has just come back all at once.
const ASK_AGAIN: Duration = Duration::from_millis(1_000);

/// What the session knows of the log of its conversation.
pub(super) struct LogState {
    owned: OwnedConversation,
    outbox: Outbox,
    /// The log knows that an answer is being made here.
    is_answering: bool,
    /// What the log is told of that, in order: an answer may begin and end within one round trip.
    answering: Sequence,
    /// The answer is another pod's to complete.
    is_handed_over: bool,
}

impl LogState {
    fn new(owned: OwnedConversation, outbox: Outbox) -> Self {
        let answering = Sequence::default();
        Self { owned, outbox, is_answering: false, answering, is_handed_over: false }
    }
}

/// What became of a call.
enum LogReply {
    Appended(Result<u64, LogError>),
    Begun(Result<(), LogError>),
}

impl Session {
    /// Opens the log; what comes of it comes back as an event.
    pub(super) fn open_log(&mut self, opening: Opening, ctx: &mut SocketContext<Self>) {
        let own = Arc::clone(self.conversation.id());
        if self.logging.is_none() {
            let owned = OwnedConversation { conversation: Arc::clone(&own), epoch: 1 };
            let outbox = Outbox::opening(opening.offset);
            let logging = LogState::new(owned, outbox);
            self.logging = Some(Box::new(logging));
        }
        let (log, tokens) = (Arc::clone(&self.wiring.log), Arc::clone(&self.wiring.tokens));
        let opened = wrap_future::<_, Self>(log_opening::open(log, tokens, own, opening));
        let opened = opened.map(|opened, session, ctx| {
            if let Some(outcome) = opened.outcome() {
                session.wiring.metrics.conversations.resumed(outcome);
            }
            session.feed(Input::Opened(opened), ctx);
        });
        if let Some(before) = self.opening.replace(ctx.spawn(opened)) {
            ctx.cancel_future(before);
        }
    }

    /// From now on the conversation is this one.
    pub(super) fn follow(
        &mut self,
        owned: OwnedConversation,
        outbox: Outbox,
        is_logged: bool,
        ctx: &mut SocketContext<Self>,
    ) {
        self.opening = None;
        let mut steps = Vec::new();
        match &mut self.logging {
            Some(logging) if logging.owned == owned => {
                logging.outbox.opened(is_logged, &mut steps);
            }
            logging => {
                let taken = Arc::clone(&owned.conversation);
                let new = LogState::new(owned, outbox);
                *logging = Some(Box::new(new));
                info!(conversation:% = taken; "conversation goes on here");
                self.wiring.sessions.renamed(self.key, &taken);
            }
        }
        self.carry_out(steps, ctx);
    }

    /// Sends a frame in its order: through the outbox where the conversation is logged, with the entry that is to be
    /// appended first.
    pub(super) fn put_in_order(
        &mut self,
        frame: Frame,
        entry: Option<&LogEntry>,
        ctx: &mut SocketContext<Self>,
    ) {
        let Some(logging) = self.logging.as_mut() else {
            return self.send_text(frame.kind, (&*frame.json).into(), ctx);
        };
        let mut steps = Vec::new();
        logging.outbox.push(frame, entry.map(LogEntry::stored), &mut steps);
        self.carry_out(steps, ctx);
    }

    /// Notes that the checkpoint changed.
    pub(super) fn checkpoint_changed(&mut self) {
        if let Some(logging) = &mut self.logging {
            logging.outbox.changed();
        }
    }

    /// Appends what was put in, and says whether an answer is being made here. After every event.
    pub(super) fn post(&mut self, ctx: &mut SocketContext<Self>) {
        let Some(logging) = &mut self.logging else { return };
        let step = logging.outbox.append(|| self.checkpoint.encode());
        self.carry_out(step, ctx);
        self.tell_of_answer();
    }

    /// True when everything that was said is in the log, or cannot be put there now.
    pub(super) fn is_posted(&self) -> bool {
        self.logging.as_ref().is_none_or(|logging| logging.outbox.is_settled())
    }

    /// Stops the answer without a last word: another pod goes on with it. False where none can.
    pub(super) fn hand_over(&mut self, ctx: &mut SocketContext<Self>) -> bool {
        let Some(logging) = self.logging.as_mut().filter(|it| it.outbox.is_logged()) else {
            return false;
        };
        logging.is_handed_over = true;
        if let Some(running) = self.running.take() {
            ctx.cancel_future(running);
        }
        true
    }

    /// True when its answer is another pod's to complete.
    pub(super) fn is_handed_over(&self) -> bool {
        self.logging.as_ref().is_some_and(|logging| logging.is_handed_over)
    }

    fn carry_out(
        &mut self,
        steps: impl IntoIterator<Item = OutboxStep>,
        ctx: &mut SocketContext<Self>,
    ) {
        for step in steps {
            match step {
                OutboxStep::Send(Frame { kind, json }) => {
                    self.send_text(kind, (&*json).into(), ctx)
                }
                OutboxStep::Append(batch) => {
                    let Some(owned) = self.owned() else { return };
                    let here = self.wiring.front.bridge().of_append(&owned, &batch);
                    let appended = self.wiring.log.append(owned, batch);
                    let told = appended.map(move |appended| {
                        // The log tells other pods by itself.
                        if let (Some(here), Ok(_)) = (here, &appended) {
                            here.say();
                        }
                        LogReply::Appended(appended)
                    });
                    self.call(told.boxed(), ctx);
                }
                OutboxStep::Begin { offset } => {
                    let Some(owned) = self.owned() else { return };
                    warn!(conversation:% = owned.conversation, offset; "the log of this conversation begins again here");
                    let begun = self.wiring.log.begin(owned, offset);
                    self.call(begun.map(LogReply::Begun).boxed(), ctx);
                }
                OutboxStep::Later => self.ask_later(ctx),
                OutboxStep::Superseded => self.superseded(ctx),
            }
        }
    }

    fn owned(&self) -> Option<OwnedConversation> {
        self.logging.as_ref().map(|logging| logging.owned.clone())
    }

    /// Waits for a call beside everything else. A log in memory answers at once, and then nothing waits.
    fn call(&mut self, mut call: BoxFuture<'static, LogReply>, ctx: &mut SocketContext<Self>) {
        match (&mut call).now_or_never() {
            Some(told) => self.told(told, ctx),
            None => {
                let told = wrap_future::<_, Self>(call);
                ctx.spawn(told.map(|told, session, ctx| {
                    session.guarded(ctx, |session, ctx| {
                        session.told(told, ctx);
                        session.leave_when_idle(ctx);
                    });
                }));
            }
        }
    }

    fn told(&mut self, told: LogReply, ctx: &mut SocketContext<Self>) {
        let Some(logging) = &mut self.logging else { return };
        let mut steps = Vec::new();
        match told {
            LogReply::Appended(result) => logging.outbox.appended(result, &mut steps),
            LogReply::Begun(result) => {
                logging.outbox.begun(result, || self.checkpoint.encode(), &mut steps);
            }
        }
        self.carry_out(steps, ctx);
        if !self.closed {
            self.post(ctx);
        }
    }

    fn ask_later(&mut self, ctx: &mut SocketContext<Self>) {
        if let Some(logging) = &mut self.logging {
            // What it knew of answers may be lost.
            logging.is_answering = false;
        }
        let spread = ASK_AGAIN.mul_f32(rand::random_range(0.9..1.1));
        ctx.run_later(spread, |session, ctx| {
            session.guarded(ctx, |session, ctx| {
                let Some(logging) = &mut session.logging else { return };
                let step = logging.outbox.ask_again(|| session.checkpoint.encode());
                session.carry_out(step, ctx);
                session.post(ctx);
            });
        });
    }

    /// Somebody says that the conversation is owned by this epoch.
    pub(super) fn taken_over(&mut self, epoch: u64, ctx: &mut SocketContext<Self>) {
        if self.logging.as_ref().is_some_and(|logging| logging.owned.epoch < epoch) {
            self.superseded(ctx);
        }
    }

    fn superseded(&mut self, ctx: &mut SocketContext<Self>) {
        if let Some(running) = self.running.take() {
            ctx.cancel_future(running);
        }
        self.close(CloseReason::TakenOver, ctx);
    }

    /// Nobody waits for it: the call is bounded, and one that is lost costs no more than that this
    /// answer, should the pod die, is completed when its client comes back.
    fn tell_of_answer(&mut self) {
        let is_answering = self.conversation.is_answering();
        let Some(logging) = &mut self.logging else { return };
        if logging.is_handed_over
            || logging.is_answering == is_answering
            || !logging.outbox.is_logged()
        {
            return;
        }
        logging.is_answering = is_answering;
        let told = self.wiring.log.answering(logging.owned.clone(), is_answering);
        drop(actix::spawn(logging.answering.put(told)));
    }

    /// The session ends: an answer that it was making is not being made any more.
    pub(super) fn forget_answer(&mut self) {
        let Some(mut logging) = self.logging.take() else { return };
        // Outside of a runtime the whole pod is ending.
        if logging.is_answering
            && !logging.is_handed_over
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let told = self.wiring.log.answering(logging.owned, false);
            runtime.spawn(logging.answering.put(told));
        }
    }
}

/// A transient message that must not overtake what was sent before it. Predictions and errors may.
pub(super) fn keeps_its_place(message: &ServerMessage) -> bool {
    matches!(
        message,
        ServerMessage::Status { .. }
            | ServerMessage::Queue { .. }
            | ServerMessage::Welcome(_)
            | ServerMessage::Reconnect { .. }
    )
}
