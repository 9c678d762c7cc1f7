//! A conversation without a socket: completes the answers that a lost pod left open.
//!
//! The same rules and the same outbox as a session has; what a session would send goes into the log
//! alone, and a client that comes back finds it there. When the client comes back in the middle, or
//! another pod takes the conversation over, the log refuses the next append and this ends.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use log::debug;

use super::SessionContext;
use super::answering;
use crate::takeovers;
use hsc_conversation::log::{Claimed, OwnedConversation};
use hsc_conversation::now_ms;
use hsc_conversation::outbox::{Outbox, OutboxStep};
use hsc_conversation::visitor_frame;
use hsc_conversation::{Checkpoint, Conversation, Effect, Input};

/// How long a log that is away is left alone.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked. Past it, the client that comes back starts the answer itself.
const TIMES: u32 = 30;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadlessOutcome {
    /// Every question that was open is answered, in the log.
    Done,
    /// Another owner has the conversation now.
    Superseded,
    /// The log could not be reached for too long.
    LogAway,
}

impl HeadlessOutcome {
    /// The word of the metric label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Superseded => "superseded",
            Self::LogAway => "log_away",
        }
    }
}

struct HeadlessAnswer {
    context: Arc<SessionContext>,
    owned: OwnedConversation,
    conversation: Conversation,
    checkpoint: Checkpoint,
    outbox: Outbox,
    answer: Option<BoxStream<'static, Input>>,
    refused: u32,
}

/// Completes what is open in a conversation that was claimed.
pub(crate) async fn complete(context: Arc<SessionContext>, claimed: Claimed) -> HeadlessOutcome {
    let Claimed { conversation, taken } = claimed;
    let owned = OwnedConversation { conversation: Arc::clone(&conversation), epoch: taken.epoch };
    let mut alone = HeadlessAnswer {
        conversation: (context.begin)(conversation, String::new()),
        context,
        owned,
        checkpoint: Checkpoint::default(),
        outbox: Outbox::logged(taken.offset),
        answer: None,
        refused: 0,
    };
    let effects = alone.conversation.at(now_ms()).adopt(taken);
    // Also that this answer has lost a pod: one that ends every pod must not go round.
    alone.take(effects);
    let completed = alone.run().await;
    if completed != HeadlessOutcome::Superseded {
        // Bounded, and nothing is lost with it but a claim for nothing.
        let _ = alone.context.log.answering(alone.owned, false).await;
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
                // It ended without a last word: its number says whether it still runs.
                let event = self.conversation.lost();
                self.answer = None;
                self.hear(event);
                continue;
            };
            self.hear(event);
        }
    }

    fn hear(&mut self, event: Input) {
        let effects = self.conversation.at(now_ms()).apply(event);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        if self.conversation.write_checkpoint(&mut self.checkpoint) {
            self.outbox.changed();
        }
        for effect in effects {
            match effect {
                Effect::Happened(entry) => {
                    self.context.archive.event(&self.owned.conversation, &entry);
                    if let Some(frame) = visitor_frame(&entry) {
                        // No client is connected that could receive the frame.
                        self.outbox.push(frame, Some(entry.stored()), &mut Vec::new());
                    }
                }
                Effect::StartAnswer { answer, question } => {
                    debug!(conversation:% = self.owned.conversation, answer; "an answer is completed with nobody at the socket");
                    self.answer = Some(answering::in_turn(&self.context, None, answer, *question));
                }
                Effect::StopAnswer => self.answer = None,
                Effect::Follow { from: Some(from), .. } => {
                    // It may only have been cut off; then its client hears at once.
                    let OwnedConversation { conversation, epoch } = &self.owned;
                    takeovers::tell(&self.context.bridge, &from, conversation, *epoch);
                }
                // All the rest is for a client.
                _ => {}
            }
        }
    }

    /// Appends everything that was said. Says how it ended, where it did.
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
                    let here = self.context.bridge.of_append(&owned, &batch);
                    let result = self.context.log.append(owned, batch).await;
                    if let (Some(here), Ok(_)) = (here, &result) {
                        here.say();
                    }
                    self.outbox.appended(result, &mut steps);
                }
                OutboxStep::Begin { offset } => {
                    let result = self.context.log.begin(owned, offset).await;
                    self.outbox.begun(result, || self.checkpoint.encode(), &mut steps);
                }
                OutboxStep::Later if self.refused >= TIMES => {
                    return Some(HeadlessOutcome::LogAway);
                }
                OutboxStep::Later => {
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
