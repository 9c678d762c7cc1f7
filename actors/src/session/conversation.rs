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

use crate::cache::Cache;
use crate::ports::{Answer, AnswerEvent, AnswererName, Outcome, Question};
use crate::protocol::{
    AnswerContext, ClientFrame, ClientMessage, ErrorCode, FinalAnswer, Hello, Limits, MessageId,
    Reason, ServerMessage, Welcome,
};
use crate::remembered::Predictions;

use super::event::{Effect, Event};
use super::foresight::Foresight;
use super::minutes::{Asked, Minutes, Open, Repeated, repeated};
use super::predict;

/// Ids remembered so that one sent twice is answered once. A client that reconnects repeats what is
/// unanswered, which is a handful; this is room for minutes of typing with an id on every keystroke.
const REMEMBERED_IDS: usize = 256;
/// What part 1 says when there is no manual, to the letter.
const NO_MANUAL: &str = "Manual unavailable for this product.";

/// Crashes after which an answer is not tried again: it is likely to be what crashes.
const CRASHES_OF_AN_ANSWER: u32 = 2;

/// Why an answer ends before its end, for machines and for people.
#[derive(Clone, Copy)]
struct Failed {
    code: &'static str,
    words: &'static str,
}

/// Whoever made the answer failed.
const LOST: Failed = Failed {
    code: "internal",
    words: "Something went wrong on our side while answering. Please ask again.",
};
/// The answer was begun again and came out differently.
const CUT_OFF: Failed = Failed {
    code: "interrupted",
    words: "\n\nA fault on our side cut this answer off. Please ask again.",
};
/// Too many wait.
const BUSY: Failed = Failed {
    code: "busy",
    words: "Too many questions are being answered just now. Please ask again in a minute.",
};

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
    id: String,
    token: String,
    catalog: Arc<Snapshot>,
    rules: Arc<Rules>,
    compact: bool,
    locale: Option<String>,
    offset: u64,
    answers: u64,
    running: Option<Running>,
    pending: VecDeque<Asked>,
    seen: VecDeque<MessageId>,
    foresight: Foresight,
}

/// The answer that is being made.
struct Running {
    answer: u64,
    product: Arc<Product>,
    open: Open,
    /// Bytes of what was said that the answer has come to. Less than all of it while an answer is
    /// repeated after a crash.
    heard: usize,
}

impl Conversation {
    /// A new conversation over the catalog, with the id and token a `welcome` will name.
    #[must_use]
    pub fn new(id: String, token: String, catalog: Arc<Snapshot>, rules: Arc<Rules>) -> Self {
        let foresight = Foresight::new(rules.prefetch_confidence);
        Self {
            id,
            token,
            catalog,
            rules,
            compact: false,
            locale: None,
            offset: 0,
            answers: 0,
            running: None,
            pending: VecDeque::new(),
            seen: VecDeque::new(),
            foresight,
        }
    }

    /// Looks there first for the answer to a keystroke, and keeps it there.
    pub(crate) fn remembering(mut self, predicted: Cache<Predictions>) -> Self {
        self.foresight.remember_in(predicted);
        self
    }

    /// Writes down what has to outlive a crash of these rules.
    pub(crate) fn write_minutes(&self, minutes: &mut Minutes) {
        (minutes.compact, minutes.offset, minutes.answers) =
            (self.compact, self.offset, self.answers);
        minutes.locale.clone_from(&self.locale);
        minutes.open = self.running.as_ref().map(|running| Box::new(running.open.clone()));
        minutes.pending.clone_from(&self.pending);
        // With every piece of an answer it would be copied for nothing.
        if minutes.seen.back() != self.seen.back() {
            minutes.seen.clone_from(&self.seen);
        }
    }

    /// Goes on where a conversation was that crashed. Its running answer is made again, and only what
    /// the visitor has not read is sent; an answer that crashes twice ends, and says so.
    pub(crate) fn recall(&mut self, minutes: Minutes) -> Vec<Effect> {
        let mut effects = Vec::new();
        (self.compact, self.locale) = (minutes.compact, minutes.locale);
        (self.offset, self.answers) = (minutes.offset, minutes.answers);
        (self.pending, self.seen) = (minutes.pending, minutes.seen);
        let Some(mut open) = minutes.open else { return effects };
        open.crashes += 1;
        let again = open.crashes < CRASHES_OF_AN_ANSWER;
        self.start_open(*open, &mut effects);
        if !again && self.running.is_some() {
            // Started in name only: the answer is not to be made.
            effects.retain(|effect| !matches!(effect, Effect::StartAnswer { .. }));
            self.answer_failed(self.answers, LOST, &mut effects);
        }
        effects
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The last offset it gave out.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// What proves that a client may continue it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// True while an answer is being made.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        self.running.is_some()
    }

    /// The product of the running answer.
    #[must_use]
    pub fn product(&self) -> Option<&Arc<Product>> {
        self.running.as_ref().map(|running| &running.product)
    }

    /// Takes an event and says what is to be done, in order.
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Heard(frame) => self.heard(frame, &mut effects),
            Event::Misheard(bad) => {
                let error = ServerMessage::Error { message: bad.message, code: bad.code };
                effects.push(transient(error, bad.id));
            }
            Event::Flooded => {
                let message = "Too many messages: slow down, this one was not read".to_owned();
                effects.push(transient(
                    ServerMessage::Error { message, code: ErrorCode::RateLimited },
                    None,
                ));
            }
            Event::Answering { answer, event } => self.answering(answer, event, &mut effects),
            Event::AnswerLost { answer } => self.answer_failed(answer, LOST, &mut effects),
            Event::AnswerRefused { answer } => self.answer_failed(answer, BUSY, &mut effects),
            Event::AnswerWaits { answer, place } => {
                if let Some(running) = self.running.as_ref().filter(|it| it.answer == answer) {
                    let id = running.open.asked.id.clone();
                    effects.push(transient(ServerMessage::Queue { place }, id));
                }
            }
            Event::Settled { prediction } => effects.extend(self.foresight.settled(prediction)),
        }
        effects
    }

    fn heard(&mut self, frame: ClientFrame, effects: &mut Vec<Effect>) {
        let ClientFrame { id, message } = frame;
        if let Some(id) = &id
            && !self.is_new(id)
        {
            return;
        }
        match message {
            ClientMessage::Typing(content) => self.typed(&content, id, effects),
            ClientMessage::Query(query) => {
                self.asked(Asked { id, query: Arc::new(query) }, effects);
            }
            ClientMessage::Hello(hello) => self.greeted(hello, id, effects),
            ClientMessage::Cancel => self.cancelled(effects),
        }
    }

    /// Remembers an id; false when it was there already.
    fn is_new(&mut self, id: &MessageId) -> bool {
        if self.seen.iter().any(|seen| seen == id) {
            return false;
        }
        if self.seen.len() == REMEMBERED_IDS {
            self.seen.pop_front();
        }
        self.seen.push_back(id.clone());
        true
    }

    fn greeted(&mut self, hello: Hello, id: Option<MessageId>, effects: &mut Vec<Effect>) {
        self.compact = hello.compact;
        self.locale = hello.locale.filter(|locale| locale.len() <= 35);
        // The conversation of another connection is not kept past its socket: said, not hidden.
        let reason = hello.resume.map(|_| "this pod does not hold that conversation".to_owned());
        let welcome = Welcome {
            conversation: self.id.clone(),
            token: self.token.clone(),
            epoch: 1,
            offset: self.offset,
            recovered: false,
            reason,
            limits: self.rules.limits.clone(),
        };
        effects.push(transient(ServerMessage::Welcome(welcome), id));
    }

    fn typed(&mut self, content: &str, id: Option<MessageId>, effects: &mut Vec<Effect>) {
        let catalog = self.catalog.load();
        let (data, await_calm) = self.foresight.predict(&catalog, content, self.compact);
        effects.extend(await_calm);
        effects.push(transient(ServerMessage::Prediction { data }, id));
    }

    fn asked(&mut self, asked: Asked, effects: &mut Vec<Effect>) {
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

    fn start(&mut self, asked: Asked, effects: &mut Vec<Effect>) {
        let (said, said_reading, said_thinking) = (String::new(), false, false);
        self.start_open(Open { asked, said, said_reading, said_thinking, crashes: 0 }, effects);
    }

    /// Starts an answer, or starts one again that a crash cut off.
    fn start_open(&mut self, open: Open, effects: &mut Vec<Effect>) {
        let Asked { id, query } = open.asked.clone();
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
        self.answers += 1;
        let answer = self.answers;
        self.running = Some(Running { answer, product: Arc::clone(&product), open, heard: 0 });
        let question = Question {
            related: catalog.related_items(&product),
            product,
            text: query.question.clone(),
            scenario: query.scenario,
            image: query.image.clone(),
            locale: self.locale.clone(),
        };
        effects.push(Effect::StartAnswer { answer, question: Box::new(question) });
    }

    fn answering(&mut self, answer: u64, event: AnswerEvent, effects: &mut Vec<Effect>) {
        if self.running.as_ref().is_none_or(|running| running.answer != answer) {
            return;
        }
        match event {
            AnswerEvent::Reading => self.say_reading(effects),
            AnswerEvent::Thinking => self.say_thinking(effects),
            AnswerEvent::Chunk(content) => self.say_chunk(content, effects),
            AnswerEvent::Done(done) => {
                if matches!(done.outcome, Outcome::NoManual { .. })
                    && self.running.as_ref().is_some_and(|running| running.open.said.is_empty())
                {
                    self.say_chunk(NO_MANUAL.to_owned(), effects);
                }
                self.finish(final_answer(*done), effects);
            }
        }
    }

    /// An honest ending for an answer that cannot be made.
    fn answer_failed(&mut self, answer: u64, why: Failed, effects: &mut Vec<Effect>) {
        let Some(running) = self.running.as_mut().filter(|running| running.answer == answer) else {
            return;
        };
        // What was said stays said; this goes on after it.
        running.heard = running.open.said.len();
        self.say_chunk(why.words.to_owned(), effects);
        let reason = Some(Reason { code: why.code.to_owned(), message: why.words.to_owned() });
        self.finish(
            FinalAnswer {
                answerer: AnswererName::Extractive.as_str(),
                reason,
                ..FinalAnswer::default()
            },
            effects,
        );
    }

    fn cancelled(&mut self, effects: &mut Vec<Effect>) {
        // What waited was asked before the visitor said stop; it stops too.
        let pending = std::mem::take(&mut self.pending);
        if self.running.is_some() {
            effects.push(Effect::StopAnswer);
            self.finish(stopped(), effects);
        }
        for asked in pending {
            let offset = self.next_offset();
            effects.push(Effect::Send {
                message: ServerMessage::FinalAnswer(Box::new(stopped())),
                id: asked.id,
                offset: Some(offset),
            });
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

    fn open(&mut self) -> Option<&mut Open> {
        self.running.as_mut().map(|running| &mut running.open)
    }

    fn say_chunk(&mut self, content: String, effects: &mut Vec<Effect>) {
        self.say_thinking(effects);
        let Some(running) = self.running.as_mut() else { return };
        let content = match repeated(&running.open.said[running.heard..], &content) {
            Repeated::New(new) => new.to_owned(),
            Repeated::Nothing => {
                running.heard += content.len();
                return;
            }
            Repeated::Differs => {
                let answer = running.answer;
                effects.push(Effect::StopAnswer);
                self.answer_failed(answer, CUT_OFF, effects);
                return;
            }
        };
        running.open.said.push_str(&content);
        running.heard = running.open.said.len();
        let id = running.open.asked.id.clone();
        self.durable(ServerMessage::AnswerChunk { content }, id, effects);
    }

    /// Context and final answer, then the next question in line.
    fn finish(&mut self, last: FinalAnswer, effects: &mut Vec<Effect>) {
        self.say_thinking(effects);
        let Some(running) = self.running.take() else { return };
        let catalog = self.catalog.load();
        let data = AnswerContext {
            brand: predict::brand_json(&catalog, &running.product),
            related_items: catalog.related_items(&running.product),
            scenario: running.open.asked.query.scenario,
        };
        let id = running.open.asked.id;
        self.durable(ServerMessage::Context { data }, id.clone(), effects);
        self.durable(ServerMessage::FinalAnswer(Box::new(last)), id, effects);
        while self.running.is_none() {
            let Some(next) = self.pending.pop_front() else { break };
            self.start(next, effects);
        }
    }

    fn durable(
        &mut self,
        message: ServerMessage,
        id: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        let offset = self.next_offset();
        effects.push(Effect::Send { message, id, offset: Some(offset) });
    }

    fn next_offset(&mut self) -> u64 {
        self.offset += 1;
        self.offset
    }
}

fn transient(message: ServerMessage, id: Option<MessageId>) -> Effect {
    Effect::Send { message, id, offset: None }
}

fn stopped() -> FinalAnswer {
    FinalAnswer {
        answerer: AnswererName::Extractive.as_str(),
        cancelled: true,
        ..FinalAnswer::default()
    }
}

fn final_answer(answer: Answer) -> FinalAnswer {
    let reason = match answer.outcome {
        Outcome::Answered => None,
        Outcome::Unknown => Some(Reason {
            code: "unknown".to_owned(),
            message: "The manual does not say.".to_owned(),
        }),
        Outcome::NoManual { code, words } => Some(Reason { code: code.to_owned(), message: words }),
    };
    FinalAnswer {
        content: String::new(),
        citations: answer.citations,
        confidence: answer.confidence,
        grounded: answer.grounded,
        html: answer.html,
        answerer: answer.answerer.as_str(),
        fallback: answer.fallback.is_some(),
        stale: answer.stale_manual,
        cancelled: false,
        reason,
    }
}
