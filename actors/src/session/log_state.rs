//! The session's log: opening it or taking over a conversation that a client names, its state, and the calls to it.
//!
//! [`Outbox`] has the rules of appending; the session performs its steps. A client that never sent `hello` has no
//! log, and its frames bypass it.

use std::sync::Arc;
use std::time::Duration;

use super::SessionContext;
use crate::ports::ConversationLog;
use crate::sequence::Sequence;
use crate::span::Span;
use hsc_conversation::log::{Batch, ClientPosition, LogError, OwnedConversation, TakenOver};
use hsc_conversation::outbox::{Outbox, OutboxStep};
use hsc_conversation::protocol::Resume;
use hsc_conversation::{Checkpoint, NotResumed, Opening, OpeningResult, TokenError, Tokens};

/// Delay before an unavailable log is called again, with 10 % jitter: short enough that a conversation is stored
/// again within two seconds, long enough that ten thousand sessions do not call a Redis that has just returned
/// all at once.
const ASK_AGAIN: Duration = Duration::from_millis(1_000);

/// Delays before an unavailable log is called again for a conversation: for a client that reconnects, a wait of a few
/// seconds is better than the loss of its history. When a pod has died, all its clients reconnect at once, and the log
/// is slow just when it is needed; a Redis that restarts is back after a second or two. With the time limits of the
/// commands this is less than the ten seconds that the pages wait for a `welcome`.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(600),
    Duration::from_millis(900),
    Duration::from_millis(1_600),
];

/// The session's state of its log.
pub(super) struct LogState {
    pub(super) owned: OwnedConversation,
    pub(super) outbox: Outbox,
    /// The log has stored that an answer is being made here.
    is_answering: bool,
    /// Reports of that, in order: an answer may begin and end within one round trip.
    answering: Sequence,
    /// Another pod completes the answer.
    pub(super) is_handed_over: bool,
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

    /// Leaves the answer to another pod. False if none can continue it.
    pub(super) fn hand_over(&mut self) -> bool {
        let can_be = self.outbox.is_logged();
        self.is_handed_over |= can_be;
        can_be
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
) -> impl Future<Output = Result<u64, LogError>> + Send + use<> {
    let deliver_here = context.handoffs.bridge.of_append(&owned, &batch);
    let appended = context.services.log.append(owned, batch);
    async move {
        let appended = appended.await;
        // The log itself notifies other pods.
        if let (Some(deliver_here), Ok(_)) = (deliver_here, &appended) {
            deliver_here();
        }
        if appended.is_err() {
            spans.iter_mut().for_each(Span::fail);
        }
        appended
    }
}

/// Opens the log for the conversation `own`, or takes over the one that the client names.
pub(super) async fn open(
    log: Arc<dyn ConversationLog>,
    tokens: Arc<Tokens>,
    own: Arc<str>,
    Opening { resume, offset }: Opening,
) -> OpeningResult {
    let mut not_resumed = None;
    if let Some(resume) = resume {
        match take_over_named(&*log, &tokens, resume).await {
            Ok(taken_over) => return taken_over,
            Err(why) => not_resumed = Some(why),
        }
    }
    let token = tokens.sign(&own, 1);
    // A log that was just unavailable is not waited for a second time.
    let is_logged = not_resumed != Some(NotResumed::Unavailable)
        && log.begin(OwnedConversation { conversation: own, epoch: 1 }, offset).await.is_ok();
    OpeningResult::Begun { token, is_logged, not_resumed }
}

/// Takes over the conversation that the client names, if its token is valid.
async fn take_over_named(
    log: &dyn ConversationLog,
    tokens: &Tokens,
    Resume { conversation, token, after }: Resume,
) -> Result<OpeningResult, NotResumed> {
    let epoch = tokens.verify(&token, &conversation).map_err(|why| match why {
        TokenError::Expired => NotResumed::Expired,
        _ => NotResumed::BadToken,
    })?;
    let conversation: Arc<str> = conversation.as_str().into();
    let is_of_ended = Tokens::is_of_ended(&token);
    // If the check fails the takeover is still tried; the log then refuses it.
    if !is_of_ended && log.are_tokens_ended(Arc::clone(&conversation)).await.unwrap_or(false) {
        return Err(NotResumed::Ended);
    }
    let seen = ClientPosition { epoch, offset: after };
    let taken = take_over(log, &conversation, seen).await.map_err(|error| match error {
        LogError::Unavailable { .. } => NotResumed::Unavailable,
        _ => NotResumed::Unknown,
    })?;
    let token = if is_of_ended {
        tokens.sign_ended(&conversation, taken.epoch)
    } else {
        tokens.sign(&conversation, taken.epoch)
    };
    Ok(OpeningResult::TakenOver { conversation, token, taken: Box::new(taken) })
}

/// Takes a conversation over, with retries.
async fn take_over(
    log: &dyn ConversationLog,
    conversation: &Arc<str>,
    seen: ClientPosition,
) -> Result<TakenOver, LogError> {
    for pause in PATIENCE {
        match log.take_over(Arc::clone(conversation), seen).await {
            Err(LogError::Unavailable { .. }) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    log.take_over(Arc::clone(conversation), seen).await
}
