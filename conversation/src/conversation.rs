//! The state machine of one visitor's conversation: a router over the machines that own its state.
//!
//! Owns      the last offset, the visitor's language, the ids of messages that were read.
//! Receives  an [`Input`]: a message of the visitor, a report of the answerer, the log, the desk or an agent.
//! Returns   [`Effect`]s, in order.
//! Never     waits, sends or reads a clock; the session performs the effects.
//!
//! [`AnswerRun`] answers questions, [`Handoff`] knows whether an agent has the conversation, [`Resume`] knows which
//! conversation it is, [`Prediction`] answers keystrokes. None of them knows another: each returns [`Step`]s, and the
//! router gives the events among them their offsets.

use std::sync::Arc;

use hsc_catalogs::{Product, Snapshot};

use crate::Tokens;
use crate::answer_run::{
    AcceptedQuestion, AnswerFailure, AnswerRun, AnswerStart, BUSY, LOST, OpenAnswer, TextDigest,
};
use crate::archive::Visitor;
use crate::checkpoint::{Checkpoint, HandoffAndTopic};
use crate::desk::{DeskUpdate, HandoffRequest, TicketDetails};
use crate::event::{ConversationEvent, LogEntry};
use crate::handoff::{Handoff, WishOutcome};
use crate::input::{Effect, Input, OpeningResult, Rules, Step};
use crate::language::{self, Phrases};
use crate::log::TakenOver;
use crate::may_stand;
use crate::message_id::MessageIds;
use crate::prediction::{Prediction, PredictionCache};
use crate::protocol::{
    ClientFrame, ClientMessage, ErrorCode, Feedback, HandoffWish, Hello, MessageId, QueryMessage,
    ServerMessage, VisitorMessage,
};
use crate::resume::{EarlierOwner, Opened, Resume};
use crate::topic::Topic;
use crate::trace_context::QuestionTrace;
use crate::visitor_identity::{VisitorIdentity, VisitorTokenVerifier};

/// Crashes of the session after which an answer is not repeated: the answer probably causes the crash.
const CRASHES_OF_AN_ANSWER: u32 = 2;
/// The same for crashes of the pod. Higher, because a pod mostly ends for other reasons.
const PODS_OF_AN_ANSWER: u32 = 3;

/// Begins the trace of a question; the conversation adds the time. None for a question without a trace.
pub type QuestionTracer = Arc<dyn Fn() -> Option<QuestionTrace> + Send + Sync>;

/// A visitor's conversation. Only this type assigns offsets.
pub struct Conversation {
    catalog: Arc<Snapshot>,
    rules: Arc<Rules>,
    /// Checks that a picture belongs to this conversation; without tokens it has no pictures.
    tokens: Option<Arc<Tokens>>,
    /// None if traces are off.
    tracer: Option<QuestionTracer>,
    /// The client wants predictions without the whole catalog entry.
    compact: bool,
    /// The visitor's language.
    locale: Option<String>,
    /// The last offset that was assigned.
    offset: u64,
    /// The time of the present input, milliseconds since 1970.
    now_ms: u64,
    /// The effects of the present input.
    effects: Vec<Effect>,
    ids: MessageIds,
    identity: VisitorIdentity,
    topic: Topic,
    prediction: Prediction,
    answers: AnswerRun,
    handoff: Handoff,
    resume: Resume,
}

impl Conversation {
    /// A new conversation over the catalog, with the id and token of its `welcome`.
    pub fn new(id: Arc<str>, token: String, catalog: Arc<Snapshot>, rules: Arc<Rules>) -> Self {
        Self {
            tokens: None,
            tracer: None,
            compact: false,
            locale: None,
            offset: 0,
            now_ms: 0,
            effects: Vec::new(),
            ids: MessageIds::default(),
            identity: VisitorIdentity::default(),
            topic: Topic::default(),
            prediction: Prediction::new(rules.prefetch_confidence),
            answers: AnswerRun::new(Arc::clone(&catalog)),
            handoff: Handoff::default(),
            resume: Resume::new(id, token, Arc::clone(&rules)),
            catalog,
            rules,
        }
    }

    /// Sets the cache of predictions for keystrokes.
    pub fn with_prediction_cache(mut self, predicted: Arc<dyn PredictionCache>) -> Self {
        self.prediction.set_cache(predicted);
        self
    }

    /// Sets the tokens that check whether a picture belongs to the conversation.
    pub fn with_tokens(mut self, tokens: Arc<Tokens>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Sets the verifier of visitor tokens; without one every visitor is anonymous.
    #[must_use]
    pub fn with_visitor_verifier(
        mut self,
        verifier: Option<Arc<dyn VisitorTokenVerifier>>,
    ) -> Self {
        self.identity.verify_with(verifier);
        self
    }

    /// Sets what begins the trace of each new question.
    pub fn trace_questions(&mut self, tracer: Option<QuestionTracer>) {
        self.tracer = tracer;
    }

    /// Its id.
    pub fn id(&self) -> &Arc<str> {
        self.resume.id()
    }

    /// The last offset that was assigned.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Proves that a client may continue it; empty before its first `hello`.
    pub fn token(&self) -> &str {
        self.resume.token()
    }

    /// True while an answer is being made.
    pub fn is_answering(&self) -> bool {
        self.answers.is_running()
    }

    /// The name of the agent who has the conversation.
    pub fn agent(&self) -> Option<&str> {
        self.handoff.agent_name()
    }

    /// The visitor, if the embedding site signed a visitor token.
    pub fn visitor(&self) -> Option<&Visitor> {
        self.identity.visitor()
    }

    /// The input that the running answer was lost.
    pub fn answer_lost(&self) -> Input {
        Input::AnswerLost { answer: self.answers.running_number() }
    }

    /// The product of the running answer.
    pub fn product(&self) -> Option<&Arc<Product>> {
        self.answers.product()
    }

    /// Sets the time of the inputs that follow, in milliseconds since 1970.
    pub fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = now_ms;
        self
    }

    /// Applies an input and returns its effects, in order.
    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Received(frame) => self.receive(frame),
            Input::VisitorToken { token } => {
                let refusal = self.identity.introduce(&token, None);
                self.take(refusal);
            }
            Input::InvalidMessage(bad) => {
                self.take([Step::error(bad.code, bad.message, bad.id)]);
            }
            Input::RateLimited => {
                let message = "Too many messages: slow down, this one was not read";
                self.take([Step::error(ErrorCode::RateLimited, message, None)]);
            }
            Input::Answering { answer, event } => {
                let steps = self.answers.apply(answer, event, self.phrases());
                self.take(steps);
                self.start_next();
            }
            Input::FirstWords { answer, after_ms } => self.answers.first_words(answer, after_ms),
            Input::AnswerLost { answer } => self.answer_failed(answer, LOST),
            Input::AnswerRefused { answer } => self.answer_failed(answer, BUSY),
            Input::AnswerWaits { answer, place } => {
                let step = self.answers.waits(answer, place);
                self.take(step);
            }
            Input::PrefetchDue { prediction } => {
                self.effects.extend(self.prediction.settled(prediction))
            }
            Input::Opened(result) => self.opened(result),
            Input::Desk(update) => self.desk(update),
            Input::AgentChatMessage(message) => {
                let steps = self.handoff.agent_message(*message, &mut self.ids);
                self.take(steps);
            }
            Input::AgentTyping { agent, typing } => {
                let step = self.handoff.agent_typing(&agent, typing);
                self.take(step);
            }
        }
        self.describe_visitor();
        std::mem::take(&mut self.effects)
    }

    /// Writes the state that survives a crash. True when something changed that the next owner of
    /// the conversation needs.
    pub fn write_checkpoint(&self, checkpoint: &mut Checkpoint) -> bool {
        let open = self.answers.open();
        let sent = |open: &OpenAnswer| (open.sent_text, open.crashes);
        let numbers = (self.offset, self.answers.number());
        let mut is_new = checkpoint.compact != self.compact
            || checkpoint.locale != self.locale
            || (checkpoint.offset, checkpoint.answers) != numbers
            || checkpoint.open.as_deref().map(sent) != open.map(sent)
            || checkpoint.pending.len() != self.answers.queue().len()
            || checkpoint.visitor.as_ref() != self.identity.visitor();
        (checkpoint.compact, checkpoint.epoch) = (self.compact, self.resume.epoch());
        (checkpoint.offset, checkpoint.answers) = numbers;
        checkpoint.locale.clone_from(&self.locale);
        checkpoint.visitor = self.identity.visitor().cloned();
        checkpoint.open = open.map(|open| Box::new(open.clone()));
        checkpoint.pending.clone_from(self.answers.queue());
        checkpoint.greeting = self.resume.greeting().cloned().map(Box::new);
        let HandoffAndTopic { handoff, topic } = &mut checkpoint.handoff_and_topic;
        if *handoff != self.handoff {
            is_new = true;
            handoff.clone_from(&self.handoff);
        }
        if *topic != self.topic {
            is_new = true;
            topic.clone_from(&self.topic);
        }
        is_new |= checkpoint.seen.copy_from(&self.ids);
        is_new
    }

    /// Continues after a crash. The running answer is repeated, and only the part that was not sent is sent; an
    /// answer that crashes twice ends with an error.
    pub fn recover(&mut self, checkpoint: Checkpoint) -> Vec<Effect> {
        (self.compact, self.offset) = (checkpoint.compact, checkpoint.offset);
        let (epoch, greeting) = (checkpoint.epoch, checkpoint.greeting.clone());
        let step = self.resume.restore(epoch, greeting, self.offset);
        self.take(step);
        self.restore(checkpoint, Some(CRASHES_OF_AN_ANSWER));
        std::mem::take(&mut self.effects)
    }

    /// Completes the answer of a pod that vanished, without a client.
    pub fn adopt(&mut self, taken: TakenOver) -> Vec<Effect> {
        let (follow, EarlierOwner { offset, checkpoint }) = self.resume.adopt(taken);
        self.offset = offset;
        self.take([follow]);
        self.restore(checkpoint, Some(PODS_OF_AN_ANSWER));
        std::mem::take(&mut self.effects)
    }

    /// Performs the steps of a state machine: assigns each event its offset.
    fn take(&mut self, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            match step {
                Step::Effect(effect) => self.effects.push(effect),
                Step::Event(event, reply_to) => {
                    if event.is_sent() {
                        self.offset += 1;
                    }
                    let entry = LogEntry {
                        offset: self.offset,
                        epoch: self.resume.epoch(),
                        at_ms: Some(self.now_ms),
                        reply_to,
                        event: *event,
                    };
                    self.topic.observe(&entry);
                    self.effects.push(Effect::Event(Box::new(entry)));
                }
            }
        }
    }

    /// Handles a message of the visitor.
    fn receive(&mut self, frame: ClientFrame) {
        let is_typing =
            matches!(frame.message, ClientMessage::Typing(_) | ClientMessage::Understand(_));
        if !is_typing && self.resume.is_opening() {
            let refusal = self.resume.hold(frame);
            return self.take(refusal);
        }
        let ClientFrame { id, message } = frame;
        let is_new = id.as_ref().is_none_or(|id| self.ids.insert(id, !is_typing));
        // A client repeats a rating until it is acknowledged, and the acknowledgement may be what was lost.
        let is_rating = matches!(message, ClientMessage::Feedback(_) | ClientMessage::Csat(_));
        if !is_new && !is_rating {
            return;
        }
        match message {
            ClientMessage::Typing(content) => self.typed(&content, id),
            ClientMessage::Understand(content) => self.understand(&content, id),
            ClientMessage::Query(query) => self.ask(query, id),
            ClientMessage::Hello(hello) => self.hello(hello, id),
            ClientMessage::About(about) => self.topic.about(about, &self.catalog.load()),
            ClientMessage::Cancel => self.cancel(),
            ClientMessage::Handoff(wish) => self.wish(wish, id),
            ClientMessage::Message(message) => self.visitor_message(message, id),
            ClientMessage::Feedback(feedback) if !self.topic.is_answer(feedback.offset) => {
                let message = "There is no answer at this offset; send that of its 'final_answer'.";
                self.take([Step::error(ErrorCode::NoSuchAnswer, message, id)]);
            }
            ClientMessage::Feedback(Feedback { offset: answer, thumb, comment }) => {
                let rating = ConversationEvent::AnswerRated { answer, thumb, comment };
                self.rate(rating, id, is_new);
            }
            ClientMessage::Csat(rating) => {
                self.rate(ConversationEvent::ConversationRated(rating), id, is_new);
            }
            ClientMessage::Bye => self.bye(),
        }
    }

    fn typed(&mut self, content: &str, id: Option<MessageId>) {
        let catalog = self.catalog.load();
        let (data, await_calm) = self.prediction.predict(&catalog, content, self.compact);
        self.effects.extend(await_calm);
        let typing = self.handoff.visitor_typing(!content.is_empty());
        self.take(typing);
        self.take([Step::send(ServerMessage::Prediction { data }, id)]);
    }

    /// Typing paused: returns the meaning of the whole text. Opens nothing; the client decides.
    fn understand(&mut self, content: &str, id: Option<MessageId>) {
        let catalog = self.catalog.load();
        let understood = self.prediction.understand(&catalog, content, self.compact);
        self.take([Step::send(ServerMessage::Understood(Box::new(understood)), id)]);
    }

    fn hello(&mut self, hello: Hello, id: Option<MessageId>) {
        if let Some(token) = &hello.visitor {
            let refusal = self.identity.introduce(token, id.clone());
            self.take(refusal);
        }
        self.compact = hello.compact;
        self.locale = hello.locale.filter(|locale| language::is_tag(locale));
        let is_first = self.offset == 0 && !self.answers.is_running();
        let step = self.resume.hello(hello.resume, id, is_first, self.offset);
        self.take([step]);
    }

    /// The log is open, or it is unavailable.
    fn opened(&mut self, result: OpeningResult) {
        let Some(Opened { steps, before, held }) = self.resume.opened(result, self.offset) else {
            return;
        };
        if let Some(EarlierOwner { offset, mut checkpoint }) = before {
            self.offset = offset;
            self.take(steps);
            // The client's present locale is newer.
            checkpoint.locale = self.locale.take().or(checkpoint.locale);
            checkpoint.visitor = self.identity.visitor().cloned().or(checkpoint.visitor);
            self.restore(checkpoint, None);
        } else {
            self.take(steps);
        }
        for frame in held {
            self.receive(frame);
        }
    }

    /// Restores questions and answers from a checkpoint. `crashes` is the number of crashes after which an answer is
    /// given up; this one counts. None if there was no crash.
    fn restore(&mut self, checkpoint: Checkpoint, crashes: Option<u32>) {
        self.locale = checkpoint.locale;
        self.identity.restore(checkpoint.visitor);
        self.answers.restore(checkpoint.answers, checkpoint.pending);
        let HandoffAndTopic { handoff, topic } = checkpoint.handoff_and_topic;
        self.topic = topic;
        let steps = self.handoff.restore(handoff);
        self.take(steps);
        self.ids.restore(checkpoint.seen);
        if let Some(mut open) = checkpoint.open {
            open.crashes += u32::from(crashes.is_some());
            let is_given_up = crashes.is_some_and(|most| open.crashes >= most);
            self.start_answer(*open, false, is_given_up);
        }
        self.start_next();
    }

    /// Handles a question: it is answered, it is queued, or the agent gets it.
    fn ask(&mut self, query: QueryMessage, id: Option<MessageId>) {
        if query.replace {
            self.cancel();
        }
        let begun = self.tracer.as_ref().and_then(|begin| begin());
        let trace = begun.map(|trace| QuestionTrace { asked_at_ms: self.now_ms, ..trace });
        let question = AcceptedQuestion { id, query: Arc::new(query), lost_picture: false, trace };
        if self.answers.is_running() {
            let refusal = self.answers.enqueue(question, self.rules.pending_questions);
            self.take(refusal);
        } else {
            self.start(question);
        }
    }

    /// Starts the questions in the queue until one runs.
    fn start_next(&mut self) {
        while let Some(question) = self.answers.next_question() {
            self.start(question);
        }
    }

    fn start(&mut self, question: AcceptedQuestion) {
        if self.handoff.has_agent() {
            let content = question.query.question.clone();
            let message = VisitorMessage { content, upload: None };
            return self.visitor_message(message, question.id);
        }
        self.detect_language(&question.query.question);
        let open = OpenAnswer {
            question,
            sent_text: TextDigest::default(),
            sent_reading: false,
            sent_thinking: false,
            crashes: 0,
        };
        self.start_answer(open, true, false);
    }

    /// Starts an answer. `is_new` is false for a repeated one.
    fn start_answer(&mut self, open: OpenAnswer, is_new: bool, is_given_up: bool) {
        let catalog = self.catalog.load();
        let product = match AnswerRun::product_of(&open.question, &catalog) {
            Ok(product) => product,
            Err(refusal) => return self.take([*refusal]),
        };
        let (id, query) = (open.question.id.clone(), Arc::clone(&open.question.query));
        self.topic.question_asked(&product, query.scenario, &query.question);
        if is_new {
            self.record_visitor();
            let event = ConversationEvent::QuestionAsked {
                question: query.question.clone(),
                product: query.product_id.clone(),
                language: self.locale.clone(),
            };
            self.take([Step::event(event, id)]);
        }
        let start = AnswerStart {
            catalog: &catalog,
            product,
            conversation: Arc::clone(self.id()),
            previous: self.topic.previous(),
            locale: self.locale.clone(),
            phrases: self.phrases(),
            is_earlier_client: !self.resume.is_welcomed(),
            is_given_up,
        };
        let steps = self.answers.start(open, start);
        self.take(steps);
    }

    fn answer_failed(&mut self, answer: u64, why: AnswerFailure) {
        let steps = self.answers.fail(answer, why, self.phrases());
        self.take(steps);
        self.start_next();
    }

    fn cancel(&mut self) {
        let steps = self.answers.cancel();
        self.take(steps);
    }

    /// The visitor wants an agent, or withdraws.
    fn wish(&mut self, wish: HandoffWish, id: Option<MessageId>) {
        let step = match self.handoff.wish(wish, id, self.resume.is_welcomed()) {
            WishOutcome::AskDesk => {
                self.record_visitor();
                let request = self.handoff_request();
                Some(self.handoff.request(request))
            }
            WishOutcome::Done(step) => step,
        };
        self.take(step);
    }

    /// Sends a message of the visitor to the agent.
    fn visitor_message(&mut self, message: VisitorMessage, id: Option<MessageId>) {
        let has_upload = |upload: &str| {
            let tokens = self.tokens.as_ref();
            tokens.is_some_and(|tokens| may_stand(tokens, upload, self.id(), self.now_ms))
        };
        if let Some(refusal) = self.handoff.refusal(&message, id.as_ref(), has_upload) {
            return self.take([refusal]);
        }
        self.detect_language(&message.content);
        let steps = self.handoff.visitor_message(message, id, self.now_ms);
        self.take(steps);
    }

    /// Handles a report of the desk.
    fn desk(&mut self, update: DeskUpdate) {
        if matches!(update, DeskUpdate::Lost) {
            let request = self.handoff_request();
            let step = self.handoff.put_back(request);
            return self.take(step);
        }
        let phrases = self.phrases();
        let outcome = self.handoff.apply(update, &mut self.ids, phrases);
        self.take(outcome.steps);
        // The answer has the id of the visitor's message.
        if let Some((question, id)) = outcome.left_unanswered
            && let Some(query) = self.topic.question(question)
        {
            self.ask(query, id);
        }
    }

    /// The visitor ends the conversation.
    fn bye(&mut self) {
        self.cancel();
        if let Some(tokens) = &self.tokens {
            let steps = self.resume.end(tokens, self.offset);
            self.take(steps);
        }
        self.take([self.handoff.bye()]);
    }

    /// A new rating is recorded. Every rating with an id is acknowledged.
    fn rate(&mut self, rating: ConversationEvent, id: Option<MessageId>, is_new: bool) {
        if is_new {
            self.take([Step::event(rating, id.clone())]);
        }
        if id.is_some() {
            self.take([Step::send(ServerMessage::Ack, id)]);
        }
    }

    /// Sends new facts about the visitor to the archive and, while the conversation is at the desk, to the desk.
    /// Called after every input.
    fn describe_visitor(&mut self) {
        if self.handoff.is_at_desk() {
            self.record_visitor();
            let step = self.handoff.describe(self.details());
            self.take(step);
        }
    }

    /// Records new facts about the visitor.
    fn record_visitor(&mut self) {
        let details = self.details();
        let described = self.topic.describe(self.identity.visitor(), details);
        self.take(described.map(|event| Step::event(event, None)));
    }

    fn details(&self) -> TicketDetails {
        TicketDetails {
            visitor: self.visitor().and_then(|visitor| visitor.name.clone()),
            locale: self.locale.clone(),
            reason: self.handoff.reason().map(str::to_owned),
            ..self.topic.details()
        }
    }

    fn handoff_request(&self) -> HandoffRequest {
        HandoffRequest {
            conversation: Arc::clone(self.id()),
            details: self.details(),
            last: self.topic.last().map(str::to_owned),
            since_ms: None,
            agent: None,
            awaits_answer: self.handoff.awaits_answer(),
        }
    }

    /// The language of the visitor's text wins over the language of the page.
    fn detect_language(&mut self, words: &str) {
        self.locale = language::after(self.locale.take(), words);
    }

    /// The phrases of the assistant, in the visitor's language.
    fn phrases(&self) -> &'static Phrases {
        Phrases::of(self.locale.as_deref())
    }
}
