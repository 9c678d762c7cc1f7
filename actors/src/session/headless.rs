//! A conversation without a socket: completes the answers of a lost pod.
//!
//! It has the same rules and the same outbox as a session; its frames go into the log only, where a client that
//! reconnects finds them. When the client reconnects meanwhile, or another pod takes the conversation over, the log
//! refuses the next append and this ends.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use log::debug;

use super::{SessionContext, answering, log_state};
use crate::bridge::notify_owner;
use crate::span::{AppendTraces, logged_trace, question_ended};
use hsc_conversation::log::{Claimed, OwnedConversation};
use hsc_conversation::outbox::{Outbox, OutboxStep};
use hsc_conversation::{Checkpoint, Conversation, Effect, Input, now_ms, visitor_frame};

/// Delay before an unavailable log is called again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Number of such calls. After them, the client starts the answer itself when it reconnects.
const TIMES: u32 = 30;

/// How the completion of a conversation's answers ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum HeadlessOutcome {
    /// Every open question is answered, in the log.
    Done,
    /// Another owner has the conversation.
    Superseded,
    /// The log was unavailable for too long.
    LogAway,
}

impl HeadlessOutcome {
    /// The value of the metric label.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

struct HeadlessAnswer {
    context: Arc<SessionContext>,
    owned: OwnedConversation,
    conversation: Conversation,
    checkpoint: Checkpoint,
    outbox: Outbox,
    append_traces: AppendTraces,
    answer: Option<BoxStream<'static, Input>>,
    refused: u32,
}

/// Completes the open answers of a claimed conversation.
pub(crate) async fn complete(context: Arc<SessionContext>, claimed: Claimed) -> HeadlessOutcome {
    let Claimed { conversation, taken } = claimed;
    let owned = OwnedConversation { conversation: Arc::clone(&conversation), epoch: taken.epoch };
    let mut alone = HeadlessAnswer {
        conversation: (context.begin)(conversation, String::new()),
        context,
        owned,
        checkpoint: Checkpoint::default(),
        outbox: Outbox::logged(taken.offset),
        append_traces: AppendTraces::default(),
        answer: None,
        refused: 0,
    };
    let effects = alone.conversation.at(now_ms()).adopt(taken);
    // The crash is counted as well: an answer that ends every pod must not be passed on forever.
    alone.take(effects);
    let completed = alone.run().await;
    if completed != HeadlessOutcome::Superseded {
        // Bounded; if it fails, the only cost is one claim without effect.
        let _ = alone.context.services.log.answering(alone.owned, false).await;
    }
    completed
}

impl HeadlessAnswer {
    async fn run(&mut self) -> HeadlessOutcome {
        loop {
            if let Some(ended) = self.append().await {
                return ended;
            }
            let Some(answer) = self.answer.as_mut().filter(|_| self.conversation.is_answering())
            else {
                return HeadlessOutcome::Done;
            };
            let Some(event) = answer.next().await else {
                // The answer ended without its last event: its number tells whether it still runs.
                let event = self.conversation.answer_lost();
                self.answer = None;
                self.handle_answer_event(event);
                continue;
            };
            self.handle_answer_event(event);
        }
    }

    fn handle_answer_event(&mut self, event: Input) {
        let effects = self.conversation.at(now_ms()).apply(event);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        if self.conversation.write_checkpoint(&mut self.checkpoint) {
            self.outbox.changed();
        }
        for effect in effects {
            match effect {
                Effect::Event(entry) => {
                    self.context.services.archive.event(&self.owned.conversation, &entry);
                    if let Some(frame) = visitor_frame(&entry) {
                        // No client is connected that could receive the frame.
                        self.outbox.push(frame, Some(entry.stored()), &mut Vec::new());
                    }
                }
                Effect::StartAnswer { answer, question } => {
                    let trace = question.asker.trace;
                    self.append_traces.begin(trace);
                    debug!(conversation:% = self.owned.conversation, trace = logged_trace(trace), answer; "completing an answer without a client");
                    self.answer = Some(answering::in_turn(&self.context, None, answer, *question));
                }
                Effect::QuestionEnded(ended) => {
                    self.append_traces.end(ended.trace.context);
                    question_ended(
                        &self.context.services.metrics,
                        &self.owned.conversation,
                        *ended,
                    );
                }
                Effect::StopAnswer => self.answer = None,
                Effect::UseLog { from: Some(from), .. } => {
                    // The client may only have been cut off; then it gets a notice at once.
                    notify_owner(&self.context.handoffs.bridge, &from, &self.owned);
                }
                // All other effects are for a client.
                _ => {}
            }
        }
    }

    /// Appends every pending entry. Returns the result if it ended.
    async fn append(&mut self) -> Option<HeadlessOutcome> {
        let mut next = self.outbox.append(|| self.checkpoint.encode());
        if next.is_none() {
            next = self.outbox.ask_again(|| self.checkpoint.encode());
        }
        loop {
            let step = next.take()?;
            let mut steps = Vec::new();
            let owned = self.owned.clone();
            match step {
                OutboxStep::Append(batch) => {
                    let entries = batch.entries.len();
                    let spans = self.append_traces.spans(&self.context.services.metrics, entries);
                    let result = log_state::append(&self.context, owned, batch, spans).await;
                    self.outbox.appended(result, &mut steps);
                }
                OutboxStep::Begin { offset } => {
                    let result = self.context.services.log.begin(owned, offset).await;
                    self.outbox.begun(result, || self.checkpoint.encode(), &mut steps);
                }
                OutboxStep::RetryLater if self.refused >= TIMES => {
                    return Some(HeadlessOutcome::LogAway);
                }
                OutboxStep::RetryLater => {
                    self.refused += 1;
                    tokio::time::sleep(ASK_AGAIN).await;
                    steps.extend(self.outbox.ask_again(|| self.checkpoint.encode()));
                }
                OutboxStep::Superseded => return Some(HeadlessOutcome::Superseded),
                OutboxStep::Send(_) => {}
            }
            next = steps.into_iter().find(|step| !matches!(step, OutboxStep::Send(_)));
            if next.is_none() {
                next = self.outbox.append(|| self.checkpoint.encode());
            }
        }
    }
}
