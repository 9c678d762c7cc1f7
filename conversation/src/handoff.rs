//! A person in the conversation: the visitor's wish for one, what the two say, and what the desk decides.
//!
//! The desk alone decides who has the conversation; here it is told to the visitor, in order, each change
//! once. While a person has it, the machine starts no answer: a question goes to the person.

use std::collections::VecDeque;
use std::sync::Arc;

use hsc_catalogs::{Exchange, Scenario};
use serde::{Deserialize, Serialize};

use crate::desk::AgentSaid;
use crate::desk::HandoffUnavailable;
use crate::desk::{DeskChange, HandoffRequest, QueuePlace, TicketDetails, VisitorEnds};
use crate::protocol::{
    About, AboutProduct, Agent, ChatMessage, ErrorCode, Feedback, HandoffWish, LeaveReason,
    MessageId, QueryMessage, QueueFor, ServerMessage, Speaker, Ticket, TicketGoneReason,
    VisitorMessage, plain_html,
};

use crate::may_stand;

use crate::checkpoint::AcceptedQuestion;
use crate::conversation::Conversation;
use crate::conversation::transient;
use crate::event::{ClosedBy, ConversationEvent, VisitorDescription};
use crate::input::Effect;

/// Answers whose place is remembered, so that a thumb on something else is told from one on an answer.
/// More than a visitor scrolls back through.
const ANSWERS: usize = 64;
/// Longest piece of the last words that the desk is told, in characters.
const LAST_CHARS: usize = 140;
/// Messages of an agent that may wait until the desk has said whose the conversation is. An agent's pod
/// sends a message of one conversation after the one before was answered, so there is rarely more than one.
const UNCHECKED: usize = 16;
/// What a visitor is told of a wait is rounded up to this: a promise to the second would be none.
const WAIT_STEP_MS: u64 = 10_000;

/// What a list of conversations shows where a picture was said last, without words. In no language.
const JUST_A_PICTURE: &str = "\u{1F5BC}";
/// What is said of a picture that is not of the conversation.
pub const NO_SUCH_UPLOAD: &str =
    "There is no such picture in this conversation, or it is gone; upload it again.";

/// Longest question that is kept for a follow-up, in characters.
const PREVIOUS_CHARS: usize = 300;
/// Longest answer that is kept beside it: what a language model needs to know of what it said.
const PREVIOUS_ANSWER_CHARS: usize = 600;
/// Questions that are kept for a follow-up.
const PREVIOUS: usize = 3;

/// What a conversation knows of the person in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handoff {
    who: Who,
    /// The newest change at the desk that was told.
    rev: u64,
    /// Since when the visitor waits.
    since_ms: u64,
    /// The product that was chosen or asked about last.
    product: Option<AboutProduct>,
    /// How the visitor uses it, where the visitor's page or a question said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Why the visitor wants a person; kept for a desk that loses the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What was said last, cut short.
    last: Option<String>,
    /// The newest question about the product, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    question: Option<String>,
    /// The questions about the product before that one, the newest last. An answer stands with its question.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    previous: VecDeque<Exchange>,
    /// The answer to the newest question, cut short.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    answer: String,
    /// Offsets of the last messages of answers.
    answers: VecDeque<u64>,
    /// Messages of an agent who does not have the conversation as far as is known here. What the desk
    /// decides and what an agent says come by two channels: the message may be the first to arrive.
    #[serde(skip)]
    unchecked: VecDeque<AgentSaid>,
    /// True while the visitor waits for an answer of the agent.
    #[serde(default)]
    awaits_answer: bool,
    /// The visitor's last words to the agent that have no answer, and the id they came with.
    #[serde(default)]
    unanswered: Option<(String, Option<MessageId>)>,
    /// The desk is being asked for a person.
    #[serde(skip)]
    is_asking: bool,
    /// What the visitor was told of the line.
    #[serde(skip)]
    told: Option<(usize, Option<u64>)>,
    /// What the desk knows of the visitor. Asked again after a take-over, which costs a call.
    #[serde(skip)]
    described: Option<TicketDetails>,
    /// What the archive knows of the visitor.
    #[serde(skip)]
    recorded: Option<TicketDetails>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
enum Who {
    /// The machine.
    #[default]
    Machine,
    /// The machine, and the visitor waits for a person.
    Waiting,
    /// A person.
    With(Agent),
}

/// What is asked of the desk, or told to it.
#[derive(Debug)]
pub enum DeskRequest {
    /// The visitor wants a person.
    Person(Box<HandoffRequest>),
    /// The desk has lost the conversation.
    PutBack(Box<HandoffRequest>),
    /// The visitor wants none any more.
    End(VisitorEnds),
    /// The conversation is at the desk, or not any more: its changes are to be heard.
    Attend(bool),
    /// The conversation goes on here: what is it at the desk?
    Here,
    /// What is the conversation at the desk? Comes back as [`DeskUpdate::Found`].
    Find,
    /// This was said last.
    Touch {
        /// The words, cut short.
        words: String,
        /// Whose they are.
        by: Speaker,
    },
    /// More is known of the visitor.
    Describe(Box<TicketDetails>),
    /// The visitor is typing, or no more.
    Typing(bool),
    /// What an agent said was taken, or not.
    Accepted {
        /// Its number.
        request: String,
        /// Whether.
        accepted: bool,
    },
}

/// What a session hears of the desk.
#[derive(Debug, Clone)]
pub enum DeskUpdate {
    /// The conversation is there like this, or is not there any more.
    Changed(Box<DeskChange>),
    /// The desk does not know it.
    Lost,
    /// The conversation is at the desk like this; none where the desk does not know it or cannot be
    /// reached.
    Found(Option<Box<DeskChange>>),
    /// Its place in line.
    Placed(QueuePlace),
    /// No person can come.
    NoPerson(HandoffUnavailable),
}

impl Who {
    /// True where this agent has the conversation.
    fn is(&self, agent: &Agent) -> bool {
        matches!(self, Self::With(has) if has.id == agent.id)
    }
}

impl Handoff {
    /// True for a conversation that never was at the desk and has no answer: nothing to keep.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn has_it(&self) -> bool {
        matches!(self.who, Who::With(_))
    }

    /// The person who has it.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.who {
            Who::With(agent) => Some(&agent.name),
            Who::Machine | Who::Waiting => None,
        }
    }

    pub(super) fn is_at_desk(&self) -> bool {
        self.who != Who::Machine
    }

    /// A question about this product.
    pub(super) fn asked(
        &mut self,
        product: &hsc_catalogs::Product,
        scenario: Scenario,
        words: &str,
    ) {
        let is_other = self.product.as_ref().is_none_or(|known| known.id != *product.id);
        let question: String = words.chars().take(PREVIOUS_CHARS).collect();
        // An answer that starts again after a crash asks the same question once more.
        if is_other {
            self.previous.clear();
        } else if let Some(before) = self.question.take_if(|before| *before != question) {
            if self.previous.len() == PREVIOUS {
                self.previous.pop_front();
            }
            let answer = std::mem::take(&mut self.answer);
            self.previous.push_back(Exchange { question: before, answer });
        }
        self.question = Some(question);
        self.answer.clear();
        self.chose(product);
        if scenario != Scenario::General || self.scenario.is_some() {
            self.scenario = Some(scenario);
        }
        self.said(words);
    }

    /// The questions about the same product before the newest one and their answers, the newest last.
    pub(super) fn previous(&self) -> Vec<Exchange> {
        self.previous.iter().cloned().collect()
    }

    fn chose(&mut self, product: &hsc_catalogs::Product) {
        let (id, name) = (product.id.to_string(), product.name.to_string());
        self.product = Some(AboutProduct { id, name });
    }

    /// An answer with these words has ended at this offset.
    pub(super) fn answered(&mut self, offset: u64, words: &str) {
        self.answer = words.chars().take(PREVIOUS_ANSWER_CHARS).collect();
        if self.answers.len() == ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(offset);
    }

    fn said(&mut self, words: &str) {
        self.last = Some(words.chars().take(LAST_CHARS).collect());
    }
}

impl Conversation {
    /// What the visitor's page shows.
    pub(super) fn is_about(&mut self, about: About) {
        let About { product_id, scenario, page } = about;
        let catalog = self.catalog.load();
        // One that the catalog of this pod does not have, while a new one is being loaded, changes nothing.
        match product_id.as_deref() {
            None => {}
            Some("") => self.handoff.product = None,
            Some(id) => {
                if let Some(product) = catalog.product(id) {
                    self.handoff.chose(product);
                }
            }
        }
        self.handoff.scenario = scenario.or(self.handoff.scenario);
        self.handoff.page = page.or(self.handoff.page.take());
    }

    /// Tells the desk and the archive what is new of the visitor, while the conversation is at the desk. After
    /// every event, so that whatever it was that changed, it is told.
    pub(super) fn tell_details(&mut self, effects: &mut Vec<Effect>) {
        if !self.handoff.is_at_desk() {
            return;
        }
        self.record_details(effects);
        let details = self.details();
        if self.handoff.described.as_ref() != Some(&details) {
            self.handoff.described = Some(details.clone());
            effects.push(Effect::Desk(DeskRequest::Describe(Box::new(details))));
        }
    }

    /// Records what is new of the visitor.
    pub(super) fn record_details(&mut self, effects: &mut Vec<Effect>) {
        let details = self.details();
        let is_known = details != TicketDetails::default() || self.visitor.is_some();
        if is_known && self.handoff.recorded.as_ref() != Some(&details) {
            let described = VisitorDescription {
                visitor: self.visitor.clone(),
                language: details.locale.clone(),
                product: details.product.as_ref().map(|product| product.id.clone()),
                scenario: details.scenario,
                page: details.page.clone(),
                reason: details.reason.clone(),
            };
            let described = ConversationEvent::VisitorDescribed(Box::new(described));
            self.happened(described, None, effects);
            self.handoff.recorded = Some(details);
        }
    }

    fn details(&self) -> TicketDetails {
        TicketDetails {
            product: self.handoff.product.clone(),
            visitor: self.visitor.as_ref().and_then(|visitor| visitor.name.clone()),
            locale: self.locale.clone(),
            scenario: self.handoff.scenario,
            page: self.handoff.page.clone(),
            reason: self.handoff.reason.clone(),
        }
    }

    pub(super) fn wishes(
        &mut self,
        wish: HandoffWish,
        id: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        if wish.withdraw {
            match self.handoff.who {
                Who::With(_) => {
                    let message = "A person has the conversation already; say 'bye' to end it.";
                    effects.push(refused(message, ErrorCode::Taken, id));
                }
                Who::Machine if !self.handoff.is_asking => {}
                _ => effects.push(Effect::Desk(DeskRequest::End(VisitorEnds::Withdraws))),
            }
            return;
        }
        if self.epoch == 0 {
            let message = "Invalid message format: say 'hello' first, so that a person finds you";
            effects.push(refused(message, ErrorCode::InvalidMessage, id));
            return;
        }
        if self.handoff.has_it() || self.handoff.is_asking {
            return;
        }
        (self.handoff.is_asking, self.handoff.told) = (true, None);
        self.handoff.reason = wish.reason.or(self.handoff.reason.take().filter(|_| {
            // A wish that is said again without a reason keeps the one that was given.
            self.handoff.who == Who::Waiting
        }));
        self.record_details(effects);
        let wanted = self.wanted();
        self.handoff.described = Some(wanted.details());
        effects.push(Effect::Desk(DeskRequest::Person(Box::new(wanted))));
    }

    fn wanted(&self) -> HandoffRequest {
        let TicketDetails { product, visitor, locale, scenario, page, reason } = self.details();
        HandoffRequest {
            conversation: self.id.clone(),
            product,
            visitor,
            locale,
            scenario,
            page,
            reason,
            last: self.handoff.last.clone(),
            since_ms: None,
            agent: None,
            awaits_answer: self.handoff.awaits_answer,
        }
    }

    /// From the visitor to the person.
    pub(super) fn visitor_says(
        &mut self,
        said: VisitorMessage,
        id: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        if !self.handoff.is_at_desk() {
            let message = "No person is in this conversation; ask for one with 'handoff'.";
            effects.push(refused(message, ErrorCode::NoAgent, id));
            return;
        }
        let VisitorMessage { content, upload } = said;
        if upload.as_ref().is_some_and(|upload| !self.has_picture(upload)) {
            effects.push(refused(NO_SUCH_UPLOAD, ErrorCode::NoSuchUpload, id));
            return;
        }
        self.hears_language(&content);
        self.at_the_desk_last(&content, Speaker::Visitor, effects);
        if self.handoff.has_it() {
            self.handoff.awaits_answer = true;
            if !content.is_empty() {
                self.handoff.unanswered = Some((content.clone(), id.clone()));
            }
        }
        let message = ChatMessage {
            from: Speaker::Visitor,
            agent: None,
            html: plain_html(&content),
            content,
            citations: Vec::new(),
            // A stamp; nothing is decided by it.
            at_ms: self.now_ms,
            upload,
        };
        self.happened(ConversationEvent::MessageSent(Box::new(message)), id, effects);
    }

    /// The desk's list shows what was said last; a picture without words has to be something there.
    fn at_the_desk_last(&mut self, content: &str, by: Speaker, effects: &mut Vec<Effect>) {
        let words = if content.is_empty() { JUST_A_PICTURE } else { content };
        self.handoff.said(words);
        effects.push(Effect::Desk(DeskRequest::Touch { words: words.to_owned(), by }));
    }

    /// True for a picture that was put into this conversation and is there still.
    fn has_picture(&self, upload: &str) -> bool {
        let tokens = self.tokens.as_ref();
        tokens.is_some_and(|tokens| may_stand(tokens, upload, &self.id, self.now_ms))
    }

    /// From the person to the visitor. Told again it is taken again and said once.
    pub(super) fn agent_says(&mut self, said: AgentSaid, effects: &mut Vec<Effect>) {
        let waits = &mut self.handoff.unchecked;
        if waits.is_empty() && self.handoff.who.is(&said.agent) {
            return self.takes_of_agent(said, effects);
        }
        if waits.iter().any(|waiting| waiting.request == said.request) {
            return;
        }
        if waits.len() == UNCHECKED {
            // Not answered: its pod sends it again.
            return;
        }
        waits.push_back(said);
        if waits.len() == 1 {
            effects.push(Effect::Desk(DeskRequest::Find));
        }
    }

    /// The desk has said whose the conversation is, or cannot be asked: then nothing is answered, and the
    /// agent's pod sends it again.
    fn has_checked(&mut self, found: Option<DeskChange>, effects: &mut Vec<Effect>) {
        let waited = std::mem::take(&mut self.handoff.unchecked);
        let Some(found) = found else { return };
        self.hears_of_change(found, effects);
        for said in waited {
            self.takes_of_agent(said, effects);
        }
    }

    fn takes_of_agent(&mut self, said: AgentSaid, effects: &mut Vec<Effect>) {
        let AgentSaid { request, agent, content, citations, upload, at_ms } = said;
        let accepted = self.handoff.who.is(&agent);
        let number = MessageId::Text(format!("agent:{request}"));
        if accepted && self.is_new(&number, true) {
            self.at_the_desk_last(&content, Speaker::Agent, effects);
            (self.handoff.awaits_answer, self.handoff.unanswered) = (false, None);
            let message = ChatMessage {
                from: Speaker::Agent,
                agent: Some(agent),
                html: plain_html(&content),
                content,
                citations,
                at_ms,
                upload,
            };
            self.happened(ConversationEvent::MessageSent(Box::new(message)), None, effects);
        }
        effects.push(Effect::Desk(DeskRequest::Accepted { request, accepted }));
    }

    pub(super) fn agent_types(&self, agent: &Agent, typing: bool, effects: &mut Vec<Effect>) {
        if self.handoff.who.is(agent) {
            effects.push(transient(ServerMessage::AgentTyping { typing }, None));
        }
    }

    /// A thumb counts only on an answer.
    pub(super) fn is_answer(&self, feedback: &Feedback) -> bool {
        self.handoff.answers.contains(&feedback.offset)
    }

    /// The visitor ends the conversation.
    pub(super) fn says_bye(&mut self, effects: &mut Vec<Effect>) {
        self.cancelled(effects);
        self.end_tokens(effects);
        if self.handoff.is_at_desk() || self.handoff.is_asking {
            effects.push(Effect::Desk(DeskRequest::End(VisitorEnds::Leaves)));
        } else {
            let by = Some(ClosedBy::Visitor);
            let closed = ConversationEvent::ConversationClosed { by, at_desk: false };
            self.happened(closed, None, effects);
        }
    }

    pub(super) fn hears_of_desk(&mut self, news: DeskUpdate, effects: &mut Vec<Effect>) {
        match news {
            DeskUpdate::Changed(change) => self.hears_of_change(*change, effects),
            DeskUpdate::Lost => {
                let agent = match &self.handoff.who {
                    Who::Machine => return,
                    Who::Waiting => None,
                    Who::With(agent) => Some(agent.clone()),
                };
                let since_ms = Some(self.handoff.since_ms);
                let wanted = HandoffRequest { since_ms, agent, ..self.wanted() };
                self.handoff.described = Some(wanted.details());
                effects.push(Effect::Desk(DeskRequest::PutBack(Box::new(wanted))));
            }
            DeskUpdate::Found(found) => self.has_checked(found.map(|found| *found), effects),
            DeskUpdate::Placed(place) => self.is_placed(place, effects),
            DeskUpdate::NoPerson(why) => {
                let was_asking = std::mem::take(&mut self.handoff.is_asking);
                if was_asking && !self.handoff.is_at_desk() {
                    let message = Some(self.phrases().nobody(why).to_owned());
                    let none = ConversationEvent::HandoffUnavailable { message, form: true };
                    self.happened(none, None, effects);
                }
            }
        }
    }

    fn hears_of_change(&mut self, change: DeskChange, effects: &mut Vec<Effect>) {
        match change {
            DeskChange::Ticket(ticket) => {
                self.handoff.is_asking = false;
                if ticket.rev > self.handoff.rev {
                    self.is_at_desk(ticket, effects);
                }
            }
            DeskChange::Gone(gone) if gone.rev > self.handoff.rev => {
                self.handoff.rev = gone.rev;
                self.is_gone(gone.why, effects);
            }
            DeskChange::Gone(_) | DeskChange::Agents => {}
        }
    }

    fn is_at_desk(&mut self, ticket: Ticket, effects: &mut Vec<Effect>) {
        if !self.handoff.is_at_desk() {
            effects.push(Effect::Desk(DeskRequest::Attend(true)));
        }
        (self.handoff.rev, self.handoff.since_ms) = (ticket.rev, ticket.since_ms);
        let now = ticket.agent.clone().map_or(Who::Waiting, Who::With);
        let before = std::mem::replace(&mut self.handoff.who, now.clone());
        if now == before {
            return;
        }
        self.handoff.told = None;
        self.handoff.awaits_answer = self.handoff.has_it();
        let was_with = matches!(before, Who::With(_));
        match (before, now) {
            (Who::With(before), Who::With(now)) if before.id == now.id => {}
            (Who::With(before), Who::With(now)) => {
                self.left(before, LeaveReason::Handed, effects);
                self.happened(ConversationEvent::AgentJoined { agent: now }, None, effects);
            }
            (_, Who::With(agent)) => {
                self.happened(ConversationEvent::AgentJoined { agent }, None, effects);
                self.happened(ConversationEvent::HandoffAccepted, None, effects);
            }
            (Who::With(before), _) if ticket.unanswered_by.as_deref() == Some(&before) => {
                self.left(before, LeaveReason::NoAnswer, effects);
                let message = Some(self.phrases().no_answer.to_string());
                self.happened(ConversationEvent::HandoffRequested { message }, None, effects);
                self.answers_instead(effects);
            }
            (before, _) => {
                if let Who::With(before) = before {
                    self.left(before, LeaveReason::Gone, effects);
                }
                let message = None;
                self.happened(ConversationEvent::HandoffRequested { message }, None, effects);
            }
        }
        if !was_with && self.handoff.has_it() {
            // What waits to be answered is the person's now.
            self.start_next(effects);
        }
    }

    /// The assistant answers what the agent has left without an answer, where it is known what it is
    /// about. The answer bears the id of the visitor's message.
    fn answers_instead(&mut self, effects: &mut Vec<Effect>) {
        let Some((question, id)) = self.handoff.unanswered.take() else { return };
        let Some(AboutProduct { id: product_id, .. }) = self.handoff.product.clone() else {
            return;
        };
        let query = QueryMessage {
            product_id,
            question,
            scenario: self.handoff.scenario.unwrap_or_default(),
            image: None,
            locked: false,
            replace: false,
        };
        self.asked(AcceptedQuestion { id, query: Arc::new(query), lost_picture: false }, effects);
    }

    fn is_gone(&mut self, why: TicketGoneReason, effects: &mut Vec<Effect>) {
        self.handoff.is_asking = false;
        (self.handoff.awaits_answer, self.handoff.unanswered) = (false, None);
        let closed = |by| ConversationEvent::ConversationClosed { by: Some(by), at_desk: true };
        let returned = |message| ConversationEvent::HandoffReturned { message };
        let change = match why {
            TicketGoneReason::Closed => closed(ClosedBy::Agent),
            TicketGoneReason::Ended => closed(ClosedBy::Visitor),
            TicketGoneReason::Expired => returned(Some(self.phrases().was_away.to_string())),
            TicketGoneReason::Returned | TicketGoneReason::Withdrawn => returned(None),
        };
        match std::mem::take(&mut self.handoff.who) {
            Who::Machine => return,
            Who::Waiting => {}
            Who::With(agent) => {
                let reason = match why {
                    TicketGoneReason::Closed => LeaveReason::Closed,
                    TicketGoneReason::Ended => LeaveReason::Ended,
                    TicketGoneReason::Expired
                    | TicketGoneReason::Returned
                    | TicketGoneReason::Withdrawn => LeaveReason::Returned,
                };
                self.left(agent, reason, effects);
            }
        }
        self.happened(change, None, effects);
        effects.push(Effect::Desk(DeskRequest::Attend(false)));
        // The next wish has a reason of its own.
        self.handoff.reason = None;
    }

    fn is_placed(&mut self, place: QueuePlace, effects: &mut Vec<Effect>) {
        let round = |wait: std::time::Duration| {
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            ms.div_ceil(WAIT_STEP_MS).saturating_mul(WAIT_STEP_MS)
        };
        let wait_ms = place.wait.map(round);
        let told = Some((place.number, wait_ms));
        if self.handoff.who == Who::Waiting && self.handoff.told != told {
            self.handoff.told = told;
            let queue =
                ServerMessage::Queue { place: place.number, line: QueueFor::Agent, wait_ms };
            effects.push(transient(queue, None));
        }
    }

    fn left(&mut self, agent: Agent, reason: LeaveReason, effects: &mut Vec<Effect>) {
        self.happened(ConversationEvent::AgentLeft { agent, reason }, None, effects);
    }

    /// The conversation goes on here as its checkpoint says: the desk is asked what became of it meanwhile.
    pub(super) fn goes_on_with(&mut self, handoff: Handoff, effects: &mut Vec<Effect>) {
        self.handoff = handoff;
        if self.handoff.is_at_desk() {
            effects.push(Effect::Desk(DeskRequest::Attend(true)));
            effects.push(Effect::Desk(DeskRequest::Here));
        }
    }
}

pub(super) fn refused(message: &str, code: ErrorCode, id: Option<MessageId>) -> Effect {
    transient(ServerMessage::Error { message: message.to_owned(), code }, id)
}
