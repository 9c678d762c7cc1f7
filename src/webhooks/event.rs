//! What of the archive's records is an event, and what an event says.

use hsc_actors::ports::Announcement;
use hsc_actors::ports::archive::{Author, Record, Said, Stamped, Turn, TurnKind};
use serde_json::{Value, json};

/// Something that happened, and what makes it one: told twice it has the same mark.
pub(super) struct Event {
    pub(super) announcement: Announcement,
    pub(super) at_ms: u64,
    /// The place in the conversation's log where there is one: a conversation that another pod took over
    /// may record the same place again.
    pub(super) mark: String,
}

/// The event that a record is. Notes of the team are none, and neither is what is announced by itself.
pub(super) fn of_record(stamped: &Stamped) -> Option<Event> {
    let (event, conversation, offset, data) = match &stamped.record {
        Record::Said(said) => ("message.created", &said.conversation, said.offset, words(said)?),
        Record::Turned(turn) => {
            let (event, data) = turned(turn)?;
            (event, &turn.conversation, turn.offset, data)
        }
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
fn words(said: &Said) -> Option<Value> {
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

fn turned(turn: &Turn) -> Option<(&'static str, Value)> {
    let event = match turn.kind {
        TurnKind::HandedOver => "handoff.requested",
        TurnKind::Taken => "agent.joined",
        // That an agent gave it back is followed by the machine having it, which is told as such.
        TurnKind::Handed | TurnKind::Returned | TurnKind::Left => "agent.left",
        TurnKind::Withdrawn => "conversation.returned",
        TurnKind::Ended => "conversation.closed",
    };
    let mut data = json!({ "offset": turn.offset, "agent": turn.agent, "reason": turn.reason });
    if matches!(turn.kind, TurnKind::Handed | TurnKind::Returned) {
        data["reason"] = turn.kind.as_str().into();
    }
    Some((event, data))
}

#[cfg(test)]
mod tests {
    use hsc_actors::ports::archive::{AgentRef, Rated};
    use hsc_config::WEBHOOK_EVENTS;

    use super::*;

    fn event(record: Record) -> Option<Event> {
        of_record(&Stamped { id: "r".to_owned(), at_ms: 7, record })
    }

    #[test]
    fn every_turn_is_an_event_of_the_list() {
        for kind in TurnKind::ALL {
            let agent = Some(AgentRef { id: "a".to_owned(), name: "Ada".to_owned() });
            let turn = Turn {
                conversation: "c".to_owned(),
                offset: Some(3),
                kind,
                agent,
                to: None,
                reason: None,
            };
            let event = event(Record::Turned(turn)).expect("a turn is an event");
            assert!(WEBHOOK_EVENTS.contains(&event.announcement.event), "{kind:?}");
            assert_eq!(event.announcement.data["agent"]["name"], "Ada");
        }
    }

    #[test]
    fn a_place_in_the_log_is_one_event_however_often_it_is_recorded() {
        let said = || {
            let said = Said::new("c", Author::Agent, "hello");
            Record::Said(Box::new(Said { offset: Some(5), ..said }))
        };
        let first = event(said()).unwrap();
        let again = of_record(&Stamped { id: "x".to_owned(), at_ms: 9, record: said() }).unwrap();
        assert_eq!(first.mark, again.mark);
    }

    #[test]
    fn a_note_is_no_event() {
        let note = Said::new("c", Author::Note, "he is angry");
        assert!(event(Record::Said(Box::new(note))).is_none());
    }

    #[test]
    fn a_mark_is_told_with_its_comment() {
        let rated =
            Rated { conversation: "c".to_owned(), rating: 5, comment: Some("!".to_owned()) };
        let event = event(Record::Rated(rated)).unwrap();
        assert_eq!(event.announcement.data, json!({ "rating": 5, "comment": "!" }));
        assert_eq!((event.at_ms, &*event.mark), (7, "r"));
    }
}
