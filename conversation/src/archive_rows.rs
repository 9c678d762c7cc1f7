//! What of a conversation goes into the archive.

use crate::answer::{AnswerEvent, Outcome};
use crate::archive::{
    AgentRef, Author, Began, Feedback, Rated, Record, Said, SaidOutcome, Thumb, Turn, TurnKind,
    TurnPlace,
};
use crate::desk::TicketDetails;
use crate::protocol;
use crate::protocol::{
    Agent, ChatMessage, Csat, FinalAnswer, LeaveReason, MessageId, QueryMessage, ServerMessage,
    Speaker,
};

use crate::conversation::Conversation;
use crate::conversation::Running;

/// What is known of a running answer beside its words.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Measured {
    /// From the question to the first words, in milliseconds.
    pub(super) first_words_ms: Option<u64>,
    /// True when it was remembered.
    pub(super) recalled: bool,
}

/// How an answer ended, as far as its last message does not say.
pub(super) struct Ending {
    pub(super) text: String,
    pub(super) outcome: SaidOutcome,
}

impl Ending {
    /// What the answerer's last event says.
    pub(super) fn of(event: &AnswerEvent) -> Option<Self> {
        let AnswerEvent::Done(answer) = event else { return None };
        let outcome = match answer.outcome {
            // Pages were shown; the confidence beside it tells how sure they are.
            Outcome::Answered | Outcome::Likely => SaidOutcome::Answered,
            Outcome::Unknown => SaidOutcome::Unknown,
            Outcome::NoManual { .. } => SaidOutcome::NoManual,
        };
        Some(Self { text: answer.text.clone(), outcome })
    }
}

impl Conversation {
    /// The visitor asked.
    pub(super) fn question_record(&self, id: Option<&MessageId>, query: &QueryMessage) -> Record {
        Record::Said(Box::new(Said {
            product: Some(query.product_id.clone()),
            question: id.map(written),
            language: self.locale.clone(),
            ..Said::new(&*self.id, Author::Visitor, &*query.question)
        }))
    }

    /// What is known of the visitor, so that the archive knows it before anything may have been said.
    pub(super) fn began_record(&self, details: &TicketDetails) -> Record {
        Record::Began(Box::new(Began {
            conversation: self.id.to_string(),
            visitor: self.visitor.clone(),
            language: details.locale.clone(),
            product: details.product.as_ref().map(|product| product.id.clone()),
            scenario: details.scenario,
            page: details.page.clone(),
            reason: details.reason.clone(),
        }))
    }

    /// The visitor ended the conversation while no agent had it and none was waited for.
    pub(super) fn ended_record(&self) -> Record {
        Record::Turned(Turn {
            conversation: self.id.to_string(),
            place: TurnPlace::Log(self.offset),
            kind: TurnKind::Ended,
            agent: None,
            to: None,
            reason: Some("visitor".to_owned()),
        })
    }

    /// A thumb on an answer.
    pub(super) fn feedback_record(&self, feedback: protocol::Feedback) -> Record {
        let thumb = match feedback.thumb {
            protocol::Thumb::Up => Thumb::Up,
            protocol::Thumb::Down => Thumb::Down,
        };
        let (offset, comment) = (feedback.offset, feedback.comment);
        Record::Feedback(Feedback { conversation: self.id.to_string(), offset, thumb, comment })
    }

    /// A mark for the conversation.
    pub(super) fn mark_record(&self, csat: Csat) -> Record {
        let Csat { rating, comment } = csat;
        Record::Rated(Rated { conversation: self.id.to_string(), rating, comment })
    }

    /// The machine ended an answer with this message, at the present offset.
    pub(super) fn answer_record(
        &self,
        running: &Running,
        last: &FinalAnswer,
        ending: Ending,
    ) -> Record {
        Record::Said(Box::new(Said {
            offset: Some(self.offset),
            html: last.html.clone(),
            product: Some(running.product.id.to_string()),
            question: running.open.asked.id.as_ref().map(written),
            outcome: Some(ending.outcome),
            confidence: Some(last.confidence),
            first_answer_ms: running.measured.first_words_ms,
            cached: running.measured.recalled,
            citations: last.citations.clone(),
            ..Said::new(&*self.id, Author::Machine, ending.text)
        }))
    }
}

/// What a durable message means to the archive. The last message of an answer is recorded with more, and what
/// the desk decides is recorded where the desk is asked: there it is known whether or not the visitor is connected.
pub(super) fn of_message(
    conversation: &str,
    offset: u64,
    message: &ServerMessage,
) -> Option<Record> {
    match message {
        ServerMessage::Message(said) => Some(said_record(conversation, offset, said)),
        // Seen by the session that hears of it: the desk itself only puts the conversation back in line.
        ServerMessage::AgentLeft { agent, reason: LeaveReason::Gone } => {
            Some(left_record(conversation, offset, agent, "gone"))
        }
        ServerMessage::AgentLeft { agent, reason: LeaveReason::NoAnswer } => {
            Some(left_record(conversation, offset, agent, "no_answer"))
        }
        _ => None,
    }
}

/// The agent is not in the conversation any more and the visitor waits again, for this reason.
fn left_record(conversation: &str, offset: u64, agent: &Agent, reason: &str) -> Record {
    Record::Turned(Turn {
        conversation: conversation.to_owned(),
        place: TurnPlace::Log(offset),
        kind: TurnKind::Left,
        agent: Some(named(agent)),
        to: None,
        reason: Some(reason.to_owned()),
    })
}

/// What visitor or agent said, at this offset.
#[must_use]
pub fn said_record(conversation: &str, offset: u64, said: &ChatMessage) -> Record {
    let author = match said.from {
        Speaker::Visitor => Author::Visitor,
        Speaker::Agent => Author::Agent,
    };
    Record::Said(Box::new(Said {
        offset: Some(offset),
        html: said.html.clone(),
        agent: said.agent.as_ref().map(named),
        citations: said.citations.clone(),
        upload: said.upload.clone(),
        ..Said::new(conversation, author, &*said.content)
    }))
}

fn named(agent: &Agent) -> AgentRef {
    AgentRef { id: agent.id.clone(), name: agent.name.clone() }
}

/// A client's id as text: a number and its digits are one and the same here.
fn written(id: &MessageId) -> String {
    match id {
        MessageId::Text(text) => text.clone(),
        MessageId::Number(number) => number.to_string(),
    }
}
