//! What happens in a conversation, as a plain state machine.
//!
//! An event goes in, effects come out; no socket, no clock, no runtime. The order of part 1 of the
//! protocol is kept here and tested here: two statuses, the chunks, the context, the final answer.
//!
//! One answer runs at a time. A question that comes meanwhile waits in line, so that a client of
//! the earlier system gets an answer to each. A client that says `cancel` ends the running one and
//! all that wait; a question with `"replace":true` does the same and is answered next.

use std::collections::VecDeque;
use std::sync::Arc;

use hsc_catalogs::{Product, Snapshot};

use crate::Tokens;
use crate::VisitorTokenVerifier;
use crate::answer::{Answer, AnswerEvent, AnswererName, Outcome, Question, Requester};
use crate::archive::{MessageOutcome, Visitor};
use crate::event::{AnswerCompleted, ConversationEvent, LogEntry};
use crate::protocol::{
    AnswerContext, ClientFrame, ClientMessage, Csat, ErrorCode, Feedback, Image, Limits, MessageId,
    QueueFor, Reason, ServerMessage, VisitorMessage,
};

use crate::checkpoint::{
    AcceptedQuestion, OpenAnswer, PendingHello, RepeatMatch, SeenMessage, TextDigest,
};
use crate::earlier_client::NameBreaker;
use crate::handoff::{DeskRequest, Handoff, refused};
use crate::input::{Effect, Input};
use crate::language;
use crate::phrases::Phrases;
use crate::prediction::{Prediction, PredictionCache};
use crate::search_results;

/// Ids remembered so that one sent twice is answered once. A client that reconnects repeats what is
/// unanswered, which is a handful; this is room for minutes of typing with an id on every keystroke.
const REMEMBERED_IDS: usize = 256;
/// Messages beside the questions in line that are held while a conversation is being opened.
const HELD_BESIDE: usize = 4;

/// Why an answer ends before its end, for machines and for people.
#[derive(Clone, Copy)]
pub(super) struct AnswerFailure {
    code: &'static str,
    /// Stands between the words and what was said before.
    before: &'static str,
    words: fn(&Phrases) -> &str,
}

/// Whoever made the answer failed.
pub(super) const LOST: AnswerFailure =
    AnswerFailure { code: "internal", before: "", words: |said| &said.lost };
/// The answer was begun again and came out differently.
const CUT_OFF: AnswerFailure =
    AnswerFailure { code: "interrupted", before: "\n\n", words: |said| &said.cut_off };
/// The question came with a picture that was too large to be taken along.
const NO_PICTURE: AnswerFailure =
    AnswerFailure { code: "picture_lost", before: "", words: |said| &said.no_picture };
/// The question came with a picture, and too many pictures are held.
const NO_ROOM_FOR_PICTURE: AnswerFailure =
    AnswerFailure { code: "too_many_pictures", before: "", words: |said| &said.too_many_pictures };
/// Too many wait.
const BUSY: AnswerFailure = AnswerFailure { code: "busy", before: "", words: |said| &said.busy };

/// The limits a conversation keeps, out of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Questions that may wait behind the one that is being answered.
    pub pending_questions: usize,
    /// Confidence (0 to 100) from which a prediction's manual is opened ahead of the question.
    pub prefetch_confidence: u8,
    /// What a client is told in `welcome`.
    pub limits: Limits,
}

/// A visitor's conversation. It alone gives out offsets.
pub struct Conversation {
    pub(super) id: Arc<str>,
    pub(super) token: String,
    pub(super) catalog: Arc<Snapshot>,
    pub(super) rules: Arc<Rules>,
    pub(super) compact: bool,
    pub(super) locale: Option<String>,
    /// Who speaks, where the embedding site has signed for them.
    pub(super) visitor: Option<Visitor>,
    /// Who knows visitors by what the site has signed.
    pub(super) vouch: Option<Arc<dyn VisitorTokenVerifier>>,
    /// What tells whether a picture is of this conversation.
    pub(super) tokens: Option<Arc<Tokens>>,
    /// Who owns it; 0 before its first `hello`.
    pub(super) epoch: u64,
    pub(super) offset: u64,
    pub(super) answers: u64,
    pub(super) running: Option<RunningAnswer>,
    pub(super) pending: VecDeque<AcceptedQuestion>,
    pub(super) seen: VecDeque<SeenMessage>,
    pub(super) greeting: Option<Box<PendingHello>>,
    pub(super) handoff: Handoff,
    /// The time of the present event, milliseconds since 1970.
    pub(super) now_ms: u64,
    prediction: Prediction,
}

/// What is known of a running answer beside its words.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct AnswerStats {
    /// From the question to the first words, in milliseconds.
    first_words_ms: Option<u64>,
    /// True when it came out of the cache.
    recalled: bool,
}

/// The answer that is being made.
pub(super) struct RunningAnswer {
    answer: u64,
    pub(super) product: Arc<Product>,
    pub(super) open: OpenAnswer,
    pub(super) measured: AnswerStats,
    /// What the answer has come to. Less than what was said while it is repeated after a crash.
    heard: TextDigest,
    /// For a client that said no `hello`, where the product has related ones.
    breaker: Option<NameBreaker>,
}

impl Conversation {
    /// A new conversation over the catalog, with the id and token a `welcome` will name.
    #[must_use]
    pub fn new(id: Arc<str>, token: String, catalog: Arc<Snapshot>, rules: Arc<Rules>) -> Self {
        let prediction = Prediction::new(rules.prefetch_confidence);
        Self {
            id,
            token,
            catalog,
            rules,
            compact: false,
            locale: None,
            visitor: None,
            vouch: None,
            tokens: None,
            epoch: 0,
            offset: 0,
            answers: 0,
            running: None,
            pending: VecDeque::new(),
            seen: VecDeque::new(),
            greeting: None,
            handoff: Handoff::default(),
            now_ms: 0,
            prediction,
        }
    }

    /// Looks there first for the answer to a keystroke, and keeps it there.
    pub fn remembering(mut self, predicted: Arc<dyn PredictionCache>) -> Self {
        self.prediction.remember_in(predicted);
        self
    }

    /// Knows its pictures by these; without them it has none.
    pub fn sealed_by(mut self, tokens: Arc<Tokens>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The last offset it gave out.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What proves that a client may continue it; empty before its first `hello`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// True while an answer is being made.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.running.is_some()
    }

    /// The person who has it, where one has.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.handoff.name()
    }

    /// The event that the running answer was lost.
    pub fn lost(&self) -> Input {
        Input::AnswerLost { answer: self.running.as_ref().map_or(0, |running| running.answer) }
    }

    /// The product of the running answer.
    #[must_use]
    pub fn product(&self) -> Option<&Arc<Product>> {
        self.running.as_ref().map(|running| &running.product)
    }

    /// Sets the time of the events that follow, in milliseconds since 1970. Messages carry it as their time stamp.
    pub fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = now_ms;
        self
    }

    /// Takes an event and says what is to be done, in order.
    pub fn apply(&mut self, event: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Input::Heard(frame) => self.heard(frame, &mut effects),
            Input::Introduced { token } => self.introduced(&token, None, &mut effects),
            Input::Misheard(bad) => {
                let error = ServerMessage::Error { message: bad.message, code: bad.code };
                effects.push(transient(error, bad.id));
            }
            Input::Flooded => {
                let message = "Too many messages: slow down, this one was not read".to_owned();
                effects.push(transient(
                    ServerMessage::Error { message, code: ErrorCode::RateLimited },
                    None,
                ));
            }
            Input::Answering { answer, event } => self.answering(answer, event, &mut effects),
            Input::FirstWords { answer, after_ms } => {
                if let Some(running) = self.running.as_mut().filter(|it| it.answer == answer) {
                    running.measured.first_words_ms = Some(after_ms);
                }
            }
            Input::AnswerLost { answer } => self.answer_failed(answer, LOST, &mut effects),
            Input::AnswerRefused { answer } => self.answer_failed(answer, BUSY, &mut effects),
            Input::AnswerWaits { answer, place } => {
                if let Some(running) = self.running.as_ref().filter(|it| it.answer == answer) {
                    let id = running.open.asked.id.clone();
                    effects.push(transient(
                        ServerMessage::Queue { place, line: QueueFor::Answer, wait_ms: None },
                        id,
                    ));
                }
            }
            Input::Settled { prediction } => effects.extend(self.prediction.settled(prediction)),
            Input::Opened(opened) => self.opened(opened, &mut effects),
            Input::Desk(news) => self.hears_of_desk(news, &mut effects),
            Input::AgentSaid(said) => self.agent_says(*said, &mut effects),
            Input::AgentTyping { agent, typing } => self.agent_types(&agent, typing, &mut effects),
        }
        self.tell_details(&mut effects);
        effects
    }

    pub(super) fn heard(&mut self, frame: ClientFrame, effects: &mut Vec<Effect>) {
        let is_typing =
            matches!(frame.message, ClientMessage::Typing(_) | ClientMessage::Understand(_));
        if !is_typing && let Some(greeting) = &mut self.greeting {
            // Which conversation it belongs to is not known yet.
            hold(frame, greeting, self.rules.pending_questions, effects);
            return;
        }
        let ClientFrame { id, message } = frame;
        let is_new = id.as_ref().is_none_or(|id| self.is_new(id, !is_typing));
        // A rating is repeated until it is acknowledged, and the acknowledgement may be what was lost.
        let is_rating = matches!(message, ClientMessage::Feedback(_) | ClientMessage::Csat(_));
        if !is_new && !is_rating {
            return;
        }
        match message {
            ClientMessage::Typing(content) => self.typed(&content, id, effects),
            ClientMessage::Understand(content) => self.understands(&content, id, effects),
            ClientMessage::Query(query) => {
                let asked = AcceptedQuestion { id, query: Arc::new(query), lost_picture: false };
                self.asked(asked, effects);
            }
            ClientMessage::Hello(hello) => self.greeted(hello, id, effects),
            ClientMessage::About(about) => self.is_about(about),
            ClientMessage::Cancel => self.cancelled(effects),
            ClientMessage::Handoff(wish) => self.wishes(wish, id, effects),
            ClientMessage::Message(said) => self.visitor_says(said, id, effects),
            ClientMessage::Feedback(feedback) if !self.is_answer(&feedback) => {
                let message = "There is no answer at this offset; send that of its 'final_answer'.";
                effects.push(refused(message, ErrorCode::NoSuchAnswer, id));
            }
            ClientMessage::Feedback(Feedback { offset: answer, thumb, comment }) => {
                self.rated(
                    ConversationEvent::AnswerRated { answer, thumb, comment },
                    id,
                    is_new,
                    effects,
                );
            }
            ClientMessage::Csat(Csat { rating, comment }) => {
                self.rated(
                    ConversationEvent::ConversationRated { rating, comment },
                    id,
                    is_new,
                    effects,
                );
            }
            ClientMessage::Bye => self.says_bye(effects),
        }
    }

    /// Remembers an id; false when it was there already.
    pub(super) fn is_new(&mut self, id: &MessageId, matters: bool) -> bool {
        if self.seen.iter().any(|seen| seen.id == *id) {
            return false;
        }
        // More than one too many after a take-over, which brings the ids of before.
        while self.seen.len() >= REMEMBERED_IDS {
            self.seen.pop_front();
        }
        self.seen.push_back(SeenMessage { id: id.clone(), matters });
        true
    }

    fn typed(&mut self, content: &str, id: Option<MessageId>, effects: &mut Vec<Effect>) {
        let catalog = self.catalog.load();
        let (data, await_calm) = self.prediction.predict(&catalog, content, self.compact);
        effects.extend(await_calm);
        if self.handoff.has_it() {
            effects.push(Effect::Desk(DeskRequest::Typing(!content.is_empty())));
        }
        effects.push(transient(ServerMessage::Prediction { data }, id));
    }

    /// Typing has paused: what the whole text means. Nothing is opened; the client decides.
    fn understands(&self, content: &str, id: Option<MessageId>, effects: &mut Vec<Effect>) {
        let catalog = self.catalog.load();
        let understood = self.prediction.understand(&catalog, content, self.compact);
        effects.push(transient(ServerMessage::Understood(Box::new(understood)), id));
    }

    pub(super) fn asked(&mut self, asked: AcceptedQuestion, effects: &mut Vec<Effect>) {
        if asked.query.replace {
            self.cancelled(effects);
        }
        if self.running.is_none() {
            self.start(asked, effects);
        } else if self.pending.len() < self.rules.pending_questions {
            self.pending.push_back(asked);
        } else {
            let message = format!(
                "{} questions already wait; wait for an answer or send 'cancel'",
                self.rules.pending_questions
            );
            effects.push(transient(
                ServerMessage::Error { message, code: ErrorCode::TooManyQuestions },
                asked.id,
            ));
        }
    }

    /// Starts the questions in line until one runs.
    pub(super) fn start_next(&mut self, effects: &mut Vec<Effect>) {
        while self.running.is_none() {
            let Some(next) = self.pending.pop_front() else { break };
            self.start(next, effects);
        }
    }

    fn start(&mut self, asked: AcceptedQuestion, effects: &mut Vec<Effect>) {
        if self.handoff.has_it() {
            // The machine answers nothing by itself while a person is there.
            let content = asked.query.question.clone();
            let said = VisitorMessage { content, upload: None };
            self.visitor_says(said, asked.id, effects);
            return;
        }
        self.hears_language(&asked.query.question);
        let (said, said_reading, said_thinking) = (TextDigest::default(), false, false);
        let (id, query, before) = (asked.id.clone(), Arc::clone(&asked.query), self.answers);
        self.start_open(
            OpenAnswer { asked, said, said_reading, said_thinking, crashes: 0 },
            effects,
        );
        if self.answers > before {
            self.record_details(effects);
            let asked = ConversationEvent::QuestionAsked {
                question: query.question.clone(),
                product: query.product_id.clone(),
                language: self.locale.clone(),
            };
            self.happened(asked, id, effects);
        }
    }

    /// The visitor's own words tell the language better than the page they are written in.
    pub(super) fn hears_language(&mut self, words: &str) {
        self.locale = language::after(self.locale.take(), words);
    }

    /// What it says itself, in the visitor's language.
    pub(super) fn phrases(&self) -> &'static Phrases {
        Phrases::of(self.locale.as_deref())
    }

    /// Starts an answer, or starts one again that a crash cut off.
    pub(super) fn start_open(&mut self, open: OpenAnswer, effects: &mut Vec<Effect>) {
        let AcceptedQuestion { id, query, lost_picture } = open.asked.clone();
        let catalog = self.catalog.load();
        let status = |msg: &str| ServerMessage::Status { msg: msg.to_owned() };
        if query.product_id.is_empty() {
            effects.push(transient(status("Error: No product selected."), id));
            return;
        }
        let Some(product) = catalog.product(&query.product_id).cloned() else {
            effects.push(transient(status("Error: Product not found."), id));
            return;
        };
        if query.question.is_empty() {
            let message =
                "Invalid message format: the question is empty; put it into 'query'".to_owned();
            effects.push(transient(
                ServerMessage::Error { message, code: ErrorCode::InvalidMessage },
                id,
            ));
            return;
        }
        self.handoff.asked(&product, query.scenario, &query.question);
        self.answers += 1;
        let answer = self.answers;
        let heard = TextDigest::default();
        let (product_of, measured) = (Arc::clone(&product), AnswerStats::default());
        let related = catalog.related_items(&product);
        let names = related.iter().map(|item| &*item.name);
        let breaker = (self.epoch == 0).then(|| NameBreaker::new(names)).flatten();
        self.running =
            Some(RunningAnswer { answer, product: product_of, open, heard, measured, breaker });
        if lost_picture {
            self.answer_failed(answer, NO_PICTURE, effects);
            return;
        }
        if query.image == Some(Image::NoRoom) {
            self.answer_failed(answer, NO_ROOM_FOR_PICTURE, effects);
            return;
        }
        let question = Question {
            related,
            owners: search_results::owners(&catalog, &product),
            product,
            text: query.question.clone(),
            previous: self.handoff.previous(),
            scenario: query.scenario,
            image: query.image.clone(),
            locale: self.locale.clone(),
            // The session knows the client.
            asker: Requester { conversation: Some(Arc::clone(&self.id)), client: None },
        };
        effects.push(Effect::StartAnswer { answer, question: Box::new(question) });
    }

    fn answering(&mut self, answer: u64, event: AnswerEvent, effects: &mut Vec<Effect>) {
        if self.running.as_ref().is_none_or(|running| running.answer != answer) {
            return;
        }
        match event {
            AnswerEvent::Recalled => {
                if let Some(running) = &mut self.running {
                    running.measured.recalled = true;
                }
            }
            AnswerEvent::Reading => self.say_reading(effects),
            AnswerEvent::Thinking => self.say_thinking(effects),
            AnswerEvent::Chunk(content) => {
                let breaker = self.running.as_mut().and_then(|running| running.breaker.as_mut());
                let content = match breaker {
                    Some(breaker) => breaker.push(&content),
                    None => content,
                };
                if !content.is_empty() {
                    self.say_chunk(content, effects);
                }
            }
            AnswerEvent::Done(done) => {
                let breaker = self.running.as_mut().and_then(|running| running.breaker.as_mut());
                let rest = breaker.map(NameBreaker::finish).unwrap_or_default();
                if !rest.is_empty() {
                    self.say_chunk(rest, effects);
                }
                let has_words = |running: &RunningAnswer| running.heard.bytes > 0;
                if matches!(done.outcome, Outcome::NoManual { .. })
                    && !self.running.as_ref().is_some_and(has_words)
                {
                    self.say_chunk(self.no_manual(), effects);
                }
                match &self.running {
                    // It is shorter than what was read of it.
                    Some(running) if running.heard != running.open.said => {
                        self.answer_failed(answer, CUT_OFF, effects);
                    }
                    // None when the words of just now were other ones.
                    running if running.as_ref().is_none_or(|it| it.answer != answer) => {}
                    _ => {
                        let last = answer_completed(*done, self.phrases());
                        self.finish(last, effects);
                    }
                }
            }
        }
    }

    /// That there is no manual; and what becomes of a picture that came with the question.
    fn no_manual(&self) -> String {
        let phrases = self.phrases();
        let asked = self.running.as_ref().map(|running| &running.open.asked);
        match asked.and_then(|asked| asked.query.image.as_ref()) {
            Some(_) => format!("{} {}", phrases.no_manual, phrases.picture_unseen),
            None => phrases.no_manual.to_string(),
        }
    }

    /// An honest ending for an answer that cannot be made.
    pub(super) fn answer_failed(
        &mut self,
        answer: u64,
        why: AnswerFailure,
        effects: &mut Vec<Effect>,
    ) {
        let Some(running) = self.running.as_mut().filter(|running| running.answer == answer) else {
            return;
        };
        // What was said stays said; this goes on after it.
        running.heard = running.open.said;
        let words = (why.words)(self.phrases());
        let message = format!("{}{words}", why.before);
        self.say_chunk(message.clone(), effects);
        let reason = Some(Reason { code: why.code.to_owned(), message });
        let text = words.to_owned();
        self.finish(
            AnswerCompleted { text, reason, ..unanswered(MessageOutcome::Failed) },
            effects,
        );
    }

    pub(super) fn cancelled(&mut self, effects: &mut Vec<Effect>) {
        // What waited was asked before the visitor said stop; it stops too.
        let pending = std::mem::take(&mut self.pending);
        if self.running.is_some() {
            effects.push(Effect::StopAnswer);
            self.finish(unanswered(MessageOutcome::Cancelled), effects);
        }
        for asked in pending {
            let stopped = Box::new(unanswered(MessageOutcome::Cancelled));
            self.happened(ConversationEvent::AnswerCompleted(stopped), asked.id, effects);
        }
    }

    fn say_reading(&mut self, effects: &mut Vec<Effect>) {
        if let Some(open) = self.open().filter(|open| !open.said_reading) {
            open.said_reading = true;
            let msg = "Reading Official Manual...".to_owned();
            effects.push(transient(ServerMessage::Status { msg }, open.asked.id.clone()));
        }
    }

    fn say_thinking(&mut self, effects: &mut Vec<Effect>) {
        self.say_reading(effects);
        if let Some(open) = self.open().filter(|open| !open.said_thinking) {
            open.said_thinking = true;
            let msg = "Thinking...".to_owned();
            effects.push(transient(ServerMessage::Status { msg }, open.asked.id.clone()));
        }
    }

    fn open(&mut self) -> Option<&mut OpenAnswer> {
        self.running.as_mut().map(|running| &mut running.open)
    }

    fn say_chunk(&mut self, content: String, effects: &mut Vec<Effect>) {
        self.say_thinking(effects);
        let Some(running) = self.running.as_mut() else { return };
        let content = match running.heard.repeat(&content, running.open.said) {
            RepeatMatch::New(new) => new.to_owned(),
            RepeatMatch::Nothing => return,
            RepeatMatch::Differs => {
                let answer = running.answer;
                effects.push(Effect::StopAnswer);
                self.answer_failed(answer, CUT_OFF, effects);
                return;
            }
        };
        running.open.said.push(&content);
        running.heard = running.open.said;
        let id = running.open.asked.id.clone();
        self.happened(ConversationEvent::AnswerChunk { content }, id, effects);
    }

    /// Context and the end of the answer, then the next question in line.
    fn finish(&mut self, mut last: AnswerCompleted, effects: &mut Vec<Effect>) {
        self.say_thinking(effects);
        let Some(running) = self.running.take() else { return };
        let catalog = self.catalog.load();
        let context = AnswerContext {
            brand: search_results::brand_json(&catalog, &running.product),
            related_items: catalog.related_items(&running.product),
            scenario: running.open.asked.query.scenario,
        };
        last.question = Some(running.open.asked.query.question.clone());
        last.product = Some(running.product.id.to_string());
        (last.first_words_ms, last.cached) =
            (running.measured.first_words_ms, running.measured.recalled);
        let id = running.open.asked.id.clone();
        let words = last.text.clone();
        self.happened(ConversationEvent::AnswerContext(Box::new(context)), id.clone(), effects);
        self.happened(ConversationEvent::AnswerCompleted(Box::new(last)), id, effects);
        self.handoff.answered(self.offset, &words);
        self.start_next(effects);
    }

    /// Gives an event its place.
    pub(super) fn happened(
        &mut self,
        event: ConversationEvent,
        reply_to: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        if event.is_sent() {
            self.offset += 1;
        }
        let (offset, epoch, at_ms) = (self.offset, self.epoch, Some(self.now_ms));
        effects.push(Effect::Happened(Box::new(LogEntry {
            offset,
            epoch,
            at_ms,
            reply_to,
            event,
        })));
    }

    /// A rating counts when it is new, and is acknowledged, where it has an id, whether or not it is.
    fn rated(
        &mut self,
        rating: ConversationEvent,
        id: Option<MessageId>,
        is_new: bool,
        effects: &mut Vec<Effect>,
    ) {
        if is_new {
            self.happened(rating, id.clone(), effects);
        }
        if id.is_some() {
            effects.push(transient(ServerMessage::Ack, id));
        }
    }
}

pub(super) fn transient(message: ServerMessage, id: Option<MessageId>) -> Effect {
    Effect::Send { message, id }
}

/// Holds a message until it is known which conversation it belongs to.
fn hold(
    frame: ClientFrame,
    greeting: &mut PendingHello,
    questions: usize,
    effects: &mut Vec<Effect>,
) {
    if greeting.held.len() < questions + HELD_BESIDE {
        greeting.held.push(frame);
    } else {
        let message = "the conversation is still being opened; send this again after 'welcome'";
        let code = ErrorCode::TooManyQuestions;
        effects
            .push(transient(ServerMessage::Error { message: message.to_owned(), code }, frame.id));
    }
}

/// The end of an answer that says nothing.
fn unanswered(outcome: MessageOutcome) -> AnswerCompleted {
    AnswerCompleted {
        question: None,
        product: None,
        text: String::new(),
        html: String::new(),
        citations: Vec::new(),
        confidence: 0.0,
        grounded: false,
        answerer: AnswererName::Extractive,
        outcome,
        fallback: false,
        stale: false,
        likely: false,
        pages_pending: 0,
        reason: None,
        first_words_ms: None,
        cached: false,
    }
}

fn answer_completed(answer: Answer, phrases: &Phrases) -> AnswerCompleted {
    let likely = answer.outcome == Outcome::Likely;
    let outcome = match &answer.outcome {
        // Pages were shown; the confidence beside it tells how sure they are.
        Outcome::Answered | Outcome::Likely => MessageOutcome::Answered,
        Outcome::Unknown => MessageOutcome::Unknown,
        Outcome::NoManual { .. } => MessageOutcome::NoManual,
    };
    let reason = match answer.outcome {
        Outcome::Answered | Outcome::Likely => None,
        Outcome::Unknown => {
            Some(Reason { code: "unknown".to_owned(), message: phrases.unknown.to_string() })
        }
        Outcome::NoManual { code, words } => Some(Reason { code: code.to_owned(), message: words }),
    };
    AnswerCompleted {
        text: answer.text,
        html: answer.html,
        citations: answer.citations,
        confidence: answer.confidence,
        grounded: answer.grounded,
        answerer: answer.answerer,
        fallback: answer.fallback.is_some(),
        stale: answer.stale_manual,
        likely,
        pages_pending: answer.pages_pending,
        reason,
        ..unanswered(outcome)
    }
}
