//! Projects an event, or a decision of the desk, to webhooks: the `data` of each.

use hsc_catalogs::Citation;
use serde::Serialize;
use serde_json::{Value, json};

use crate::archive::{Author, HandoffPlace, MessageOutcome};
use crate::desk::DeskDecision;
use crate::event::{AnswerCompleted, ClosedBy, ConversationEvent, LogEntry};
use crate::protocol::{Agent, ChatMessage, Csat, LeaveReason, MessageId, TicketGoneReason};

/// One message to the webhook endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookEvent {
    /// Its name, e.g. `message.created`.
    pub name: &'static str,
    /// Its place in the conversation. An event that is reported again, by a pod that took the conversation over, has
    /// the same place and name.
    pub place: HandoffPlace,
    /// The fields of the event.
    pub data: Value,
}

/// The messages for an event. None for an event that another one covers: chunks of an answer by its end, decisions of
/// the desk by the decision.
pub fn webhook_events(entry: &LogEntry) -> Vec<WebhookEvent> {
    let LogEntry { offset, reply_to, event, .. } = entry;
    let question = reply_to.as_ref().map(MessageId::to_string);
    let at = HandoffPlace::Log(*offset);
    let one = |name, place, data| vec![WebhookEvent { name, place, data }];
    match event {
        ConversationEvent::QuestionAsked { question: text, product, language } => {
            let message = Message {
                author: Some(Author::Visitor),
                text,
                product: Some(product),
                question: question.as_deref(),
                language: language.as_deref(),
                ..Message::default()
            };
            one("message.created", HandoffPlace::Unnumbered, message.data())
        }
        // A question whose answer never began is not sent either.
        ConversationEvent::AnswerCompleted(answer) if answer.question.is_some() => {
            one("message.created", at, completed(*offset, question.as_deref(), answer))
        }
        ConversationEvent::MessageSent(message) => {
            one("message.created", at, sent(*offset, message))
        }
        ConversationEvent::AgentLeft { agent, reason } => match reason {
            // The visitor waits for another agent.
            LeaveReason::Gone | LeaveReason::NoAnswer => vec![
                turn("agent.left", at, Some(agent), Some(reason.into())),
                turn("handoff.requested", at, None, None),
            ],
            // The desk decided.
            LeaveReason::Handed
            | LeaveReason::Returned
            | LeaveReason::Closed
            | LeaveReason::Ended => Vec::new(),
        },
        ConversationEvent::AnswerRated { answer, thumb, comment } => {
            let data = json!({ "offset": answer, "thumb": thumb, "comment": comment });
            one("feedback.given", HandoffPlace::Unnumbered, data)
        }
        ConversationEvent::ConversationRated(Csat { rating, comment }) => {
            let data = json!({ "rating": rating, "comment": comment });
            one("rating.given", HandoffPlace::Unnumbered, data)
        }
        ConversationEvent::ConversationClosed { by: Some(ClosedBy::Visitor), at_desk: false } => {
            vec![turn("conversation.closed", at, None, Some("visitor"))]
        }
        ConversationEvent::VisitorDescribed(_)
        | ConversationEvent::AnswerChunk { .. }
        | ConversationEvent::AnswerContext(_)
        | ConversationEvent::AnswerCompleted(_)
        | ConversationEvent::HandoffRequested { .. }
        | ConversationEvent::HandoffUnavailable { .. }
        | ConversationEvent::HandoffAccepted
        | ConversationEvent::HandoffReturned { .. }
        | ConversationEvent::AgentJoined { .. }
        | ConversationEvent::ConversationClosed { .. } => Vec::new(),
    }
}

/// The messages for a decision. The leaving of an agent and the result for the conversation are separate messages.
pub fn decision_webhook_events(decision: DeskDecision<'_>) -> Vec<WebhookEvent> {
    let desk = HandoffPlace::Desk;
    match decision {
        DeskDecision::Requested { rev, reason } => {
            vec![turn("handoff.requested", desk(rev), None, reason)]
        }
        DeskDecision::Unavailable { why } => {
            let place = HandoffPlace::Unnumbered;
            vec![turn("handoff.unavailable", place, None, Some(why.into()))]
        }
        DeskDecision::Joined { rev, agent } => {
            vec![turn("agent.joined", desk(rev), Some(agent), None)]
        }
        DeskDecision::Transferred { rev, from, .. } => {
            vec![turn("agent.left", desk(rev), Some(from), Some("handed"))]
        }
        DeskDecision::Ended { gone, by } => {
            let at = desk(gone.rev);
            let had = gone.agent.as_ref();
            let why = gone.why.as_str();
            let returned = || turn("conversation.returned", at, None, Some(why));
            let closed = |agent: Option<&Agent>, by| {
                let left = agent.map(|agent| turn("agent.left", at, Some(agent), Some(why)));
                let closed = turn("conversation.closed", at, agent, Some(by));
                left.into_iter().chain([closed]).collect()
            };
            match gone.why {
                TicketGoneReason::Withdrawn | TicketGoneReason::Expired => vec![returned()],
                TicketGoneReason::Returned => {
                    vec![turn("agent.left", at, by.or(had), Some(why)), returned()]
                }
                TicketGoneReason::Closed => closed(by.or(had), "agent"),
                TicketGoneReason::Ended => closed(had, "visitor"),
            }
        }
    }
}

fn turn(
    name: &'static str,
    place: HandoffPlace,
    agent: Option<&Agent>,
    reason: Option<&str>,
) -> WebhookEvent {
    let data = json!({ "offset": place.offset(), "agent": agent, "reason": reason });
    WebhookEvent { name, place, data }
}

/// The fields of `message.created`. A field that is null does not apply.
#[derive(Default, Serialize)]
struct Message<'a> {
    author: Option<Author>,
    offset: Option<u64>,
    text: &'a str,
    product: Option<&'a str>,
    question: Option<&'a str>,
    agent: Option<&'a Agent>,
    outcome: Option<MessageOutcome>,
    citations: &'a [Citation],
    language: Option<&'a str>,
    upload: Option<&'a str>,
}

impl Message<'_> {
    fn data(self) -> Value {
        serde_json::to_value(self).expect("texts, numbers and lists can be written")
    }
}

fn completed(offset: u64, question: Option<&str>, answer: &AnswerCompleted) -> Value {
    let message = Message {
        author: Some(Author::Machine),
        offset: Some(offset),
        text: &answer.text,
        product: answer.product.as_deref(),
        question,
        outcome: Some(answer.outcome),
        citations: &answer.citations,
        ..Message::default()
    };
    message.data()
}

fn sent(offset: u64, message: &ChatMessage) -> Value {
    let message = Message {
        author: Some(message.from.into()),
        offset: Some(offset),
        text: &message.content,
        agent: message.agent.as_ref(),
        citations: &message.citations,
        upload: message.upload.as_deref(),
        ..Message::default()
    };
    message.data()
}
