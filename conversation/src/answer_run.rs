//! The answers of a conversation: the running answer, and the questions in the queue.
//!
//! Owns      the running answer, how much of it was sent to the visitor, the queue of questions.
//! Receives  questions from the conversation, the [`AnswerEvent`]s of the answerer.
//! Returns   two statuses, the chunks, the context and the completed answer, in this order (protocol, part 1).
//!
//! One answer runs at a time. An answer that is repeated after a crash or a takeover continues after the part
//! that was sent.

use std::collections::VecDeque;
use std::sync::Arc;

use hsc_catalogs::{Catalog, Exchange, Product, Snapshot};
use serde::{Deserialize, Serialize, Serializer};

use crate::answer::{Answer, AnswerEvent, AnswererName, Outcome, Question, Requester};
use crate::archive::MessageOutcome;
use crate::earlier_client::NameBreaker;
use crate::event::{AnswerCompleted, ConversationEvent};
use crate::input::{Effect, EndedQuestion, Step};
use crate::language::Phrases;
use crate::protocol::{
    AnswerContext, ErrorCode, Image, MessageId, QueryMessage, QueueFor, Reason, ServerMessage,
};
use crate::search_results;
use crate::trace_context::QuestionTrace;

/// Why an answer ends early: a code and a sentence.
#[derive(Clone, Copy)]
pub(crate) struct AnswerFailure {
    code: &'static str,
    /// Separates the sentence from the part of the answer that was already sent.
    before: &'static str,
    words: fn(&Phrases) -> &str,
}

/// The answerer failed.
pub(crate) const LOST: AnswerFailure =
    AnswerFailure { code: "internal", before: "", words: |phrases| &phrases.lost };
/// The answer queue of this pod is full.
pub(crate) const BUSY: AnswerFailure =
    AnswerFailure { code: "busy", before: "", words: |phrases| &phrases.busy };
/// The repeated answer differs from the part that was sent.
const CUT_OFF: AnswerFailure =
    AnswerFailure { code: "interrupted", before: "\n\n", words: |phrases| &phrases.cut_off };
/// The question came with a picture that was too large to be stored.
const NO_PICTURE: AnswerFailure =
    AnswerFailure { code: "picture_lost", before: "", words: |phrases| &phrases.no_picture };
/// The question came with a picture, and the budget for pictures is used up.
const NO_ROOM_FOR_PICTURE: AnswerFailure = AnswerFailure {
    code: "too_many_pictures",
    before: "",
    words: |phrases| &phrases.too_many_pictures,
};

/// The answers of one conversation.
pub(crate) struct AnswerRun {
    catalog: Arc<Snapshot>,
    /// Number of the last answer that was started.
    number: u64,
    /// Boxed: most sessions have none.
    running: Option<Box<RunningAnswer>>,
    queue: VecDeque<AcceptedQuestion>,
}

/// A question that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct AcceptedQuestion {
    pub(crate) id: Option<MessageId>,
    /// Shared, because it may hold a picture.
    pub(crate) query: Arc<QueryMessage>,
    /// The question had a picture, which was too large to be stored when the conversation was taken over.
    pub(crate) lost_picture: bool,
    /// None if traces are off.
    pub(crate) trace: Option<QuestionTrace>,
}

/// A question and the progress of its answer. Part of the checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OpenAnswer {
    pub(crate) question: AcceptedQuestion,
    /// The part of the answer that was sent to the visitor.
    #[serde(rename = "said")]
    pub(crate) sent_text: TextDigest,
    #[serde(skip)]
    pub(crate) sent_reading: bool,
    #[serde(skip)]
    pub(crate) sent_thinking: bool,
    /// Crashes during this answer, of its session or of its pod.
    #[serde(default)]
    pub(crate) crashes: u32,
}

/// The running answer.
struct RunningAnswer {
    number: u64,
    product: Arc<Product>,
    open: OpenAnswer,
    /// The part that was made so far. Shorter than the part that was sent while an answer is repeated.
    made: TextDigest,
    /// Time from the question to the first words, in milliseconds.
    first_words_ms: Option<u64>,
    /// True when the answer came from the cache.
    cached: bool,
    /// For a client that sent no `hello`, if the product has related products.
    breaker: Option<NameBreaker>,
}

/// What the conversation knows when an answer starts.
pub(crate) struct AnswerStart<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) product: Arc<Product>,
    pub(crate) conversation: Arc<str>,
    /// Earlier questions about the same product, and their answers.
    pub(crate) previous: Vec<Exchange>,
    pub(crate) locale: Option<String>,
    pub(crate) phrases: &'static Phrases,
    /// The client sent no `hello`.
    pub(crate) is_earlier_client: bool,
    /// The answer crashed too often and is not repeated.
    pub(crate) is_given_up: bool,
}

impl AnswerRun {
    pub(crate) fn new(catalog: Arc<Snapshot>) -> Self {
        Self { catalog, number: 0, running: None, queue: VecDeque::new() }
    }

    /// Continues with the number and the queue of an earlier owner.
    pub(crate) fn restore(&mut self, number: u64, queue: VecDeque<AcceptedQuestion>) {
        (self.number, self.queue) = (number, queue);
    }

    /// Number of the last answer that was started.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The questions behind the running answer.
    pub(crate) fn queue(&self) -> &VecDeque<AcceptedQuestion> {
        &self.queue
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Number of the running answer; 0 if none runs.
    pub(crate) fn running_number(&self) -> u64 {
        self.running.as_ref().map_or(0, |running| running.number)
    }

    /// The product of the running answer.
    pub(crate) fn product(&self) -> Option<&Arc<Product>> {
        self.running.as_ref().map(|running| &running.product)
    }

    /// The question of the running answer, and how much of the answer was sent.
    pub(crate) fn open(&self) -> Option<&OpenAnswer> {
        self.running.as_ref().map(|running| &running.open)
    }

    /// Appends a question to the queue; an error if `most` questions are queued already.
    pub(crate) fn enqueue(&mut self, question: AcceptedQuestion, most: usize) -> Option<Step> {
        if self.queue.len() < most {
            self.queue.push_back(question);
            return None;
        }
        let message = format!("{most} questions already wait; wait for an answer or send 'cancel'");
        Some(Step::error(ErrorCode::TooManyQuestions, message, question.id))
    }

    /// The question to start next; none while an answer runs.
    pub(crate) fn next_question(&mut self) -> Option<AcceptedQuestion> {
        if self.is_running() { None } else { self.queue.pop_front() }
    }

    /// The product of a question.
    ///
    /// # Errors
    /// The message for the visitor, if the question cannot be answered.
    pub(crate) fn product_of(
        question: &AcceptedQuestion,
        catalog: &Catalog,
    ) -> Result<Arc<Product>, Box<Step>> {
        let AcceptedQuestion { id, query, .. } = question;
        let status = |msg: &str| {
            Box::new(Step::send(ServerMessage::Status { msg: msg.to_owned() }, id.clone()))
        };
        if query.product_id.is_empty() {
            return Err(status("Error: No product selected."));
        }
        let Some(product) = catalog.product(&query.product_id) else {
            return Err(status("Error: Product not found."));
        };
        if query.question.is_empty() {
            let message = "Invalid message format: the question is empty; put it into 'query'";
            let error = Step::error(ErrorCode::InvalidMessage, message, id.clone());
            return Err(Box::new(error));
        }
        Ok(Arc::clone(product))
    }

    /// Starts an answer, or repeats one that was interrupted.
    pub(crate) fn start(&mut self, open: OpenAnswer, start: AnswerStart<'_>) -> Vec<Step> {
        let AnswerStart { catalog, product, phrases, .. } = start;
        let AcceptedQuestion { query, lost_picture, trace, .. } = open.question.clone();
        self.number += 1;
        let number = self.number;
        let related = catalog.related_items(&product);
        let names = related.iter().map(|item| &*item.name);
        let breaker = start.is_earlier_client.then(|| NameBreaker::new(names)).flatten();
        self.running = Some(Box::new(RunningAnswer {
            number,
            product: Arc::clone(&product),
            open,
            made: TextDigest::default(),
            first_words_ms: None,
            cached: false,
            breaker,
        }));
        let failure = match query.image {
            _ if lost_picture => Some(NO_PICTURE),
            Some(Image::NoRoom) => Some(NO_ROOM_FOR_PICTURE),
            _ => start.is_given_up.then_some(LOST),
        };
        if let Some(failure) = failure {
            return self.fail(number, failure, phrases);
        }
        let question = Question {
            related,
            owners: search_results::owners(catalog, &product),
            product,
            text: query.question.clone(),
            previous: start.previous,
            scenario: query.scenario,
            image: query.image.clone(),
            locale: start.locale,
            // The session knows the client and fills it in.
            asker: Requester {
                conversation: Some(start.conversation),
                client: None,
                trace: trace.map(|trace| trace.context),
            },
        };
        vec![Step::Effect(Effect::StartAnswer { answer: number, question: Box::new(question) })]
    }

    /// The first words arrived this many milliseconds after the question.
    pub(crate) fn first_words(&mut self, number: u64, after_ms: u64) {
        if let Some(running) = self.running(number) {
            running.first_words_ms = Some(after_ms);
        }
    }

    /// The place of the running answer in the answer queue of this pod; 1 is next.
    pub(crate) fn waits(&mut self, number: u64, place: usize) -> Option<Step> {
        let id = self.running(number)?.open.question.id.clone();
        let queue = ServerMessage::Queue { place, line: QueueFor::Answer, wait_ms: None };
        Some(Step::send(queue, id))
    }

    /// Handles an event of the answerer. Drops the event of an answer that does not run any more.
    pub(crate) fn apply(
        &mut self,
        number: u64,
        event: AnswerEvent,
        phrases: &Phrases,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(running) = self.running(number) else { return steps };
        match event {
            AnswerEvent::FromCache => running.cached = true,
            AnswerEvent::Reading => running.send_reading(&mut steps),
            AnswerEvent::Thinking => running.send_thinking(&mut steps),
            AnswerEvent::Chunk(content) => {
                let content = match &mut running.breaker {
                    Some(breaker) => breaker.push(&content),
                    None => content,
                };
                self.send_chunk(content, phrases, &mut steps);
            }
            AnswerEvent::Done(answer) => self.done(*answer, phrases, &mut steps),
        }
        steps
    }

    /// Ends an answer that cannot be made; the last chunk is a sentence that says why.
    pub(crate) fn fail(
        &mut self,
        number: u64,
        failure: AnswerFailure,
        phrases: &Phrases,
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        let Some(running) = self.running(number) else { return steps };
        // The sentence follows the part that was sent.
        running.made = running.open.sent_text;
        let words = (failure.words)(phrases);
        let message = format!("{}{words}", failure.before);
        self.send_chunk(message.clone(), phrases, &mut steps);
        let reason = Some(Reason { code: failure.code.to_owned(), message });
        let text = words.to_owned();
        let failed = AnswerCompleted { text, reason, ..unanswered(MessageOutcome::Failed) };
        self.finish(failed, &mut steps);
        steps
    }

    /// Cancels the running answer and every queued question.
    pub(crate) fn cancel(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.is_running() {
            steps.push(Step::Effect(Effect::StopAnswer));
            self.finish(unanswered(MessageOutcome::Cancelled), &mut steps);
        }
        for question in self.queue.drain(..) {
            let ended = ended_question(&question, MessageOutcome::Cancelled, None);
            let cancelled = Box::new(unanswered(MessageOutcome::Cancelled));
            steps.push(Step::event(ConversationEvent::AnswerCompleted(cancelled), question.id));
            steps.extend(ended);
        }
        steps
    }

    fn running(&mut self, number: u64) -> Option<&mut RunningAnswer> {
        self.running.as_deref_mut().filter(|running| running.number == number)
    }

    fn send_chunk(&mut self, content: String, phrases: &Phrases, steps: &mut Vec<Step>) {
        let Some(running) = self.running.as_mut().filter(|_| !content.is_empty()) else { return };
        if running.send_chunk(&content, steps).is_err() {
            let number = running.number;
            steps.push(Step::Effect(Effect::StopAnswer));
            steps.extend(self.fail(number, CUT_OFF, phrases));
        }
    }

    fn done(&mut self, answer: Answer, phrases: &Phrases, steps: &mut Vec<Step>) {
        let breaker = self.running.as_mut().and_then(|running| running.breaker.as_mut());
        let rest = breaker.map(NameBreaker::finish).unwrap_or_default();
        self.send_chunk(rest, phrases, steps);
        let Some(running) = &self.running else { return };
        if matches!(answer.outcome, Outcome::NoManual { .. }) && running.made.bytes == 0 {
            let sentence = running.no_manual(phrases);
            self.send_chunk(sentence, phrases, steps);
        }
        // Already removed if the last chunk differs from the part that was sent.
        let Some(running) = &self.running else { return };
        if running.made == running.open.sent_text {
            self.finish(answer_completed(answer, phrases), steps);
        } else {
            // The answer is shorter than the part that was sent.
            let number = running.number;
            steps.extend(self.fail(number, CUT_OFF, phrases));
        }
    }

    /// Sends the context, and ends the running answer.
    fn finish(&mut self, mut completed: AnswerCompleted, steps: &mut Vec<Step>) {
        let Some(mut running) = self.running.take() else { return };
        running.send_thinking(steps);
        let RunningAnswer { product, open, first_words_ms, cached, .. } = *running;
        let outcome = completed.outcome;
        let is_unmade = matches!(outcome, MessageOutcome::Cancelled | MessageOutcome::Failed);
        let answerer = (!is_unmade).then_some(completed.answerer);
        let ended = ended_question(&open.question, outcome, answerer);
        let AcceptedQuestion { id, query, .. } = open.question;
        let catalog = self.catalog.load();
        let context = AnswerContext {
            brand: search_results::brand_json(&catalog, &product),
            related_items: catalog.related_items(&product),
            scenario: query.scenario,
        };
        completed.question = Some(query.question.clone());
        completed.product = Some(product.id.to_string());
        (completed.first_words_ms, completed.cached) = (first_words_ms, cached);
        let context = ConversationEvent::AnswerContext(Box::new(context));
        steps.push(Step::event(context, id.clone()));
        let completed = ConversationEvent::AnswerCompleted(Box::new(completed));
        steps.push(Step::event(completed, id));
        steps.extend(ended);
    }
}

/// The repeated answer does not begin with the part that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DiffersFromSent;

impl RunningAnswer {
    fn send_reading(&mut self, steps: &mut Vec<Step>) {
        if !std::mem::replace(&mut self.open.sent_reading, true) {
            self.send_status("Reading Official Manual...", steps);
        }
    }

    fn send_thinking(&mut self, steps: &mut Vec<Step>) {
        self.send_reading(steps);
        if !std::mem::replace(&mut self.open.sent_thinking, true) {
            self.send_status("Thinking...", steps);
        }
    }

    fn send_status(&self, msg: &str, steps: &mut Vec<Step>) {
        let status = ServerMessage::Status { msg: msg.to_owned() };
        steps.push(Step::send(status, self.open.question.id.clone()));
    }

    /// Sends the part of a piece that was not sent before.
    fn send_chunk(&mut self, piece: &str, steps: &mut Vec<Step>) -> Result<(), DiffersFromSent> {
        self.send_thinking(steps);
        let content = self.made.repeat(piece, self.open.sent_text)?.to_owned();
        if content.is_empty() {
            return Ok(());
        }
        self.open.sent_text.push(&content);
        self.made = self.open.sent_text;
        let id = self.open.question.id.clone();
        steps.push(Step::event(ConversationEvent::AnswerChunk { content }, id));
        Ok(())
    }

    /// The sentence for a product without a manual; adds that the picture is not looked at, if the question has one.
    fn no_manual(&self, phrases: &Phrases) -> String {
        match &self.open.question.query.image {
            Some(_) => format!("{} {}", phrases.no_manual, phrases.picture_unseen),
            None => phrases.no_manual.to_string(),
        }
    }
}

/// Length and digest of a text: enough to decide whether another text begins with it. The text itself would make the
/// checkpoint longer with every chunk. Stored as a list of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct TextDigest {
    pub(crate) bytes: usize,
    pub(crate) digest: u64,
}

impl Serialize for TextDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.bytes, self.digest).serialize(serializer)
    }
}

impl Default for TextDigest {
    fn default() -> Self {
        // FNV-1a, 64 bits: the same on every pod and in every build.
        Self { bytes: 0, digest: 0xcbf2_9ce4_8422_2325 }
    }
}

impl TextDigest {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &str) {
        self.bytes += piece.len();
        for byte in piece.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Compares a repeated text, piece by piece, with the part that was sent; `self` is the digest before this piece.
    /// Returns the new end of the piece, which is empty if all of it was sent before. A difference is known once the
    /// repeated text is as long as the part that was sent.
    pub(crate) fn repeat<'a>(
        &mut self,
        piece: &'a str,
        read: TextDigest,
    ) -> Result<&'a str, DiffersFromSent> {
        let rest = read.bytes - self.bytes;
        if piece.len() < rest {
            self.push(piece);
            return Ok("");
        }
        let (again, new) = piece.split_at_checked(rest).ok_or(DiffersFromSent)?;
        self.push(again);
        if *self == read { Ok(new) } else { Err(DiffersFromSent) }
    }
}

/// The end of a question with a trace.
fn ended_question(
    question: &AcceptedQuestion,
    outcome: MessageOutcome,
    answerer: Option<AnswererName>,
) -> Option<Step> {
    let product = question.query.product_id.clone();
    let ended = EndedQuestion { trace: question.trace?, product, outcome, answerer };
    Some(Step::Effect(Effect::QuestionEnded(Box::new(ended))))
}

/// The end of an answer without text.
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
        // Pages are shown; the confidence tells how likely they answer.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(text: &str) -> TextDigest {
        let mut digest_of = TextDigest::default();
        digest_of.push(text);
        digest_of
    }

    #[test]
    fn a_repeated_answer_continues_at_the_end_of_the_first_one() {
        let read = digest_of("Hold the");
        assert_eq!(digest_of("").repeat("Hold", read), Ok(""));
        assert_eq!(digest_of("").repeat("Hold the", read), Ok(""));
        assert_eq!(digest_of("").repeat("Hold the button", read), Ok(" button"));
        assert_eq!(digest_of("Hold").repeat(" the button", read), Ok(" button"));
        assert_eq!(digest_of("").repeat("button", digest_of("")), Ok("button"));
        assert_eq!(digest_of("Press").repeat(" it down", read), Err(DiffersFromSent));
        assert_eq!(
            digest_of("Hold t").repeat("ö", read),
            Err(DiffersFromSent),
            "even amid a letter"
        );
        assert_eq!(
            digest_of("Hold th").repeat("ö", read),
            Err(DiffersFromSent),
            "even amid a letter"
        );
    }
}
