//! The handoff of a conversation to an agent, and back.
//!
//! Owns      the conversation's owner as last reported by the desk, the visitor's request for an agent, the
//!           agents' messages that wait until the desk confirms the owner.
//! Receives  the visitor's requests and messages, the desk's reports, the agents' messages.
//! Returns   the events of the handoff, each change once and in order, and requests to the desk.
//!
//! Only the desk decides who has the conversation. While an agent has it the assistant starts no answer.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::desk::{
    AgentChatMessage, DeskChange, DeskRequest, DeskUpdate, HandoffRequest, HandoffUnavailable,
    QueuePlace, TicketDetails, VisitorEnds,
};
use crate::event::{ClosedBy, ConversationEvent};
use crate::input::Step;
use crate::language::Phrases;
use crate::message_id::MessageIds;
use crate::protocol::{
    Agent, ChatMessage, ErrorCode, HandoffWish, LeaveReason, MessageId, QueueFor, ServerMessage,
    Speaker, Ticket, TicketGoneReason, VisitorMessage, plain_html,
};
use crate::topic::words_shown;
use crate::upload_id::NO_SUCH_UPLOAD;

/// Messages of an agent that may wait until the desk confirms the owner. An agent's pod sends a message of one
/// conversation after the previous one was acknowledged, so there is rarely more than one.
const UNCHECKED: usize = 16;
/// The wait that a visitor sees is rounded up to this: an exact number of seconds would be a false promise.
const WAIT_STEP_MS: u64 = 10_000;

/// The handoff of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handoff {
    #[serde(rename = "who")]
    responder: Responder,
    /// The newest change of the desk that is applied here.
    rev: u64,
    /// Start of the visitor's wait.
    since_ms: u64,
    /// Why the visitor wants an agent; used when the desk loses the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Messages of an agent who, by the last report, does not have the conversation. The desk's decision and the
    /// agent's message arrive by two channels: the message may arrive first.
    #[serde(skip)]
    unchecked: VecDeque<AgentChatMessage>,
    /// True while the visitor waits for an answer of the agent.
    #[serde(default)]
    awaits_answer: bool,
    /// The visitor's last message to the agent that has no reply, and its id.
    #[serde(default)]
    unanswered: Option<(String, Option<MessageId>)>,
    /// A request for an agent is under way at the desk.
    #[serde(skip)]
    is_asking: bool,
    /// Place and wait that were sent to the visitor last.
    #[serde(skip)]
    sent_place: Option<(usize, Option<u64>)>,
    /// The facts about the visitor that were sent to the desk. Sent again after a takeover, which costs a call.
    #[serde(skip)]
    described: Option<Box<TicketDetails>>,
}

/// Who answers the visitor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Responder {
    /// The assistant.
    #[default]
    Machine,
    /// The assistant, and the visitor waits for an agent.
    Waiting,
    /// An agent.
    With(Agent),
}

/// The result of a report of the desk.
#[derive(Debug, Default)]
pub(crate) struct DeskOutcome {
    pub(crate) steps: Vec<Step>,
    /// The visitor's message, and its id, that the agent left unanswered: the assistant answers it.
    pub(crate) left_unanswered: Option<(String, Option<MessageId>)>,
}

/// The result of a request for an agent.
#[derive(Debug)]
pub(crate) enum WishOutcome {
    /// Call the desk with [`Handoff::request`].
    AskDesk,
    /// No call; perhaps a step.
    Done(Option<Step>),
}

impl Responder {
    /// True when this agent has the conversation.
    fn is(&self, agent: &Agent) -> bool {
        matches!(self, Self::With(has) if has.id == agent.id)
    }
}

impl Handoff {
    /// Why the visitor wants an agent.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// True while the visitor waits for an answer of the agent.
    pub(crate) fn awaits_answer(&self) -> bool {
        self.awaits_answer
    }

    /// True while an agent has the conversation.
    pub(crate) fn has_agent(&self) -> bool {
        matches!(self.responder, Responder::With(_))
    }

    /// The name of the agent who has the conversation.
    pub(crate) fn agent_name(&self) -> Option<&str> {
        match &self.responder {
            Responder::With(agent) => Some(&agent.name),
            Responder::Machine | Responder::Waiting => None,
        }
    }

    /// True while the visitor waits for an agent or has one.
    pub(crate) fn is_at_desk(&self) -> bool {
        self.responder != Responder::Machine
    }

    /// The conversation continues on this pod: asks the desk for its present state.
    pub(crate) fn restore(&mut self, before: Self) -> Vec<Step> {
        *self = before;
        if !self.is_at_desk() {
            return Vec::new();
        }
        vec![Step::desk(DeskRequest::Attend(true)), Step::desk(DeskRequest::Here)]
    }

    /// The visitor wants an agent, or withdraws.
    pub(crate) fn wish(
        &mut self,
        wish: HandoffWish,
        id: Option<MessageId>,
        has_hello: bool,
    ) -> WishOutcome {
        if wish.withdraw {
            return WishOutcome::Done(match self.responder {
                Responder::With(_) => {
                    let message = "A person has the conversation already; say 'bye' to end it.";
                    Some(Step::error(ErrorCode::Taken, message, id))
                }
                Responder::Machine if !self.is_asking => None,
                _ => Some(Step::desk(DeskRequest::End(VisitorEnds::Withdraws))),
            });
        }
        if !has_hello {
            let message = "Invalid message format: say 'hello' first, so that a person finds you";
            return WishOutcome::Done(Some(Step::error(ErrorCode::InvalidMessage, message, id)));
        }
        if self.has_agent() || self.is_asking {
            return WishOutcome::Done(None);
        }
        (self.is_asking, self.sent_place) = (true, None);
        // A repeated request without a reason keeps the earlier reason.
        self.reason =
            wish.reason.or(self.reason.take().filter(|_| self.responder == Responder::Waiting));
        WishOutcome::AskDesk
    }

    /// Asks the desk for an agent.
    pub(crate) fn request(&mut self, request: HandoffRequest) -> Step {
        self.described = Some(Box::new(request.details.clone()));
        Step::desk(DeskRequest::Person(Box::new(request)))
    }

    /// The desk has lost the conversation: puts it back with its state.
    pub(crate) fn put_back(&mut self, request: HandoffRequest) -> Option<Step> {
        let agent = match &self.responder {
            Responder::Machine => return None,
            Responder::Waiting => None,
            Responder::With(agent) => Some(agent.clone()),
        };
        let request = HandoffRequest { since_ms: Some(self.since_ms), agent, ..request };
        self.described = Some(Box::new(request.details.clone()));
        Some(Step::desk(DeskRequest::PutBack(Box::new(request))))
    }

    /// Sends new facts about the visitor to the desk, while the conversation is there.
    pub(crate) fn describe(&mut self, details: TicketDetails) -> Option<Step> {
        if !self.is_at_desk() || self.described.as_deref() == Some(&details) {
            return None;
        }
        self.described = Some(Box::new(details.clone()));
        Some(Step::desk(DeskRequest::Describe(Box::new(details))))
    }

    /// The error for a message of the visitor that cannot be sent to an agent.
    pub(crate) fn refusal(
        &self,
        message: &VisitorMessage,
        id: Option<&MessageId>,
        has_upload: impl FnOnce(&str) -> bool,
    ) -> Option<Step> {
        if !self.is_at_desk() {
            let message = "No person is in this conversation; ask for one with 'handoff'.";
            return Some(Step::error(ErrorCode::NoAgent, message, id.cloned()));
        }
        let is_refused = message.upload.as_deref().is_some_and(|upload| !has_upload(upload));
        is_refused.then(|| Step::error(ErrorCode::NoSuchUpload, NO_SUCH_UPLOAD, id.cloned()))
    }

    /// Handles a message of the visitor that has no [`Handoff::refusal`].
    pub(crate) fn visitor_message(
        &mut self,
        message: VisitorMessage,
        id: Option<MessageId>,
        now_ms: u64,
    ) -> Vec<Step> {
        let VisitorMessage { content, upload } = message;
        if self.has_agent() {
            self.awaits_answer = true;
            if !content.is_empty() {
                self.unanswered = Some((content.clone(), id.clone()));
            }
        }
        let touch = touch(&content, Speaker::Visitor);
        let message = ChatMessage {
            from: Speaker::Visitor,
            agent: None,
            html: plain_html(&content),
            content,
            citations: Vec::new(),
            // Only a timestamp; no rule depends on it.
            at_ms: now_ms,
            upload,
        };
        vec![touch, Step::event(ConversationEvent::MessageSent(Box::new(message)), id)]
    }

    /// Handles a message of an agent. A repeated message is sent once.
    pub(crate) fn agent_message(
        &mut self,
        message: AgentChatMessage,
        ids: &mut MessageIds,
    ) -> Vec<Step> {
        if self.unchecked.is_empty() && self.responder.is(&message.agent) {
            return self.accept(message, ids);
        }
        let is_known = self.unchecked.iter().any(|waiting| waiting.request == message.request);
        // A message beyond the bound gets no reply: its pod sends it again.
        if is_known || self.unchecked.len() == UNCHECKED {
            return Vec::new();
        }
        self.unchecked.push_back(message);
        if self.unchecked.len() > 1 {
            return Vec::new();
        }
        vec![Step::desk(DeskRequest::Find)]
    }

    /// An agent starts or stops typing.
    pub(crate) fn agent_typing(&self, agent: &Agent, typing: bool) -> Option<Step> {
        let typing = ServerMessage::AgentTyping { typing };
        self.responder.is(agent).then(|| Step::send(typing, None))
    }

    /// The visitor starts or stops typing; the agent sees it.
    pub(crate) fn visitor_typing(&self, typing: bool) -> Option<Step> {
        self.has_agent().then(|| Step::desk(DeskRequest::Typing(typing)))
    }

    /// The visitor ends the conversation.
    pub(crate) fn bye(&self) -> Step {
        if self.is_at_desk() || self.is_asking {
            return Step::desk(DeskRequest::End(VisitorEnds::Leaves));
        }
        let by = Some(ClosedBy::Visitor);
        Step::event(ConversationEvent::ConversationClosed { by, at_desk: false }, None)
    }

    /// Handles a report of the desk. [`DeskUpdate::Lost`] is handled by [`Handoff::put_back`] instead.
    pub(crate) fn apply(
        &mut self,
        update: DeskUpdate,
        ids: &mut MessageIds,
        phrases: &Phrases,
    ) -> DeskOutcome {
        let mut outcome = DeskOutcome::default();
        match update {
            DeskUpdate::Changed(change) => self.changed(*change, phrases, &mut outcome),
            DeskUpdate::Lost => {}
            DeskUpdate::Found(found) => {
                let waited = std::mem::take(&mut self.unchecked);
                // If the desk is unavailable there is no reply, and the agent's pod sends the message again.
                if let Some(change) = found {
                    self.changed(*change, phrases, &mut outcome);
                    for message in waited {
                        outcome.steps.extend(self.accept(message, ids));
                    }
                }
            }
            DeskUpdate::Placed(place) => outcome.steps.extend(self.placed(place)),
            DeskUpdate::NoPerson(why) => outcome.steps.extend(self.unavailable(why, phrases)),
        }
        outcome
    }

    /// Accepts a message of an agent, if the agent has the conversation.
    fn accept(&mut self, message: AgentChatMessage, ids: &mut MessageIds) -> Vec<Step> {
        let AgentChatMessage { request, agent, content, citations, upload, at_ms } = message;
        let accepted = self.responder.is(&agent);
        let number = MessageId::Text(format!("agent:{request}"));
        let mut steps = Vec::new();
        if accepted && ids.insert(&number, true) {
            (self.awaits_answer, self.unanswered) = (false, None);
            steps.push(touch(&content, Speaker::Agent));
            let message = ChatMessage {
                from: Speaker::Agent,
                agent: Some(agent),
                html: plain_html(&content),
                content,
                citations,
                at_ms,
                upload,
            };
            steps.push(Step::event(ConversationEvent::MessageSent(Box::new(message)), None));
        }
        steps.push(Step::desk(DeskRequest::Accepted { request, accepted }));
        steps
    }

    fn changed(&mut self, change: DeskChange, phrases: &Phrases, outcome: &mut DeskOutcome) {
        match change {
            DeskChange::Ticket(ticket) => {
                self.is_asking = false;
                if ticket.rev > self.rev {
                    self.ticket(ticket, phrases, outcome);
                }
            }
            DeskChange::Gone(gone) if gone.rev > self.rev => {
                self.rev = gone.rev;
                self.gone(gone.why, phrases, &mut outcome.steps);
            }
            DeskChange::Gone(_) | DeskChange::Agents => {}
        }
    }

    /// The conversation is at the desk in this state.
    fn ticket(&mut self, ticket: Ticket, phrases: &Phrases, outcome: &mut DeskOutcome) {
        let DeskOutcome { steps, left_unanswered } = outcome;
        if !self.is_at_desk() {
            steps.push(Step::desk(DeskRequest::Attend(true)));
        }
        (self.rev, self.since_ms) = (ticket.rev, ticket.since_ms);
        let now = ticket.agent.map_or(Responder::Waiting, Responder::With);
        let before = std::mem::replace(&mut self.responder, now.clone());
        if now == before {
            return;
        }
        self.sent_place = None;
        self.awaits_answer = self.has_agent();
        match (before, now) {
            (Responder::With(before), Responder::With(now)) if before.id == now.id => {}
            (Responder::With(before), Responder::With(now)) => {
                steps.push(agent_left(before, LeaveReason::Handed));
                steps.push(Step::event(ConversationEvent::AgentJoined { agent: now }, None));
            }
            (_, Responder::With(agent)) => {
                steps.push(Step::event(ConversationEvent::AgentJoined { agent }, None));
                steps.push(Step::event(ConversationEvent::HandoffAccepted, None));
            }
            (Responder::With(before), _) if ticket.unanswered_by.as_deref() == Some(&before) => {
                steps.push(agent_left(before, LeaveReason::NoAnswer));
                let message = Some(phrases.no_answer.to_string());
                steps.push(Step::event(ConversationEvent::HandoffRequested { message }, None));
                *left_unanswered = self.unanswered.take();
            }
            (before, _) => {
                if let Responder::With(before) = before {
                    steps.push(agent_left(before, LeaveReason::Gone));
                }
                let message = None;
                steps.push(Step::event(ConversationEvent::HandoffRequested { message }, None));
            }
        }
    }

    /// The conversation is not at the desk any more.
    fn gone(&mut self, why: TicketGoneReason, phrases: &Phrases, steps: &mut Vec<Step>) {
        self.is_asking = false;
        (self.awaits_answer, self.unanswered) = (false, None);
        match std::mem::take(&mut self.responder) {
            Responder::Machine => return,
            Responder::Waiting => {}
            Responder::With(agent) => {
                let reason = match why {
                    TicketGoneReason::Closed => LeaveReason::Closed,
                    TicketGoneReason::Ended => LeaveReason::Ended,
                    TicketGoneReason::Expired
                    | TicketGoneReason::Returned
                    | TicketGoneReason::Withdrawn => LeaveReason::Returned,
                };
                steps.push(agent_left(agent, reason));
            }
        }
        let closed = |by| ConversationEvent::ConversationClosed { by: Some(by), at_desk: true };
        let returned = |message| ConversationEvent::HandoffReturned { message };
        let event = match why {
            TicketGoneReason::Closed => closed(ClosedBy::Agent),
            TicketGoneReason::Ended => closed(ClosedBy::Visitor),
            TicketGoneReason::Expired => returned(Some(phrases.was_away.to_string())),
            TicketGoneReason::Returned | TicketGoneReason::Withdrawn => returned(None),
        };
        steps.push(Step::event(event, None));
        steps.push(Step::desk(DeskRequest::Attend(false)));
        // The next request has its own reason.
        self.reason = None;
    }

    fn placed(&mut self, place: QueuePlace) -> Option<Step> {
        let round = |wait: std::time::Duration| {
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            ms.div_ceil(WAIT_STEP_MS).saturating_mul(WAIT_STEP_MS)
        };
        let wait_ms = place.wait.map(round);
        let place_sent = Some((place.number, wait_ms));
        if self.responder != Responder::Waiting || self.sent_place == place_sent {
            return None;
        }
        self.sent_place = place_sent;
        let queue = ServerMessage::Queue { place: place.number, line: QueueFor::Agent, wait_ms };
        Some(Step::send(queue, None))
    }

    fn unavailable(&mut self, why: HandoffUnavailable, phrases: &Phrases) -> Option<Step> {
        let was_asking = std::mem::take(&mut self.is_asking);
        if !was_asking || self.is_at_desk() {
            return None;
        }
        let message = Some(phrases.unavailable(why).to_owned());
        Some(Step::event(ConversationEvent::HandoffUnavailable { message, form: true }, None))
    }
}

fn agent_left(agent: Agent, reason: LeaveReason) -> Step {
    Step::event(ConversationEvent::AgentLeft { agent, reason }, None)
}

/// The list of the desk shows the last message.
fn touch(content: &str, by: Speaker) -> Step {
    Step::desk(DeskRequest::Touch { words: words_shown(content).to_owned(), by })
}
