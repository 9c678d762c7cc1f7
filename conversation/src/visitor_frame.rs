//! The visitor's frame of an event: parts 1 and 2 of the protocol.
//!
//! Live and in a replay the same function projects the same entry, so both have the same bytes.

use crate::archive::MessageOutcome;
use crate::event::{AnswerCompleted, ConversationEvent, LogEntry};
use crate::outbox::Frame;
use crate::protocol::{FinalAnswer, HandoffChange, HandoffState, ServerFrame, ServerMessage};

/// The frame; none for an event that is not sent to the visitor.
pub fn visitor_frame(entry: &LogEntry) -> Option<Frame> {
    let message = visitor_message(entry)?;
    let (id, offset) = (entry.reply_to.as_ref(), Some(entry.offset));
    let json = ServerFrame { message: &message, id, offset }.to_json();
    Some(Frame { kind: message.kind(), json: json.into() })
}

/// The message of the frame.
pub(crate) fn visitor_message(entry: &LogEntry) -> Option<ServerMessage> {
    use ConversationEvent as Event;
    Some(match &entry.event {
        Event::VisitorDescribed(_)
        | Event::QuestionAsked { .. }
        | Event::AnswerRated { .. }
        | Event::ConversationRated(_) => return None,
        Event::AnswerChunk { content } => ServerMessage::AnswerChunk { content: content.clone() },
        Event::AnswerContext(context) => ServerMessage::Context { data: (**context).clone() },
        Event::AnswerCompleted(answer) => {
            ServerMessage::FinalAnswer(Box::new(final_answer(answer, entry.epoch)))
        }
        Event::HandoffRequested { message } => handoff(HandoffState::Waiting, message.as_ref()),
        Event::HandoffAccepted => handoff(HandoffState::WithAgent, None),
        Event::HandoffReturned { message } => handoff(HandoffState::Returned, message.as_ref()),
        Event::HandoffUnavailable { message, form } => ServerMessage::Handoff(HandoffChange {
            state: HandoffState::Unavailable,
            reason: message.clone(),
            form: *form,
        }),
        Event::AgentJoined { agent } => ServerMessage::AgentJoined { agent: agent.clone() },
        Event::AgentLeft { agent, reason } => {
            ServerMessage::AgentLeft { agent: agent.clone(), reason: *reason }
        }
        Event::MessageSent(message) => ServerMessage::Message(message.clone()),
        Event::ConversationClosed { .. } => handoff(HandoffState::Closed, None),
    })
}

fn handoff(state: HandoffState, reason: Option<&String>) -> ServerMessage {
    ServerMessage::Handoff(HandoffChange { state, reason: reason.cloned(), form: false })
}

fn final_answer(answer: &AnswerCompleted, epoch: u64) -> FinalAnswer {
    // Part 1 has neither; a client that began with `hello` gets both.
    let of_hello = |field: &Option<String>| field.clone().filter(|_| epoch > 0);
    FinalAnswer {
        content: String::new(),
        citations: answer.citations.clone(),
        confidence: answer.confidence,
        grounded: answer.grounded,
        html: answer.html.clone(),
        answerer: answer.answerer.as_str(),
        fallback: answer.fallback,
        stale: answer.stale,
        likely: answer.likely,
        pages_pending: answer.pages_pending,
        cancelled: answer.outcome == MessageOutcome::Cancelled,
        reason: answer.reason.clone(),
        question: of_hello(&answer.question),
        product_id: of_hello(&answer.product),
    }
}
