//! An event to deliver. Its body is a projection of the conversation's event (`conversation/src/webhook_events.rs`).

use hsc_actors::archiving::ObservedEvent;
use hsc_actors::ports::Announcement;
use hsc_conversation::archive::HandoffPlace;

/// An event and its mark: a repeated event has the same mark.
pub(super) struct Event {
    pub(super) announcement: Announcement,
    pub(super) at_ms: u64,
    /// The offset in the conversation if there is one: a pod that takes a conversation over may record the
    /// same offset again.
    pub(super) mark: String,
}

impl Event {
    /// The event of a conversation.
    pub(super) fn of(observed: ObservedEvent<'_>) -> Self {
        let ObservedEvent { id, at_ms, conversation, event } = observed;
        let name = event.name;
        let mark = match event.place {
            HandoffPlace::Log(offset) => format!("{conversation} {offset} {name}"),
            HandoffPlace::Desk(rev) => format!("{conversation} #{rev} {name}"),
            HandoffPlace::Unnumbered => format!("{id} {name}"),
        };
        let conversation = Some(conversation.to_owned());
        let announcement = Announcement { event: name, conversation, data: event.data };
        Self { announcement, at_ms, mark }
    }
}

#[cfg(test)]
mod tests {
    use hsc_config::WEBHOOK_EVENTS;
    use hsc_conversation::desk::{DeskDecision, HandoffUnavailable};
    use hsc_conversation::protocol::{Agent, TicketGone, TicketGoneReason};
    use hsc_conversation::{WebhookEvent, decision_webhook_events};
    use serde_json::json;

    use super::*;

    fn of(id: &str, event: WebhookEvent) -> Event {
        Event::of(ObservedEvent { id, at_ms: 7, conversation: "c", event })
    }

    #[test]
    fn every_event_of_the_list_is_delivered_and_no_other() {
        let agent = Agent { id: "a".to_owned(), name: "Ada".to_owned() };
        let gone = |why| TicketGone {
            conversation: "c".to_owned(),
            why,
            agent: Some(agent.clone()),
            rev: 3,
        };
        let gone = [
            TicketGoneReason::Closed,
            TicketGoneReason::Ended,
            TicketGoneReason::Expired,
            TicketGoneReason::Returned,
            TicketGoneReason::Withdrawn,
        ]
        .map(gone);
        let ended = gone.iter().map(|gone| DeskDecision::Ended { gone, by: None });
        let others = [
            DeskDecision::Requested { rev: 1, reason: None },
            DeskDecision::Unavailable { why: HandoffUnavailable::Full },
            DeskDecision::Joined { rev: 1, agent: &agent },
            DeskDecision::Transferred { rev: 1, from: &agent, to: None },
        ];
        for decision in ended.chain(others) {
            let events: Vec<Event> =
                decision_webhook_events(decision).into_iter().map(|event| of("r", event)).collect();
            assert!(!events.is_empty(), "{decision:?}");
            for event in &events {
                assert!(WEBHOOK_EVENTS.contains(&event.announcement.event), "{decision:?}");
                let same = events.iter().filter(|other| other.mark == event.mark);
                assert_eq!(same.count(), 1, "{decision:?}");
            }
        }
    }

    #[test]
    fn a_repeated_event_has_the_same_deduplication_key() {
        let sent = |place| WebhookEvent { name: "message.created", place, data: json!({}) };
        for place in [HandoffPlace::Log(5), HandoffPlace::Desk(5)] {
            assert_eq!(of("r", sent(place)).mark, of("x", sent(place)).mark);
        }
        assert_ne!(
            of("r", sent(HandoffPlace::Log(5))).mark,
            of("r", sent(HandoffPlace::Desk(5))).mark
        );
        let unnumbered = || sent(HandoffPlace::Unnumbered);
        assert_ne!(of("r", unnumbered()).mark, of("x", unnumbered()).mark);
    }
}
