//! Projects an event, or a decision of the desk, to a row of the archive.

use crate::archive::{
    AgentRef, ArchivedEvent, ArchivedMessage, Author, ConversationFacts, Feedback, HandoffPlace,
    HandoffRecord, HandoffRecordKind, RatingRecord, Record,
};
use crate::desk::DeskDecision;
use crate::event::{AnswerCompleted, ClosedBy, ConversationEvent, LogEntry};
use crate::protocol::{Agent, ChatMessage, Csat, LeaveReason, MessageId, TicketGoneReason};

/// The event as the archive stores it. None for a chunk of an answer: the end of the answer has the whole text.
pub fn archived_event(conversation: &str, entry: &LogEntry) -> Option<ArchivedEvent> {
    let id = match (&entry.event, &entry.reply_to) {
        (ConversationEvent::AnswerChunk { .. }, _) => return None,
        (event, _) if event.is_sent() => Some(format!("{conversation}/{}", entry.offset)),
        // By the id of the question, which a client uses once.
        (ConversationEvent::QuestionAsked { .. }, Some(question)) => {
            Some(format!("{conversation}?{question}"))
        }
        _ => None,
    };
    Some(ArchivedEvent {
        conversation: conversation.to_owned(),
        id,
        offset: entry.offset,
        entry: entry.stored().text.to_string(),
    })
}

/// The row of an event. None for an event without a row of its own: chunks of an answer, whose end has the
/// whole text, and decisions of the desk, which are recorded where the desk is called, whether or not the
/// visitor is connected.
pub fn archive_row(conversation: &str, entry: &LogEntry) -> Option<Record> {
    let LogEntry { offset, reply_to, event, .. } = entry;
    let reply_to = reply_to.as_ref().map(MessageId::to_string);
    let handoff = |kind, agent, reason| {
        let place = HandoffPlace::Log(*offset);
        Record::Handoff(handoff_record(conversation, place, kind, agent, reason))
    };
    match event {
        ConversationEvent::VisitorDescribed(described) => {
            let (conversation, described) = (conversation.to_owned(), (**described).clone());
            let facts = ConversationFacts { conversation, described };
            Some(Record::ConversationBegan(Box::new(facts)))
        }
        ConversationEvent::QuestionAsked { question, product, language } => {
            Some(Record::Message(Box::new(ArchivedMessage {
                product: Some(product.clone()),
                question: reply_to,
                language: language.clone(),
                ..ArchivedMessage::new(conversation, Author::Visitor, question.as_str())
            })))
        }
        ConversationEvent::AnswerCompleted(answer) => {
            // A question whose answer never began is not archived either.
            answer.question.as_ref()?;
            Some(completed(conversation, *offset, reply_to, answer))
        }
        ConversationEvent::MessageSent(message) => Some(sent(conversation, *offset, message)),
        ConversationEvent::AgentLeft { agent, reason } => match reason {
            // Recorded by the session: the desk itself only puts the conversation back into the queue.
            LeaveReason::Gone | LeaveReason::NoAnswer => {
                Some(handoff(HandoffRecordKind::Left, Some(agent), Some(reason.into())))
            }
            LeaveReason::Handed
            | LeaveReason::Returned
            | LeaveReason::Closed
            | LeaveReason::Ended => None,
        },
        ConversationEvent::AnswerRated { answer, thumb, comment } => {
            let (conversation, comment) = (conversation.to_owned(), comment.clone());
            let (offset, thumb) = (*answer, *thumb);
            Some(Record::Feedback(Feedback { conversation, offset, thumb, comment }))
        }
        ConversationEvent::ConversationRated(Csat { rating, comment }) => {
            let (conversation, comment) = (conversation.to_owned(), comment.clone());
            Some(Record::Rated(RatingRecord { conversation, rating: *rating, comment }))
        }
        ConversationEvent::ConversationClosed { by: Some(ClosedBy::Visitor), at_desk: false } => {
            Some(handoff(HandoffRecordKind::Ended, None, Some("visitor")))
        }
        ConversationEvent::AnswerChunk { .. }
        | ConversationEvent::AnswerContext(_)
        | ConversationEvent::HandoffRequested { .. }
        | ConversationEvent::HandoffUnavailable { .. }
        | ConversationEvent::HandoffAccepted
        | ConversationEvent::HandoffReturned { .. }
        | ConversationEvent::AgentJoined { .. }
        | ConversationEvent::ConversationClosed { .. } => None,
    }
}

fn completed(
    conversation: &str,
    offset: u64,
    question: Option<String>,
    answer: &AnswerCompleted,
) -> Record {
    Record::Message(Box::new(ArchivedMessage {
        offset: Some(offset),
        html: answer.html.clone(),
        product: answer.product.clone(),
        question,
        outcome: Some(answer.outcome),
        confidence: Some(answer.confidence),
        first_answer_ms: answer.first_words_ms,
        cached: answer.cached,
        citations: answer.citations.clone(),
        ..ArchivedMessage::new(conversation, Author::Machine, answer.text.as_str())
    }))
}

fn handoff_record(
    conversation: &str,
    place: HandoffPlace,
    kind: HandoffRecordKind,
    agent: Option<&Agent>,
    reason: Option<&str>,
) -> HandoffRecord {
    HandoffRecord {
        conversation: conversation.to_owned(),
        place,
        kind,
        agent: agent.map(named),
        to: None,
        reason: reason.map(str::to_owned),
    }
}

fn sent(conversation: &str, offset: u64, message: &ChatMessage) -> Record {
    Record::Message(Box::new(ArchivedMessage {
        offset: Some(offset),
        html: message.html.clone(),
        agent: message.agent.as_ref().map(named),
        citations: message.citations.clone(),
        upload: message.upload.clone(),
        ..ArchivedMessage::new(conversation, message.from.into(), &*message.content)
    }))
}

fn named(agent: &Agent) -> AgentRef {
    AgentRef { id: agent.id.clone(), name: agent.name.clone() }
}

/// The row of a decision of the desk.
pub fn decision_row(conversation: &str, decision: DeskDecision<'_>) -> Record {
    let turn =
        |place, kind, agent, reason| handoff_record(conversation, place, kind, agent, reason);
    let at = HandoffPlace::Desk;
    Record::Handoff(match decision {
        DeskDecision::Requested { rev, reason } => {
            turn(at(rev), HandoffRecordKind::HandedOver, None, reason)
        }
        DeskDecision::Unavailable { why } => {
            turn(HandoffPlace::Unnumbered, HandoffRecordKind::Unavailable, None, Some(why.into()))
        }
        DeskDecision::Joined { rev, agent } => {
            turn(at(rev), HandoffRecordKind::Taken, Some(agent), None)
        }
        DeskDecision::Transferred { rev, from, to } => HandoffRecord {
            to: to.map(named),
            ..turn(at(rev), HandoffRecordKind::Handed, Some(from), None)
        },
        DeskDecision::Ended { gone, by } => {
            let had = gone.agent.as_ref();
            let (kind, agent, reason) = match gone.why {
                TicketGoneReason::Withdrawn => (HandoffRecordKind::Withdrawn, None, None),
                TicketGoneReason::Expired => (HandoffRecordKind::Expired, None, None),
                TicketGoneReason::Returned => (HandoffRecordKind::Returned, by.or(had), None),
                TicketGoneReason::Closed => (HandoffRecordKind::Ended, by.or(had), Some("agent")),
                TicketGoneReason::Ended => (HandoffRecordKind::Ended, had, Some("visitor")),
            };
            turn(at(gone.rev), kind, agent, reason)
        }
    })
}
