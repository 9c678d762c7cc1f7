//! Relays between the desk and the sessions of this pod: reports changes of the desk to the sessions, and the
//! connected visitors to the desk. A task of the tree; the list of local tickets and the subscription outlive it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hsc_monitoring::{DeskStanding, Metrics};
use log::debug;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use super::HandoffService;
use crate::bridge::{Body, ChannelEvent, WorkerSubscription, channels};
use crate::session_registry::{Deliver, SessionRegistry};
use crate::supervision::{Care, ChildSpec, Life};
use hsc_conversation::desk::{ConnectedVisitors, DeskChange, DeskError, DeskUpdate, DeskView};
use hsc_conversation::{BoxError, now_ms};

/// Shortest interval at which places in the queue are looked up: a visitor reads no faster.
const PLACES_EVERY: Duration = Duration::from_secs(1);

/// Shortest interval of `archived` messages to agents: each makes pages reload a list.
const ARCHIVED_EVERY: Duration = Duration::from_secs(1);

/// The relay as a child of the tree. `heartbeat` is the interval of reports to the desk.
pub(crate) fn desk_relay(
    handoffs: &HandoffService,
    sessions: &Arc<SessionRegistry>,
    heartbeat: Duration,
    care: Care,
    metrics: &Arc<Metrics>,
) -> ChildSpec {
    let relay = DeskRelay {
        subscription: WorkerSubscription::new(handoffs.bridge.subscribe(channels::DESK)),
        handoffs: handoffs.clone(),
        sessions: Arc::clone(sessions),
        heartbeat,
        counted: Arc::clone(metrics),
    };
    ChildSpec::worker("desk", "desk", care, metrics, move |life| relay.clone().run(life))
}

#[derive(Clone)]
struct DeskRelay {
    handoffs: HandoffService,
    sessions: Arc<SessionRegistry>,
    heartbeat: Duration,
    subscription: WorkerSubscription,
    counted: Arc<Metrics>,
}

impl DeskRelay {
    async fn run(self, life: Life) -> Result<(), BoxError> {
        let mut beat_at = Instant::now();
        let mut places_at = None;
        let mut archived_at = None;
        loop {
            tokio::select! {
                event = self.subscription.next(&life) => {
                    self.handle_channel_event(event);
                    places_at.get_or_insert_with(|| Instant::now() + PLACES_EVERY);
                }
                () = sleep_until(beat_at) => {
                    beat_at = Instant::now() + self.heartbeat;
                    self.heartbeat().await;
                    life.observe(json!({ "conversations": self.handoffs.local.len() }));
                }
                () = self.handoffs.archive.more_written() => {
                    archived_at.get_or_insert_with(|| Instant::now() + ARCHIVED_EVERY);
                }
                () = sleep_until(archived_at.unwrap_or(beat_at)), if archived_at.is_some() => {
                    archived_at = None;
                    self.handoffs.announce_archived();
                }
                () = sleep_until(places_at.unwrap_or(beat_at)), if places_at.is_some() => {
                    places_at = None;
                    if let Err(error) = self.send_places().await {
                        debug!(why:? = error; "places in the queue are not known at the moment");
                    }
                }
            }
        }
    }

    fn handle_channel_event(&self, event: ChannelEvent) {
        // A missed change is found with the next heartbeat.
        let ChannelEvent::Message(envelope) = event else { return };
        if let Body::Talk(talk) = &envelope.body
            && let Some(change) = talk.change()
        {
            self.tell_change(change);
        }
    }

    /// Tells the session of the conversation that changed; its id, if the change is about one.
    fn tell_change(&self, change: DeskChange) -> Option<String> {
        let conversation = match &change {
            DeskChange::Ticket(ticket) => ticket.conversation.clone(),
            DeskChange::Gone(gone) => gone.conversation.clone(),
            DeskChange::Agents => return None,
        };
        self.tell(DeskUpdate::Changed(Box::new(change)), &conversation);
        Some(conversation)
    }

    fn tell(&self, news: DeskUpdate, conversation: &str) {
        if self.handoffs.local.contains(conversation)
            && let Some(info) = self.sessions.of_conversation(conversation)
        {
            self.sessions.send(info.key, Deliver::Desk(Box::new(news)));
        }
    }

    /// Reports the connected visitors, gets the state of their tickets, and applies the desk's timeouts.
    async fn heartbeat(&self) {
        let outcome: Result<(), DeskError> = async {
            let here = self.handoffs.all_local();
            if !here.is_empty() {
                let ConnectedVisitors { now, .. } =
                    self.handoffs.visitors_here(here.clone()).await?;
                for conversation in &here {
                    if !self.handoffs.local.contains(conversation) {
                        // The visitor left meanwhile, and the session's report may have arrived before this one.
                        self.handoffs.visitor_left(Arc::clone(conversation)).await;
                    }
                }
                let mut lost: HashSet<&str> = here.iter().map(|it| &**it).collect();
                for change in now {
                    if let Some(conversation) = self.tell_change(change) {
                        lost.remove(conversation.as_str());
                    }
                }
                for conversation in lost {
                    self.tell(DeskUpdate::Lost, conversation);
                }
                self.send_places().await?;
            }
            self.handoffs.apply_timeouts().await?;
            self.counted.desk.standing(desk_metrics(&self.handoffs.snapshot().await?, now_ms()));
            Ok(())
        }
        .await;
        if let Err(error) = outcome {
            debug!(why:? = error; "could not report the connected visitors to the desk");
        }
    }

    async fn send_places(&self) -> Result<(), DeskError> {
        let here = self.handoffs.all_local();
        if here.is_empty() {
            return Ok(());
        }
        for (conversation, place) in self.handoffs.desk.places(here).await? {
            self.tell(DeskUpdate::Placed(place), &conversation);
        }
        Ok(())
    }
}

/// The metrics of the desk.
fn desk_metrics(view: &DeskView, now_ms: u64) -> DeskStanding {
    let available = view.agents.iter().filter(|it| it.available).count();
    let waiting = || view.tickets.iter().filter(|ticket| ticket.agent.is_none());
    let since_ms = waiting().map(|ticket| ticket.since_ms).min().unwrap_or(now_ms);
    DeskStanding {
        available,
        on_break: view.agents.len() - available,
        waiting: waiting().count(),
        with_agent: view.tickets.len() - waiting().count(),
        // The clocks of pods differ a little.
        oldest_wait: Duration::from_millis(now_ms.saturating_sub(since_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsc_conversation::protocol::{Agent, Presence, Ticket};

    fn ticket(since_ms: u64, agent: Option<Agent>) -> Ticket {
        Ticket {
            conversation: format!("c{since_ms}"),
            since_ms,
            agent,
            online: true,
            pod: "a".to_owned(),
            rev: 1,
            ..Ticket::default()
        }
    }

    #[test]
    fn the_longest_wait_counts_only_conversations_without_an_agent() {
        let ada = Agent { id: "ada".to_owned(), name: "Ada".to_owned() };
        let tickets =
            vec![ticket(1_000, Some(ada.clone())), ticket(4_000, None), ticket(9_000, None)];
        let agents = vec![Presence { agent: ada, available: false }];
        let now = desk_metrics(&DeskView { tickets, agents }, 10_000);
        let oldest_wait = Duration::from_secs(6);
        let all =
            DeskStanding { available: 0, on_break: 1, waiting: 2, with_agent: 1, oldest_wait };
        assert_eq!(now, all);
        assert_eq!(desk_metrics(&DeskView::default(), 10_000), DeskStanding::default());
    }
}
