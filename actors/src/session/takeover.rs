//! Completes the answers of a vanished pod.
//!
//! Owns      the vanished pods, and the number of conversations that it completes at once.
//! Receives  [`PodDeparted`] from the presence worker.
//! Calls     no other actor; claiming and completing run concurrently.
//! Never     completes what another pod has claimed: the log gives each conversation to one claimer.
//! On crash  loses the answers that it was completing; a client that reconnects starts them again.
//!
//! A conversation without a socket ([`HeadlessAnswer`]) has the same rules and the same outbox as a session; its
//! frames go into the log only, where a client that reconnects finds them. When the client reconnects meanwhile, or
//! another pod takes the conversation over, the log refuses the next append and the completion ends.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message};
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use hsc_monitoring::Metrics;
use log::{debug, info, warn};
use serde_json::{Value, json};

use super::{SessionContext, answering, log_state};
use crate::bridge::notify_owner;
use crate::span::{AppendTraces, logged_trace, question_ended};
use crate::supervision::{Care, Child, ChildSpec, Handle};
use hsc_conversation::log::{Claimed, LogError, OwnedConversation};
use hsc_conversation::outbox::{Outbox, OutboxStep};
use hsc_conversation::{Checkpoint, Conversation, Effect, Input, now_ms, visitor_frame};

/// Conversations that are completed at once. Few: connected visitors have priority, and the other pods claim as well.
const AT_ONCE: usize = 8;
/// Delay before an unavailable log is called again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Number of such calls to claim a conversation of one pod. By then the visitors have reconnected.
const CLAIMS: u32 = 60;
/// Number of such calls to append to one conversation. After them, the client starts the answer itself when it
/// reconnects.
const APPENDS: u32 = 30;

/// The actor; see the header of this file.
pub(crate) struct PodTakeover {
    context: Arc<SessionContext>,
    pods: VecDeque<DepartedPod>,
    is_claiming: bool,
    running: usize,
    completed: u64,
}

struct DepartedPod {
    name: Arc<str>,
    refused: u32,
}

/// This pod has vanished.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct PodDeparted(pub(crate) Arc<str>);

impl PodTakeover {
    /// The actor as a child of the tree, and its handle.
    pub(crate) fn spec(
        context: &Arc<SessionContext>,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> (ChildSpec, Handle<Self>) {
        let (name, kind) = ("conversations.takeover", "conversations_takeover");
        let context = Arc::clone(context);
        ChildSpec::actor(name, kind, care, metrics, move |_| {
            let (context, pods) = (Arc::clone(&context), VecDeque::new());
            Ok(Self { context, pods, is_claiming: false, running: 0, completed: 0 })
        })
    }

    /// Claims the next conversation, if there is room to complete it.
    fn claim(&mut self, ctx: &mut Context<Self>) {
        let Some(pod) = self.pods.front() else { return };
        if self.is_claiming || self.running >= AT_ONCE {
            return;
        }
        self.is_claiming = true;
        let claimed = actix::fut::wrap_future::<_, Self>(
            self.context.services.log.claim(Arc::clone(&pod.name)),
        );
        ctx.spawn(claimed.map(|claimed, takeover, ctx| takeover.claimed(claimed, ctx)));
    }

    fn claimed(&mut self, claimed: Result<Option<Claimed>, LogError>, ctx: &mut Context<Self>) {
        self.is_claiming = false;
        match claimed {
            Ok(Some(claimed)) => self.complete(claimed, ctx),
            Ok(None) => drop(self.pods.pop_front()),
            Err(error) => {
                let Some(pod) = self.pods.front_mut() else { return };
                pod.refused += 1;
                if pod.refused > CLAIMS {
                    warn!(pod:% = pod.name, error:%; "the answers of a vanished pod cannot be claimed");
                    self.pods.pop_front();
                } else {
                    ctx.run_later(ASK_AGAIN, Self::claim);
                    return;
                }
            }
        }
        self.claim(ctx);
    }

    fn complete(&mut self, claimed: Claimed, ctx: &mut Context<Self>) {
        self.running += 1;
        let conversation = Arc::clone(&claimed.conversation);
        let completing = AssertUnwindSafe(complete(Arc::clone(&self.context), claimed));
        let completing = actix::fut::wrap_future::<_, Self>(completing.catch_unwind());
        ctx.spawn(completing.map(move |ended, takeover, ctx| {
            takeover.ended(&conversation, ended.ok());
            takeover.claim(ctx);
        }));
    }

    /// `None` is a panic: the claim stays, and counts as one more lost pod for this answer.
    fn ended(&mut self, conversation: &str, ended: Option<HeadlessOutcome>) {
        self.running -= 1;
        self.context
            .services
            .metrics
            .conversations
            .completed(ended.map_or("failed", HeadlessOutcome::as_str));
        self.completed += u64::from(ended == Some(HeadlessOutcome::Done));
        match ended {
            Some(ended) => {
                info!(conversation, how = ended.as_str(); "the answers of a vanished pod were completed here");
            }
            None => warn!(conversation; "completing the answers of a vanished pod failed"),
        }
    }
}

impl Actor for PodTakeover {
    type Context = Context<Self>;
}

impl Child for PodTakeover {
    fn observe(&self) -> Value {
        json!({ "pods": self.pods.len(), "completing": self.running, "completed": self.completed })
    }
}

impl Handler<PodDeparted> for PodTakeover {
    type Result = ();

    fn handle(&mut self, PodDeparted(name): PodDeparted, ctx: &mut Self::Context) {
        if self.pods.iter().all(|pod| pod.name != name) {
            self.pods.push_back(DepartedPod { name, refused: 0 });
        }
        self.claim(ctx);
    }
}

/// How the completion of a conversation's answers ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum HeadlessOutcome {
    /// Every open question is answered, in the log.
    Done,
    /// Another owner has the conversation.
    Superseded,
    /// The log was unavailable for too long.
    LogAway,
}

impl HeadlessOutcome {
    /// The value of the metric label.
    fn as_str(self) -> &'static str {
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
async fn complete(context: Arc<SessionContext>, claimed: Claimed) -> HeadlessOutcome {
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
                OutboxStep::RetryLater if self.refused >= APPENDS => {
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
