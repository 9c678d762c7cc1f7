//! How a conversation goes on: after a crash of its rules, after a `hello`, on another pod.

use std::sync::Arc;

use crate::event::LogEntry;
use crate::log::{MissedEntries, OwnedConversation, StoredEntry, TakenOver};
use crate::protocol::{Hello, MessageId, ServerMessage, Welcome};

use crate::checkpoint::{Checkpoint, PendingHello, TextDigest};
use crate::conversation::Conversation;
use crate::conversation::{LOST, transient};
use crate::input::Effect;
use crate::opening::{NotResumed, Opening, OpeningResult, UNLOGGED};

/// Crashes of its session after which an answer is not tried again: it is likely to be what crashes.
const CRASHES_OF_AN_ANSWER: u32 = 2;
/// The same, of pods. More, since a pod that ends mostly ends for reasons of its own.
const PODS_OF_AN_ANSWER: u32 = 3;
/// Longest language tag that is kept.
const LOCALE_BYTES: usize = 35;

impl Conversation {
    /// Writes down what has to outlive a crash of these rules. True when something changed that whoever
    /// takes the conversation over has to know.
    pub fn write_checkpoint(&self, checkpoint: &mut Checkpoint) -> bool {
        let open = self.running.as_ref().map(|running| &running.open);
        let said = |open: &crate::checkpoint::OpenAnswer| (open.said, open.crashes);
        let mut is_news = checkpoint.compact != self.compact
            || checkpoint.locale != self.locale
            || (checkpoint.offset, checkpoint.answers) != (self.offset, self.answers)
            || checkpoint.open.as_deref().map(said) != open.map(said)
            || checkpoint.pending.len() != self.pending.len()
            || checkpoint.visitor != self.visitor;
        (checkpoint.compact, checkpoint.epoch) = (self.compact, self.epoch);
        (checkpoint.offset, checkpoint.answers) = (self.offset, self.answers);
        checkpoint.locale.clone_from(&self.locale);
        checkpoint.visitor.clone_from(&self.visitor);
        checkpoint.open = open.map(|open| Box::new(open.clone()));
        checkpoint.pending.clone_from(&self.pending);
        checkpoint.greeting.clone_from(&self.greeting);
        if checkpoint.handoff != self.handoff {
            is_news = true;
            checkpoint.handoff.clone_from(&self.handoff);
        }
        // With every piece of an answer it would be copied for nothing.
        if checkpoint.seen.back() != self.seen.back() {
            is_news |= self.seen.back().is_some_and(|seen| seen.matters);
            checkpoint.seen.clone_from(&self.seen);
        }
        is_news
    }

    /// Goes on where a conversation was that crashed. Its running answer is made again, and only what
    /// the visitor has not read is sent; an answer that crashes twice ends, and says so.
    pub fn recall(&mut self, checkpoint: Checkpoint) -> Vec<Effect> {
        let mut effects = Vec::new();
        (self.compact, self.epoch) = (checkpoint.compact, checkpoint.epoch);
        self.offset = checkpoint.offset;
        if let Some(greeting) = &checkpoint.greeting {
            // Whatever it had come to, nobody heard of it.
            effects.push(Effect::Open(self.opening(greeting)));
        }
        self.greeting = checkpoint.greeting.clone();
        self.go_on(
            Checkpoint { greeting: None, ..checkpoint },
            Some(CRASHES_OF_AN_ANSWER),
            &mut effects,
        );
        effects
    }

    /// Completes what a pod that vanished has left, with nobody at the socket.
    pub fn adopt(&mut self, taken: TakenOver) -> Vec<Effect> {
        let mut effects = Vec::new();
        (self.epoch, self.offset) = (taken.epoch, taken.offset);
        self.follow(true, false, taken.from.clone(), &mut effects);
        let checkpoint =
            taken.checkpoint.as_deref().and_then(Checkpoint::decode).unwrap_or_default();
        self.go_on(checkpoint, Some(PODS_OF_AN_ANSWER), &mut effects);
        effects
    }

    /// Takes questions and answers over from checkpoint. `crashes` is how many an answer may live through
    /// where this is one more.
    fn go_on(&mut self, checkpoint: Checkpoint, crashes: Option<u32>, effects: &mut Vec<Effect>) {
        self.locale = checkpoint.locale;
        self.visitor = checkpoint.visitor;
        self.answers = checkpoint.answers;
        self.pending = checkpoint.pending;
        self.goes_on_with(checkpoint.handoff, effects);
        let typed_since = std::mem::replace(&mut self.seen, checkpoint.seen);
        self.seen.extend(typed_since);
        if let Some(mut open) = checkpoint.open {
            open.crashes += u32::from(crashes.is_some());
            let again = crashes.is_none_or(|most| open.crashes < most);
            self.start_open(*open, effects);
            if !again && self.running.is_some() {
                // Started in name only: the answer is not to be made.
                effects.retain(|effect| !matches!(effect, Effect::StartAnswer { .. }));
                self.answer_failed(self.answers, LOST, effects);
            }
        }
        self.start_next(effects);
    }

    pub(super) fn greeted(
        &mut self,
        hello: Hello,
        id: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(token) = &hello.visitor {
            self.introduced(token, id.clone(), effects);
        }
        self.compact = hello.compact;
        self.locale = hello.locale.filter(|locale| is_language_tag(locale));
        if self.epoch > 0 {
            let reason = hello.resume.map(|_| NotResumed::Late.to_string());
            effects.push(self.welcome(id, false, reason));
            return;
        }
        // Once something was said here it is another conversation than the one that is named.
        let is_first = self.offset == 0 && self.running.is_none();
        let is_late = hello.resume.is_some() && !is_first;
        let resume = hello.resume.filter(|_| is_first);
        let greeting = PendingHello { id, resume, is_late, held: Vec::new() };
        effects.push(Effect::Open(self.opening(&greeting)));
        self.greeting = Some(Box::new(greeting));
    }

    fn opening(&self, greeting: &PendingHello) -> Opening {
        Opening { resume: greeting.resume.clone(), offset: self.offset }
    }

    /// The log is open, or it is known that it is not: welcome, what was missed, what was held.
    pub(super) fn opened(&mut self, opened: OpeningResult, effects: &mut Vec<Effect>) {
        let Some(greeting) = self.greeting.take() else { return };
        let PendingHello { id, is_late, held, .. } = *greeting;
        match opened {
            OpeningResult::Begun { token, is_logged, not_resumed } => {
                (self.epoch, self.token) = (1, token);
                self.follow(is_logged, false, None, effects);
                let why = not_resumed.or(is_late.then_some(NotResumed::Late));
                let reason = why.map(|why| why.to_string());
                let reason = reason.or_else(|| (!is_logged).then(|| UNLOGGED.to_owned()));
                effects.push(self.welcome(id, false, reason));
            }
            OpeningResult::TakenOver { conversation, token, taken } => {
                let TakenOver { epoch, offset, missed, checkpoint, from } = *taken;
                (self.id, self.token) = (conversation, token);
                (self.epoch, self.offset) = (epoch, offset);
                let read = checkpoint.as_deref().map(Checkpoint::decode);
                let missed = match missed {
                    // Without them it is not known how far an answer was said, and it would be said twice.
                    _ if matches!(read, Some(None)) => Err(NotResumed::Ahead),
                    MissedEntries::All(stored) => {
                        // What a later version wrote cannot be sent.
                        let entries: Result<Vec<LogEntry>, _> =
                            stored.iter().map(StoredEntry::read).collect();
                        entries.map_err(|_| NotResumed::Gone)
                    }
                    MissedEntries::Gone => Err(NotResumed::Gone),
                    MissedEntries::Ahead => Err(NotResumed::Ahead),
                };
                let mut checkpoint = read.flatten().unwrap_or_default();
                let is_held = missed.is_err();
                self.follow(true, is_held, from, effects);
                // What the client says of itself now is newer.
                checkpoint.locale = self.locale.take().or(checkpoint.locale);
                checkpoint.visitor = self.visitor.take().or(checkpoint.visitor);
                match missed {
                    Ok(entries) => {
                        effects.push(self.welcome(id, true, None));
                        if !entries.is_empty() {
                            effects.push(Effect::Replay(entries));
                        }
                    }
                    Err(why) => {
                        effects.push(self.welcome(id, false, Some(why.to_string())));
                        forget_what_was_read(&mut checkpoint);
                    }
                }
                self.go_on(checkpoint, None, effects);
            }
        }
        for frame in held {
            self.heard(frame, effects);
        }
    }

    /// The tokens of the conversation are over. Its client gets one more, as another welcome, that is good for a
    /// short time: it rates the conversation and takes it along.
    pub(super) fn end_tokens(&mut self, effects: &mut Vec<Effect>) {
        // Before `hello` there is no token.
        if self.epoch == 0 {
            return;
        }
        let Some(tokens) = &self.tokens else { return };
        let keep = tokens.ttl();
        self.token = tokens.sign_ended(&self.id, self.epoch);
        effects.push(Effect::EndTokens { keep });
        effects.push(self.welcome(None, true, None));
    }

    fn follow(
        &self,
        is_logged: bool,
        is_held: bool,
        from: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let owned = OwnedConversation { conversation: self.id.clone(), epoch: self.epoch };
        effects.push(Effect::Follow { owned, offset: self.offset, is_logged, is_held, from });
    }

    fn welcome(&self, id: Option<MessageId>, recovered: bool, reason: Option<String>) -> Effect {
        let welcome = Welcome {
            conversation: self.id.to_string(),
            token: self.token.clone(),
            epoch: self.epoch,
            offset: self.offset,
            recovered,
            reason,
            limits: self.rules.limits.clone(),
        };
        transient(ServerMessage::Welcome(welcome), id)
    }
}

/// Whether it has the form of a language tag (RFC 5646): agents read it beside other text.
fn is_language_tag(locale: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    locale.len() <= LOCALE_BYTES && locale.bytes().all(fits)
}

/// The client does not have the whole of what was said: an answer that is open is told it from its
/// beginning, and a question that it repeats, because its answer was lost, is answered again.
fn forget_what_was_read(checkpoint: &mut Checkpoint) {
    if let Some(open) = &mut checkpoint.open {
        (open.said, open.said_reading, open.said_thinking) = (TextDigest::default(), false, false);
    }
    let open = checkpoint.open.iter().map(|open| &open.asked);
    let waiting: Vec<&Option<MessageId>> =
        open.chain(&checkpoint.pending).map(|asked| &asked.id).collect();
    checkpoint.seen.retain(|seen| waiting.iter().any(|id| id.as_ref() == Some(&seen.id)));
}
