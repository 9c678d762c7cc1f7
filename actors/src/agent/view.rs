//! An agent's view and permissions as a plain state machine: no socket, no clock, no runtime.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hsc_catalogs::Citation;

use crate::bridge::DeskBroadcast;
use hsc_conversation::answer::Answer;
use hsc_conversation::desk::{
    AgentChatMessage, DeskChange, DeskError, DeskView, OnBehalfOf, ReleaseKind,
};
use hsc_conversation::log::{LogError, StoredConversation, StoredEntry};
use hsc_conversation::protocol::{
    Agent, AgentFrame, AgentMessage, DeskMessage, DeskSnapshot, Draft, ErrorCode, MessageId, Note,
    Presence, Speaker, Ticket, Transcript, TranscriptEntry,
};
use hsc_conversation::{ConversationEvent, NO_SUCH_UPLOAD, Tokens, agent_frame, may_stand, now_ms};

use super::delivery::NotDelivered;
use super::event::{Action, ActionError, Effect, Event};
use super::note_writer::{MOST_NOTES, merged};

/// Most conversations that one socket may watch: more than an agent reads at once.
const WATCHED: usize = 50;

/// An agent's view of the desk and of the watched conversations.
#[derive(Debug)]
pub(crate) struct AgentView {
    me: OnBehalfOf,
    /// Checks that a picture belongs to a conversation.
    tokens: Arc<Tokens>,
    available: bool,
    tickets: HashMap<String, Ticket>,
    /// The newest sent change of each conversation since the last snapshot of the desk, including conversations
    /// that left it.
    revs: HashMap<String, u64>,
    watched: HashMap<String, WatchedConversation>,
    /// The effects of the event that is being applied, in order; empty between two events.
    effects: Vec<Effect>,
}

/// The state of a watched conversation.
#[derive(Debug, Default)]
struct WatchedConversation {
    /// Offset of the last message that was sent to the agent.
    offset: u64,
    /// Entries that arrived before the conversation was read.
    early: Vec<StoredEntry>,
    early_notes: Vec<Note>,
    /// The notes of the transcript: one of them may arrive again after it.
    noted: HashSet<String>,
    is_read: bool,
    /// The visitor's last message or question, and its product.
    last_question: Option<String>,
    product: Option<String>,
    /// Cited pages of drafts: the agent's messages may cite them.
    citations: Vec<Citation>,
}

impl AgentView {
    pub(crate) fn new(me: OnBehalfOf, tokens: Arc<Tokens>) -> Self {
        Self {
            me,
            tokens,
            available: true,
            tickets: HashMap::new(),
            revs: HashMap::new(),
            watched: HashMap::new(),
            effects: Vec::new(),
        }
    }

    /// Starts again after a crash: only the list of watched conversations is kept.
    pub(crate) fn again(&self) -> (Self, Vec<Effect>) {
        let mut view = Self::new(self.me.clone(), Arc::clone(&self.tokens));
        let mut effects = vec![Effect::ReadDesk];
        for conversation in self.watched.keys() {
            view.watched.insert(conversation.clone(), WatchedConversation::default());
            effects.push(Effect::Watch { id: None, conversation: conversation.clone() });
        }
        (view, effects)
    }

    pub(crate) fn me(&self) -> &OnBehalfOf {
        &self.me
    }

    /// Applies an event and returns its effects, in order.
    pub(crate) fn apply(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::MessageReceived(frame) => self.message_received(frame),
            Event::InvalidMessage(bad) => self.effects.push(error(bad.id, bad.code, &bad.message)),
            Event::RateLimited => {
                let message = "Too many messages: slow down, this one was not read";
                self.effects.push(error(None, ErrorCode::RateLimited, message));
            }
            Event::Agents(agents) => {
                self.knows_agents(&agents);
                self.effects.push(send(None, DeskMessage::Agents { agents }));
            }
            Event::DeskRead(Ok(view)) => self.desk_read(view),
            Event::DeskRead(Err(why)) => self.effects.push(refused(None, &why)),
            Event::Changed(change) => self.changed(change, None),
            Event::Missed => {
                self.effects.push(Effect::ReadDesk);
                for (conversation, watched) in &mut self.watched {
                    watched.is_read = false;
                    self.effects
                        .push(Effect::Watch { id: None, conversation: conversation.clone() });
                }
            }
            Event::ReadBeforeLive { conversation } => {
                if let Some(watched) = self.watched.get_mut(&conversation) {
                    watched.is_read = false;
                    self.effects.push(Effect::Watch { id: None, conversation });
                }
            }
            Event::ActionEnded { id, outcome } => match outcome {
                Ok(Some(change)) => self.changed(change, Some(id)),
                Ok(None) => self.effects.push(send(id, DeskMessage::Done)),
                Err(ActionError::Desk(why)) => self.effects.push(refused(id, &why)),
                Err(ActionError::Delivery(why)) => {
                    self.effects.push(error(id, why.code(), &why.to_string()));
                }
            },
            Event::Read { id, conversation, stored, notes } => {
                self.read(id, conversation, stored, notes);
            }
            Event::Appended { conversation, frames } => {
                self.appended(conversation, frames);
            }
            Event::BroadcastReceived(talk) => self.broadcast_received(talk),
            Event::DraftMade { id, conversation, answer } => {
                self.draft_made(id, conversation, answer)
            }
        }
        std::mem::take(&mut self.effects)
    }

    fn message_received(&mut self, AgentFrame { id, message }: AgentFrame) {
        let agent = self.me.agent.clone();
        match message {
            AgentMessage::Watch { conversation } => self.watch(id, conversation),
            AgentMessage::Unwatch { conversation } => {
                if self.watched.remove(&conversation).is_some() {
                    self.effects.push(Effect::Unwatch(conversation));
                }
                self.effects.push(send(id, DeskMessage::Done));
            }
            AgentMessage::Take { conversation } => self.act(id, Action::Take { conversation }),
            AgentMessage::Hand { conversation, to } => {
                self.act(id, Action::Release { conversation, how: ReleaseKind::To(to) });
            }
            AgentMessage::GiveBack { conversation } => {
                self.act(id, Action::Release { conversation, how: ReleaseKind::ToMachine });
            }
            AgentMessage::Close { conversation } => {
                self.act(id, Action::Release { conversation, how: ReleaseKind::Close });
            }
            AgentMessage::Say { conversation, content, upload } => {
                if !self.is_mine(&conversation, id.as_ref()) {
                    return;
                }
                let is_here = |it: &String| may_stand(&self.tokens, it, &conversation, now_ms());
                if upload.as_ref().is_some_and(|upload| !is_here(upload)) {
                    self.effects.push(error(id, ErrorCode::NoSuchUpload, NO_SUCH_UPLOAD));
                    return;
                }
                let citations = self.cited(&conversation, &content);
                let message = AgentChatMessage {
                    request: format!("{:032x}", rand::random::<u128>()),
                    agent,
                    content,
                    citations,
                    upload,
                    // Only a timestamp; no rule depends on it.
                    at_ms: now_ms(),
                };
                self.act(id, Action::SendMessage { conversation, message: Box::new(message) });
            }
            AgentMessage::Note { conversation, content } => {
                if self.may_look_at(&conversation) {
                    self.act(id, Action::WriteNote { conversation, content });
                } else {
                    self.effects.push(refused(id, &DeskError::NoSuchConversation));
                }
            }
            AgentMessage::Typing { conversation, typing } => {
                if self.is_mine(&conversation, id.as_ref()) {
                    let talk = DeskBroadcast::AgentTyping { agent, typing };
                    self.effects.push(Effect::NotifyOwner { conversation, talk });
                }
            }
            AgentMessage::Draft { conversation, question } => {
                self.draft(id, conversation, question);
            }
            AgentMessage::Available { available } => {
                self.available = available;
                self.act(id, Action::ChangeAvailability { available });
            }
        }
    }

    fn act(&mut self, id: Option<MessageId>, action: Action) {
        self.effects.push(Effect::Act { id, action });
    }

    /// The desk decides the owner; this check only saves a visitor messages that would be refused.
    fn is_mine(&mut self, conversation: &str, id: Option<&MessageId>) -> bool {
        let why = match self.tickets.get(conversation) {
            None => DeskError::NoSuchConversation,
            Some(ticket) => match &ticket.agent {
                Some(has) if has.id == self.me.agent.id => return true,
                by => DeskError::NotYours { by: by.clone() },
            },
        };
        self.effects.push(refused(id.cloned(), &why));
        false
    }

    fn watch(&mut self, id: Option<MessageId>, conversation: String) {
        if self.watched.len() >= WATCHED && !self.watched.contains_key(&conversation) {
            let message = format!("{WATCHED} conversations are watched; unwatch one first");
            self.effects.push(error(id, ErrorCode::RateLimited, &message));
            return;
        }
        if !self.may_look_at(&conversation) {
            self.effects.push(refused(id, &DeskError::NoSuchConversation));
            return;
        }
        self.watched.insert(conversation.clone(), WatchedConversation::default());
        self.effects.push(Effect::Watch { id, conversation });
    }

    /// Only conversations at the desk: those of the assistant are private.
    fn may_look_at(&self, conversation: &str) -> bool {
        self.tickets.contains_key(conversation) || self.watched.contains_key(conversation)
    }

    fn draft(&mut self, id: Option<MessageId>, conversation: String, question: Option<String>) {
        let watched = self.watched.get(&conversation);
        let ticket = self.tickets.get(&conversation);
        // The desk gets each chosen product; the answerer only the one of the question.
        let product = ticket.and_then(|ticket| Some(ticket.product.as_ref()?.id.clone()));
        let product = product.or_else(|| watched?.product.clone());
        let question = question.or_else(|| watched?.last_question.clone());
        let missing = match (&product, &question) {
            (None, _) => "The visitor has named no product, so there is no manual to ask.",
            (_, None) => "The visitor has asked nothing; put the question into 'question'.",
            _ => "",
        };
        let (Some(product), Some(question)) = (product, question) else {
            self.effects.push(error(id, ErrorCode::InvalidMessage, missing));
            return;
        };
        let locale = ticket.and_then(|ticket| ticket.locale.clone());
        self.effects.push(Effect::Draft { id, conversation, product, question, locale });
    }

    fn draft_made(
        &mut self,
        id: Option<MessageId>,
        conversation: String,
        answer: Option<Box<Answer>>,
    ) {
        let Some(answer) = answer else {
            let message = "The manual is not available at the moment; try again.";
            self.effects.push(error(id, ErrorCode::Internal, message));
            return;
        };
        if let Some(watched) = self.watched.get_mut(&conversation) {
            watched.citations.clone_from(&answer.citations);
        }
        let draft = Draft {
            conversation,
            content: answer.text,
            citations: answer.citations,
            confidence: answer.confidence,
            grounded: answer.grounded,
        };
        self.effects.push(send(id, DeskMessage::Draft(draft)));
    }

    /// The pages of drafts that the text still cites.
    fn cited(&self, conversation: &str, content: &str) -> Vec<Citation> {
        let drafted = self.watched.get(conversation).map(|watched| watched.citations.as_slice());
        let is_cited =
            |citation: &&Citation| content.contains(&format!("[MANUAL: page {}]", citation.page));
        drafted.unwrap_or_default().iter().filter(is_cited).cloned().collect()
    }

    fn desk_read(&mut self, view: DeskView) {
        let DeskView { tickets, agents } = view;
        self.revs = tickets.iter().map(|it| (it.conversation.clone(), it.rev)).collect();
        self.knows_agents(&agents);
        for ticket in &tickets {
            self.notice_presence(&DeskChange::Ticket(ticket.clone()));
        }
        let (waiting, taken): (Vec<Ticket>, Vec<Ticket>) =
            tickets.iter().cloned().partition(Ticket::waits);
        let is_mine = |ticket: &Ticket| {
            ticket.agent.as_ref().is_some_and(|agent| agent.id == self.me.agent.id)
        };
        let (mine, open) = taken.into_iter().partition(is_mine);
        self.tickets = tickets.into_iter().map(|it| (it.conversation.clone(), it)).collect();
        let now = DeskSnapshot {
            you: self.me.agent.clone(),
            available: self.available,
            waiting,
            mine,
            open,
            agents,
        };
        self.effects.push(send(None, DeskMessage::Desk(Box::new(now))));
    }

    fn knows_agents(&mut self, agents: &[Presence]) {
        let own = agents.iter().find(|there| there.agent.id == self.me.agent.id);
        self.available = own.map_or(self.available, |own| own.available);
    }

    /// `request` is the request that this answers; such a change is sent even if it is known.
    fn changed(&mut self, change: DeskChange, request: Option<Option<MessageId>>) {
        let is_asked = request.is_some();
        let id = request.flatten();
        let (conversation, rev) = match &change {
            DeskChange::Ticket(ticket) => (&ticket.conversation, ticket.rev),
            DeskChange::Gone(gone) => (&gone.conversation, gone.rev),
            DeskChange::Agents => return self.effects.push(Effect::ReadAgents),
        };
        let known = self.revs.get(conversation).copied().unwrap_or_default();
        if known >= rev && !is_asked {
            return;
        }
        if known < rev {
            self.revs.insert(conversation.clone(), rev);
            self.notice_presence(&change);
            match &change {
                DeskChange::Ticket(ticket) => {
                    self.tickets.insert(ticket.conversation.clone(), ticket.clone());
                }
                DeskChange::Gone(gone) => drop(self.tickets.remove(&gone.conversation)),
                DeskChange::Agents => {}
            }
        }
        self.effects.push(match change {
            DeskChange::Ticket(ticket) => send(id, DeskMessage::Ticket { ticket }),
            DeskChange::Gone(gone) => send(id, DeskMessage::TicketGone(gone)),
            DeskChange::Agents => return,
        });
    }

    fn notice_presence(&mut self, change: &DeskChange) {
        let DeskChange::Ticket(ticket) = change else { return };
        let before = self.tickets.get(&ticket.conversation).map(|before| before.online);
        if before.is_some_and(|before| before != ticket.online)
            && self.watched.contains_key(&ticket.conversation)
        {
            let (conversation, online) = (ticket.conversation.clone(), ticket.online);
            self.effects.push(send(None, DeskMessage::VisitorPresence { conversation, online }));
        }
    }

    fn read(
        &mut self,
        id: Option<MessageId>,
        conversation: String,
        stored: Result<StoredConversation, LogError>,
        notes: Vec<Note>,
    ) {
        let Some(watched) = self.watched.get_mut(&conversation) else { return };
        let stored = match stored {
            Ok(stored) => stored,
            // The conversation is at the desk and has no entries, or they are not stored any more.
            Err(LogError::Unknown) => {
                StoredConversation { epoch: 0, offset: 0, entries: Vec::new() }
            }
            Err(_) => {
                let message = "The conversation cannot be read just now; watch it again.";
                self.effects.push(error(id, ErrorCode::DeskAway, message));
                return;
            }
        };
        let whole = stored.entries.len() as u64 == stored.offset;
        watched.offset = stored.offset;
        watched.is_read = true;
        let early = std::mem::take(&mut watched.early);
        let notes = merged(notes, std::mem::take(&mut watched.early_notes));
        let named = notes.iter().map(|note| &note.note_id).filter(|id| !id.is_empty());
        watched.noted = named.cloned().collect();
        let mut entries = Vec::new();
        // An entry of a later version is left out.
        for entry in stored.entries.iter().filter_map(|stored| stored.read().ok()) {
            watched.notice(&entry.event);
            entries.extend(agent_frame(&entry));
        }
        let ticket = self.tickets.get(&conversation).cloned();
        let transcript =
            Transcript { conversation: conversation.clone(), ticket, entries, notes, whole };
        self.effects.push(send(id, DeskMessage::Transcript(transcript)));
        self.appended(conversation, early);
    }

    fn appended(&mut self, conversation: String, frames: Vec<StoredEntry>) {
        let Some(watched) = self.watched.get_mut(&conversation) else { return };
        if !watched.is_read {
            watched.early.extend(frames);
            return;
        }
        for stored in frames {
            let offset = stored.offset;
            if offset <= watched.offset {
                continue;
            }
            if offset > watched.offset + 1 {
                // Entries in between were missed: read the conversation again.
                watched.is_read = false;
                self.effects.push(Effect::Watch { id: None, conversation });
                return;
            }
            watched.offset = offset;
            let Ok(entry) = stored.read() else { continue };
            watched.notice(&entry.event);
            if let Some(TranscriptEntry { offset, frame }) = agent_frame(&entry) {
                let (conversation, offset) = (conversation.clone(), Some(offset));
                self.effects.push(send(None, DeskMessage::Entry { conversation, offset, frame }));
            }
        }
    }

    fn broadcast_received(&mut self, talk: DeskBroadcast) {
        match talk {
            DeskBroadcast::VisitorTyping { conversation, typing }
                if self.watched.contains_key(&conversation) =>
            {
                self.effects.push(send(None, DeskMessage::VisitorTyping { conversation, typing }));
            }
            DeskBroadcast::Archived { conversations } => {
                self.effects.push(send(None, DeskMessage::Archived { conversations }));
            }
            DeskBroadcast::Note { note } => self.note_received(note),
            _ => {}
        }
    }

    fn note_received(&mut self, note: Note) {
        let Some(watched) = self.watched.get_mut(&note.conversation) else { return };
        if !watched.is_read {
            if watched.early_notes.len() == MOST_NOTES {
                watched.early_notes.remove(0);
            }
            watched.early_notes.push(note);
        } else if !watched.noted.contains(&note.note_id) {
            self.effects.push(send(None, DeskMessage::Note(note)));
        }
    }

    /// Ids of the watched conversations.
    #[cfg(test)]
    pub(crate) fn watches(&self) -> Vec<&str> {
        self.watched.keys().map(String::as_str).collect()
    }

    /// The agent of the socket.
    pub(crate) fn agent(&self) -> &Agent {
        &self.me.agent
    }

    /// True while the visitor of a conversation is connected, as far as is known.
    pub(crate) fn is_online(&self, conversation: &str) -> bool {
        self.tickets.get(conversation).is_none_or(|ticket| ticket.online)
    }
}

impl WatchedConversation {
    /// Stores what a draft needs of an event.
    fn notice(&mut self, event: &ConversationEvent) {
        match event {
            ConversationEvent::AnswerCompleted(answer) => {
                self.last_question = answer.question.clone().or(self.last_question.take());
                self.product = answer.product.clone().or(self.product.take());
            }
            ConversationEvent::MessageSent(message)
                if message.from == Speaker::Visitor && !message.content.is_empty() =>
            {
                self.last_question = Some(message.content.clone());
            }
            _ => {}
        }
    }
}

fn send(id: Option<MessageId>, message: DeskMessage) -> Effect {
    Effect::Send { message: Box::new(message), id }
}

fn error(id: Option<MessageId>, code: ErrorCode, message: &str) -> Effect {
    send(id, DeskMessage::Error { message: message.to_owned(), code, by: None })
}

/// The error for an agent when the desk refuses a request.
fn refused(id: Option<MessageId>, why: &DeskError) -> Effect {
    let (code, message, by) = match why {
        DeskError::Taken { by } => {
            (ErrorCode::Taken, format!("{} has this conversation.", by.name), Some(by.clone()))
        }
        DeskError::NotYours { by: Some(by) } => {
            (ErrorCode::NotYours, format!("{} has this conversation.", by.name), Some(by.clone()))
        }
        DeskError::NotYours { by: None } => {
            (ErrorCode::NotYours, "Nobody has this conversation; take it first.".to_owned(), None)
        }
        DeskError::NoSuchConversation => {
            let message = "This conversation is not at the desk any more.".to_owned();
            (ErrorCode::NoSuchConversation, message, None)
        }
        DeskError::NotPresent => {
            (ErrorCode::NotPresent, "The colleague is not here.".to_owned(), None)
        }
        DeskError::Full => (ErrorCode::Internal, "As many wait as may.".to_owned(), None),
        DeskError::Unavailable { .. } => {
            let message = "The desk cannot be reached just now; try again.".to_owned();
            (ErrorCode::DeskAway, message, None)
        }
    };
    send(id, DeskMessage::Error { message, code, by })
}

impl NotDelivered {
    fn code(self) -> ErrorCode {
        match self {
            Self::NotYours => ErrorCode::NotYours,
            Self::Gone => ErrorCode::NoSuchConversation,
            Self::Silent | Self::Away => ErrorCode::DeskAway,
        }
    }
}
