//! What of the archive's records is an event, and what an event says.

use hsc_actors::ports::Announcement;
use hsc_conversation::archive::{
    ArchivedMessage, Author, HandoffRecord, HandoffRecordKind, Record, StampedRecord, TurnPlace,
};
use serde_json::{Value, json};

/// Something that happened, and what makes it one: told twice it has the same mark.
pub(super) struct Event {
    pub(super) announcement: Announcement,
    pub(super) at_ms: u64,
    /// The place in the conversation's log where there is one: a conversation that another pod took over
    /// may record the same place again.
    pub(super) mark: String,
}

/// The events that a record is. Notes of the team are none, and neither is what is announced by itself.
pub(super) fn of_record(stamped: &StampedRecord) -> Vec<Event> {
    if let Record::Turned(turn) = &stamped.record {
        return turned(turn)
            .into_iter()
            .map(|(event, data)| {
                let conversation = &turn.conversation;
                let mark = match turn.place {
                    TurnPlace::Log(offset) => format!("{conversation} {offset} {event}"),
                    TurnPlace::Desk(rev) => format!("{conversation} #{rev} {event}"),
                    TurnPlace::Unnumbered => format!("{} {event}", stamped.id),
                };
                let conversation = Some(conversation.clone());
                let announcement = Announcement { event, conversation, data };
                Event { announcement, at_ms: stamped.at_ms, mark }
            })
            .collect();
    }
    of_other(stamped).into_iter().collect()
}

fn of_other(stamped: &StampedRecord) -> Option<Event> {
    let (event, conversation, offset, data) = match &stamped.record {
        Record::Said(said) => ("message.created", &said.conversation, said.offset, words(said)?),
        Record::Feedback(given) => {
            let data = json!({
                "offset": given.offset,
                "thumb": given.thumb.as_str(),
                "comment": given.comment,
            });
            ("feedback.given", &given.conversation, None, data)
        }
        Record::Rated(given) => {
            let data = json!({ "rating": given.rating, "comment": given.comment });
            ("rating.given", &given.conversation, None, data)
        }
        _ => return None,
    };
    let mark = match offset {
        Some(offset) => format!("{conversation} {offset} {event}"),
        None => stamped.id.clone(),
    };
    let conversation = Some(conversation.clone());
    Some(Event {
        announcement: Announcement { event, conversation, data },
        at_ms: stamped.at_ms,
        mark,
    })
}

/// What was said, by whom.
fn words(said: &ArchivedMessage) -> Option<Value> {
    // A note is for the team, and what the server says is told as what it means.
    if matches!(said.author, Author::Note | Author::System) {
        return None;
    }
    Some(json!({
        "author": said.author.as_str(),
        "offset": said.offset,
        "text": said.text,
        "product": said.product,
        "question": said.question,
        "agent": said.agent,
        "outcome": said.outcome.map(|outcome| outcome.as_str()),
        "citations": said.citations,
        "language": said.language,
        "upload": said.upload,
    }))
}

/// The events of a turn. An agent who leaves is told apart from what becomes of the conversation.
fn turned(turn: &HandoffRecord) -> Vec<(&'static str, Value)> {
    let data = |agent: bool, reason: Option<&str>| {
        let agent = turn.agent.as_ref().filter(|_| agent);
        json!({ "offset": turn.place.offset(), "agent": agent, "reason": reason })
    };
    let reason = turn.reason.as_deref();
    let kind = Some(turn.kind.as_str());
    match turn.kind {
        HandoffRecordKind::HandedOver => vec![("handoff.requested", data(true, reason))],
        HandoffRecordKind::Unavailable => vec![("handoff.unavailable", data(true, reason))],
        HandoffRecordKind::Taken => vec![("agent.joined", data(true, reason))],
        HandoffRecordKind::Handed => vec![("agent.left", data(true, kind))],
        // The visitor waits for another agent.
        HandoffRecordKind::Left if matches!(reason, Some("gone" | "no_answer")) => {
            vec![("agent.left", data(true, reason)), ("handoff.requested", data(false, None))]
        }
        HandoffRecordKind::Left => vec![("agent.left", data(true, reason))],
        HandoffRecordKind::Withdrawn | HandoffRecordKind::Expired => {
            vec![("conversation.returned", data(false, kind))]
        }
        HandoffRecordKind::Returned => {
            vec![("agent.left", data(true, kind)), ("conversation.returned", data(false, kind))]
        }
        HandoffRecordKind::Ended => {
            let left = if reason == Some("visitor") { "ended" } else { "closed" };
            let left = turn.agent.as_ref().map(|_| ("agent.left", data(true, Some(left))));
            let closed = ("conversation.closed", data(true, reason));
            left.into_iter().chain([closed]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use hsc_config::WEBHOOK_EVENTS;
    use hsc_conversation::archive::{AgentRef, RatingRecord};

    use super::*;

    fn event(record: Record) -> Option<Event> {
        events(record).into_iter().next()
    }

    fn events(record: Record) -> Vec<Event> {
        of_record(&StampedRecord { id: "r".to_owned(), at_ms: 7, record })
    }

    fn turn(kind: HandoffRecordKind, reason: Option<&str>) -> Record {
        Record::Turned(HandoffRecord {
            conversation: "c".to_owned(),
            place: TurnPlace::Desk(3),
            kind,
            agent: Some(AgentRef { id: "a".to_owned(), name: "Ada".to_owned() }),
            to: None,
            reason: reason.map(str::to_owned),
        })
    }

    #[test]
    fn every_turn_is_an_event_of_the_list() {
        for kind in HandoffRecordKind::ALL {
            let events = events(turn(kind, None));
            assert!(!events.is_empty(), "{kind:?}");
            for event in events {
                assert!(WEBHOOK_EVENTS.contains(&event.announcement.event), "{kind:?}");
            }
        }
    }

    #[test]
    fn an_end_says_who_ended_it_and_an_agent_who_had_it_has_left() {
        for (reason, left) in [("visitor", "ended"), ("agent", "closed")] {
            let events = events(turn(HandoffRecordKind::Ended, Some(reason)));
            let told = |event: &Event| {
                let Announcement { event, data, .. } = &event.announcement;
                (*event, data["reason"].clone(), data["agent"]["name"].clone())
            };
            let expected = [
                ("agent.left", json!(left), json!("Ada")),
                ("conversation.closed", json!(reason), json!("Ada")),
            ];
            assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
            assert_ne!(events[0].mark, events[1].mark, "each is delivered");
        }
    }

    #[test]
    fn a_place_in_the_log_is_one_event_however_often_it_is_recorded() {
        let said = || {
            let said = ArchivedMessage::new("c", Author::Agent, "hello");
            Record::Said(Box::new(ArchivedMessage { offset: Some(5), ..said }))
        };
        let first = event(said()).unwrap();
        let again = &of_record(&StampedRecord { id: "x".to_owned(), at_ms: 9, record: said() })[0];
        assert_eq!(first.mark, again.mark);
    }

    #[test]
    fn a_note_is_no_event() {
        let note = ArchivedMessage::new("c", Author::Note, "he is angry");
        assert!(event(Record::Said(Box::new(note))).is_none());
    }

    #[test]
    fn a_mark_is_told_with_its_comment() {
        let rated =
            RatingRecord { conversation: "c".to_owned(), rating: 5, comment: Some("!".to_owned()) };
        let event = event(Record::Rated(rated)).unwrap();
        assert_eq!(event.announcement.data, json!({ "rating": 5, "comment": "!" }));
        assert_eq!((event.at_ms, &*event.mark), (7, "r"));
    }
}
