//! What of a conversation goes into the archive.

use crate::ports::archive::{
    AgentRef, Author, Feedback, Rated, Record, Said, SaidOutcome, Thumb, Turn, TurnKind,
};
use crate::ports::{AnswerEvent, Outcome};
use crate::protocol::{
    self, Agent, Csat, FinalAnswer, HandoffState, LeaveReason, MessageId, QueryMessage,
    ServerMessage, Speaker,
};

use super::Conversation;
use super::conversation::Running;

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
            Outcome::Answered => SaidOutcome::Answered,
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

    /// Who speaks, as the embedding site has signed.
    pub(super) fn visitor_record(&self) -> Option<Record> {
        self.visitor.as_ref().and_then(|_| self.began_record())
    }

    /// Of a conversation in which a person is wanted, before anything may have been said: who speaks and in
    /// which language, as far as either is known.
    pub(super) fn began_record(&self) -> Option<Record> {
        let is_known = self.visitor.is_some() || self.locale.is_some();
        is_known.then(|| Record::Began {
            conversation: self.id.to_string(),
            visitor: self.visitor.clone(),
            language: self.locale.clone(),
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

/// What a durable message means to the archive; the last message of an answer is recorded with more.
pub(super) fn of_message(
    conversation: &str,
    offset: u64,
    message: &ServerMessage,
) -> Option<Record> {
    let turn = |kind, agent: Option<&Agent>, reason: Option<&str>| {
        Some(Record::Turned(Turn {
            conversation: conversation.to_owned(),
            offset: Some(offset),
            kind,
            agent: agent.map(named),
            to: None,
            reason: reason.map(str::to_owned),
        }))
    };
    match message {
        ServerMessage::Message(said) => {
            let author = match said.from {
                Speaker::Visitor => Author::Visitor,
                Speaker::Agent => Author::Agent,
            };
            Some(Record::Said(Box::new(Said {
                offset: Some(offset),
                html: said.html.clone(),
                agent: said.agent.as_ref().map(named),
                citations: said.citations.clone(),
                upload: said.upload.clone(),
                ..Said::new(conversation, author, &*said.content)
            })))
        }
        // Whoever joins has taken it, or was handed it.
        ServerMessage::AgentJoined { agent } => turn(TurnKind::Taken, Some(agent), None),
        ServerMessage::AgentLeft { agent, reason: LeaveReason::Handed } => {
            turn(TurnKind::Handed, Some(agent), None)
        }
        ServerMessage::AgentLeft { agent, reason: LeaveReason::Returned } => {
            turn(TurnKind::Returned, Some(agent), None)
        }
        ServerMessage::AgentLeft { agent, reason: LeaveReason::Closed } => {
            turn(TurnKind::Left, Some(agent), Some("closed"))
        }
        ServerMessage::AgentLeft { agent, reason: LeaveReason::Gone } => {
            turn(TurnKind::Left, Some(agent), Some("gone"))
        }
        ServerMessage::AgentLeft { agent, reason: LeaveReason::NoAnswer } => {
            turn(TurnKind::Left, Some(agent), Some("no_answer"))
        }
        ServerMessage::Handoff(change) => {
            let reason = change.reason.as_deref();
            match change.state {
                HandoffState::Waiting => turn(TurnKind::HandedOver, None, reason),
                // No person was there: it was wanted all the same.
                HandoffState::Unavailable => turn(TurnKind::HandedOver, None, reason),
                HandoffState::Closed => turn(TurnKind::Ended, None, reason),
                HandoffState::Returned => turn(TurnKind::Withdrawn, None, reason),
                HandoffState::WithAgent => None,
            }
        }
        _ => None,
    }
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
