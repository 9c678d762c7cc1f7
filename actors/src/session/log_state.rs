//! The session's state of its log, and the calls to the log.
//!
//! [`Outbox`] has the rules of appending; the session performs its steps. A client that never sent `hello` has no
//! log, and its frames bypass it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::SessionContext;
use crate::sequence::Sequence;
use crate::span::Span;
use hsc_conversation::log::{Batch, LogError, OwnedConversation};
use hsc_conversation::outbox::{Frame, Outbox, OutboxStep};
use hsc_conversation::{Checkpoint, LogEntry};

/// Delay before an unavailable log is called again, with 10 % jitter: short enough that a conversation is stored
/// again within two seconds, long enough that ten thousand sessions do not call a Redis that has just returned
/// all at once.
const ASK_AGAIN: Duration = Duration::from_millis(1_000);

/// The session's state of its log.
pub(super) struct LogState {
    owned: OwnedConversation,
    outbox: Outbox,
    /// The log has stored that an answer is being made here.
    is_answering: bool,
    /// Reports of that, in order: an answer may begin and end within one round trip.
    answering: Sequence,
    /// Another pod completes the answer.
    is_handed_over: bool,
}

/// The result of a call to the log.
pub(super) enum LogReply {
    Appended(Result<u64, LogError>),
    Begun(Result<(), LogError>),
}

impl LogState {
    pub(super) fn new(owned: OwnedConversation, outbox: Outbox) -> Self {
        let answering = Sequence::default();
        Self { owned, outbox, is_answering: false, answering, is_handed_over: false }
    }

    /// The state while the log is being opened.
    pub(super) fn opening(conversation: Arc<str>, offset: u64) -> Self {
        Self::new(OwnedConversation { conversation, epoch: 1 }, Outbox::opening(offset))
    }

    pub(super) fn owned(&self) -> &OwnedConversation {
        &self.owned
    }

    /// The log was opened.
    pub(super) fn opened(&mut self, is_logged: bool) -> Vec<OutboxStep> {
        let mut steps = Vec::new();
        self.outbox.opened(is_logged, &mut steps);
        steps
    }

    /// Queues a frame, and the entry that is appended before it is sent.
    pub(super) fn push(&mut self, frame: Frame, entry: Option<&LogEntry>) -> Vec<OutboxStep> {
        let mut steps = Vec::new();
        self.outbox.push(frame, entry.map(LogEntry::stored), &mut steps);
        steps
    }

    pub(super) fn checkpoint_changed(&mut self) {
        self.outbox.changed();
    }

    /// Appends the queued entries.
    pub(super) fn append(&mut self, checkpoint: &Checkpoint) -> Option<OutboxStep> {
        self.outbox.append(|| checkpoint.encode())
    }

    /// Calls a log again that was unavailable.
    pub(super) fn retry(&mut self, checkpoint: &Checkpoint) -> Option<OutboxStep> {
        self.outbox.ask_again(|| checkpoint.encode())
    }

    /// The delay before an unavailable log is called again. It may lose what it stored about answers by then.
    pub(super) fn away(&mut self) -> Duration {
        self.is_answering = false;
        ASK_AGAIN.mul_f32(rand::random_range(0.9..1.1))
    }

    /// Handles the result of a call to the log.
    pub(super) fn replied(&mut self, reply: LogReply, checkpoint: &Checkpoint) -> Vec<OutboxStep> {
        let mut steps = Vec::new();
        match reply {
            LogReply::Appended(result) => self.outbox.appended(result, &mut steps),
            LogReply::Begun(result) => {
                self.outbox.begun(result, || checkpoint.encode(), &mut steps);
            }
        }
        steps
    }

    /// True when every queued entry is in the log, or cannot be appended now.
    pub(super) fn is_settled(&self) -> bool {
        self.outbox.is_settled()
    }

    /// Leaves the answer to another pod. False if none can continue it.
    pub(super) fn hand_over(&mut self) -> bool {
        let can_be = self.outbox.is_logged();
        self.is_handed_over |= can_be;
        can_be
    }

    /// True when another pod completes the answer.
    pub(super) fn is_handed_over(&self) -> bool {
        self.is_handed_over
    }

    /// Reports to the log whether an answer is being made here, if it does not know. Nothing waits for it:
    /// the call is bounded, and a lost one only means that, should this pod die, the answer is completed when
    /// its client reconnects.
    pub(super) fn report_answering(
        &mut self,
        is_answering: bool,
        context: &SessionContext,
    ) -> Option<impl Future + use<>> {
        let is_known = self.is_answering == is_answering;
        if self.is_handed_over || is_known || !self.outbox.is_logged() {
            return None;
        }
        self.is_answering = is_answering;
        let report = context.services.log.answering(self.owned.clone(), is_answering);
        Some(self.answering.put(report))
    }

    /// The session ends: reports that its answer is not being made any more, if one was.
    pub(super) fn forget_answer(mut self, context: &SessionContext) -> Option<impl Future + use<>> {
        if !self.is_answering || self.is_handed_over {
            return None;
        }
        let report = context.services.log.answering(self.owned, false);
        Some(self.answering.put(report))
    }
}

/// Appends to the log, and notifies the pod's own subscribers. The spans end with the append.
pub(super) fn append(
    context: &SessionContext,
    owned: OwnedConversation,
    batch: Batch,
    mut spans: Vec<Span>,
) -> BoxFuture<'static, LogReply> {
    let here = context.handoffs.bridge().of_append(&owned, &batch);
    let appended = context.services.log.append(owned, batch);
    appended
        .map(move |appended| {
            // The log itself notifies other pods.
            if let (Some(here), Ok(_)) = (here, &appended) {
                here.publish();
            }
            if appended.is_err() {
                spans.iter_mut().for_each(Span::fail);
            }
            drop(spans);
            LogReply::Appended(appended)
        })
        .boxed()
}

/// Begins the log again at this offset.
pub(super) fn begin(
    context: &SessionContext,
    owned: OwnedConversation,
    offset: u64,
) -> BoxFuture<'static, LogReply> {
    context.services.log.begin(owned, offset).map(LogReply::Begun).boxed()
}
