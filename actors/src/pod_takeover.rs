//! Completes the answers of a vanished pod.
//!
//! Owns      the vanished pods, and the number of conversations that it completes at once.
//! Receives  [`PodDeparted`] from the presence worker.
//! Calls     no other actor; claiming and completing run concurrently.
//! Never     completes what another pod has claimed: the log gives each conversation to one claimer.
//! On crash  loses the answers that it was completing; a client that reconnects starts them again.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message};
use futures::FutureExt as _;
use hsc_monitoring::Metrics;
use log::{info, warn};
use serde_json::{Value, json};

use crate::session::{HeadlessOutcome, SessionContext, complete};
use crate::supervision::{Care, Child, ChildSpec, Handle};
use hsc_conversation::log::{Claimed, LogError};

/// Conversations that are completed at once. Few: connected visitors have priority, and the other pods claim as well.
const AT_ONCE: usize = 8;
/// Delay before an unavailable log is called again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Number of such calls for one pod. By then the visitors have reconnected.
const TIMES: u32 = 60;

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
                if pod.refused > TIMES {
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
