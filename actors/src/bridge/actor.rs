//! The bridge: the only actor that talks to other pods.
//!
//! Owns      the stream of the relay, and the messages that are being published.
//! Receives  the reports of the relay; the change signals of the table and of the outbox, which outlive it.
//! Calls     no other actor.
//! Never     delays a publisher or a subscriber, interprets a message, delivers after a successor was started.
//! On crash  loses only the messages that arrive during the crash, and every subscriber receives
//!           `ChannelEvent::Missed`. Subscriptions and queued messages stay.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, StreamHandler};
use futures::StreamExt as _;
use futures::stream::FuturesOrdered;
use hsc_monitoring::Metrics;
use log::{debug, info, warn};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::handle::{Bridge, NotPublished, Outbox, Outgoing, Shared};
use super::table::ChannelTable;
use crate::ports::{Relay, Relayed};
use crate::supervision::{Care, Child, ChildSpec, Life};

/// Unacknowledged messages to Redis, in order. Enough to hide a round trip.
const UNDER_WAY: usize = 64;
/// Shortest interval between two reports to other pods that messages to them were lost.
const TELL_OF_LOST_EVERY: Duration = Duration::from_secs(1);

/// The actor. See the card above.
struct BridgeActor {
    shared: Arc<Shared>,
    life: Life,
    relay_state: watch::Sender<RelayState>,
}

/// The bridge as a child of the tree, and its handle.
pub(crate) fn bridge_actor(
    pod: Arc<str>,
    relay: Arc<dyn Relay>,
    care: Care,
    metrics: &Arc<Metrics>,
) -> (ChildSpec, Bridge) {
    let shared = Arc::new(Shared {
        pod,
        relay,
        table: Arc::new(ChannelTable::new(Arc::clone(metrics))),
        outbox: Outbox::default(),
        metrics: Arc::clone(metrics),
        is_up: AtomicBool::new(false),
        was_up: AtomicBool::new(false),
    });
    let bridge = Bridge { shared: Arc::clone(&shared) };
    // The actor itself receives no message: its handle is not needed.
    let (spec, _) = ChildSpec::actor("bridge", "bridge", care, metrics, move |life| {
        let relay_state = watch::Sender::new(RelayState::Opening);
        Ok(BridgeActor { shared: Arc::clone(&shared), life: life.clone(), relay_state })
    });
    (spec, bridge)
}

/// State of the connection to other pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RelayState {
    /// Not known yet: outgoing messages wait briefly.
    Opening,
    /// Connected, with every wanted channel subscribed.
    Up,
    Down,
}

impl Actor for BridgeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Independent of what the previous generation reported.
        self.shared.is_up(false);
        if self.life.generation() > 1 {
            self.shared.table.set_unsubscribed();
        }
        // Before the relay is opened, so that `Up` covers every wanted channel.
        self.shared.relay.change_subscriptions(self.shared.table.subscribed(), Vec::new());
        ctx.add_stream(self.shared.relay.open());
        ctx.spawn(wrap_future(follow(Arc::clone(&self.shared), self.life.clone())));
        let relay_state = self.relay_state.subscribe();
        ctx.spawn(wrap_future(publish(Arc::clone(&self.shared), self.life.clone(), relay_state)));
    }
}

impl Child for BridgeActor {
    fn observe(&self) -> Value {
        json!({
            "connected": *self.relay_state.borrow() == RelayState::Up,
            "channels": self.shared.table.count(),
            "waiting": self.shared.outbox.depth(),
        })
    }
}

impl StreamHandler<Relayed> for BridgeActor {
    fn handle(&mut self, relayed: Relayed, ctx: &mut Self::Context) {
        // A generation that hung and wakes up has a successor that receives the same messages.
        if !self.life.holds() {
            return ctx.stop();
        }
        match relayed {
            Relayed::Message { channel, payload } => self.shared.received(&channel, &payload),
            Relayed::Listening { channels } => self.shared.table.set_live(Some(&channels)),
            Relayed::Up => {
                info!(channels = self.shared.table.count(); "connected to the other pods");
                // The outgoing way first: a subscriber that sees the channel live may publish at once.
                self.relay_state.send_replace(RelayState::Up);
                self.shared.is_up(true);
                self.shared.table.set_live(None);
            }
            Relayed::Down { why } => {
                let was = self.relay_state.send_replace(RelayState::Down);
                match was {
                    RelayState::Down => debug!(why:%; "still disconnected from the other pods"),
                    RelayState::Up => {
                        warn!(why:%; "disconnected from the other pods");
                        self.shared.table.set_unsubscribed();
                    }
                    RelayState::Opening => {
                        warn!(why:%; "not connected to the other pods yet")
                    }
                }
                self.shared.is_up(false);
            }
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        self.life.fail(ctx, "the relay ended");
    }
}

/// Passes changes of the wanted channels to the relay.
async fn follow(shared: Arc<Shared>, life: Life) {
    let mut bell = shared.table.change_signal();
    // Also for changes between the first look and the subscription to the signal.
    loop {
        if !life.holds() {
            return;
        }
        let (these, not_those) = shared.table.changes();
        if !these.is_empty() || !not_those.is_empty() {
            shared.relay.change_subscriptions(these, not_those);
        }
        if bell.changed().await.is_err() {
            return;
        }
    }
}

/// Publishes queued messages, in order.
async fn publish(shared: Arc<Shared>, life: Life, mut relay_state: watch::Receiver<RelayState>) {
    let mut bell = shared.outbox.change_signal();
    let mut under_way = FuturesOrdered::new();
    let mut tell_of_lost_at = Instant::now();
    loop {
        if !life.holds() {
            return;
        }
        let state = *relay_state.borrow_and_update();
        bell.borrow_and_update();
        let patience = shared.outbox.until().filter(|_| state == RelayState::Opening);
        let is_late = patience.is_some_and(|until| until <= Instant::now());
        let takes = state != RelayState::Opening || is_late;
        let next = match takes && under_way.len() < UNDER_WAY {
            true => shared.outbox.take(),
            false => None,
        };
        match next {
            Some(outgoing) if state == RelayState::Up => {
                under_way.push_back(send(&shared, outgoing))
            }
            Some(outgoing) => shared.published(outgoing, Err(NotPublished::Down)),
            None if state == RelayState::Up
                && shared.outbox.is_something_lost()
                && tell_of_lost_at <= Instant::now() =>
            {
                tell_of_lost_at = Instant::now() + TELL_OF_LOST_EVERY;
                shared.report_lost();
            }
            None => tokio::select! {
                Some(()) = under_way.next(), if !under_way.is_empty() => {}
                rung = bell.changed(), if under_way.len() < UNDER_WAY => {
                    if rung.is_err() { return }
                }
                _ = relay_state.changed() => {}
                () = sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => {}
                () = sleep_until(tell_of_lost_at),
                    if state == RelayState::Up && shared.outbox.is_something_lost() => {}
            },
        }
    }
}

fn send(shared: &Arc<Shared>, outgoing: Outgoing) -> impl Future<Output = ()> + use<> {
    let sent = shared.relay.publish(outgoing.channel.clone(), outgoing.payload.clone());
    let in_hand = PendingPublish { shared: Arc::clone(shared), outgoing: Some(outgoing) };
    async move {
        let outcome = sent.await.map_err(|cause| {
            debug!(cause:%; "a message to the other pods was not published");
            NotPublished::Failed
        });
        in_hand.settle(outcome);
    }
}

/// A message that was handed to the relay. If the actor ends before the relay has replied, its fate is
/// unknown, and it counts as lost.
struct PendingPublish {
    shared: Arc<Shared>,
    outgoing: Option<Outgoing>,
}

impl PendingPublish {
    fn settle(mut self, outcome: Result<(), NotPublished>) {
        if let Some(outgoing) = self.outgoing.take() {
            self.shared.published(outgoing, outcome);
        }
    }
}

impl Drop for PendingPublish {
    fn drop(&mut self) {
        if let Some(outgoing) = self.outgoing.take() {
            self.shared.published(outgoing, Err(NotPublished::Failed));
        }
    }
}
