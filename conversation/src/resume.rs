//! The identity of a conversation, and how it continues: after a `hello`, on another pod, after a crash.
//!
//! Owns      the id, the token and the epoch of the conversation, the `hello` that has no `welcome` yet and the
//!           messages received after it.
//! Receives  `hello`, the reply of the log, the end of the conversation.
//! Returns   the opening of the log, `welcome`, the missed entries, and the checkpoint to continue from.

use std::sync::Arc;

use crate::Tokens;
use crate::checkpoint::{Checkpoint, PendingHello};
use crate::event::LogEntry;
use crate::input::{Effect, NotResumed, Opening, OpeningResult, Rules, Step, UNLOGGED};
use crate::log::{MissedEntries, OwnedConversation, StoredEntry, TakenOver};
use crate::protocol::{self, ClientFrame, ErrorCode, MessageId, ServerMessage, Welcome};

/// Messages, beyond the questions of the queue, that are held while a conversation is being opened.
const HELD_BESIDE: usize = 4;

/// The identity of a conversation and its `hello`.
pub(crate) struct Resume {
    rules: Arc<Rules>,
    id: Arc<str>,
    token: String,
    /// The epoch of this owner; 0 before the first `hello`.
    epoch: u64,
    greeting: Option<Box<PendingHello>>,
}

/// The result of an opened log.
pub(crate) struct Opened {
    pub(crate) steps: Vec<Step>,
    /// The state to continue from, if another owner had the conversation.
    pub(crate) before: Option<EarlierOwner>,
    /// Messages that waited for the `welcome`.
    pub(crate) held: Vec<ClientFrame>,
}

/// The state of an earlier owner.
pub(crate) struct EarlierOwner {
    /// The last offset that was assigned.
    pub(crate) offset: u64,
    pub(crate) checkpoint: Checkpoint,
}

impl Resume {
    pub(crate) fn new(id: Arc<str>, token: String, rules: Arc<Rules>) -> Self {
        Self { rules, id, token, epoch: 0, greeting: None }
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Proves that a client may continue the conversation; empty before its first `hello`.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The `hello` that has no `welcome` yet.
    pub(crate) fn greeting(&self) -> Option<&PendingHello> {
        self.greeting.as_deref()
    }

    /// True once the client has sent `hello` and has its `welcome`.
    pub(crate) fn is_welcomed(&self) -> bool {
        self.epoch > 0
    }

    /// True while a `hello` waits for the log.
    pub(crate) fn is_opening(&self) -> bool {
        self.greeting.is_some()
    }

    /// After a crash: repeats an opening that was under way. The result of the first opening was dropped with
    /// the crashed state.
    pub(crate) fn restore(
        &mut self,
        epoch: u64,
        greeting: Option<Box<PendingHello>>,
        offset: u64,
    ) -> Option<Step> {
        (self.epoch, self.greeting) = (epoch, greeting);
        self.greeting.as_ref().map(|greeting| open(greeting, offset))
    }

    /// Handles a `hello`. `is_first` is true while no question was asked in this conversation.
    pub(crate) fn hello(
        &mut self,
        resume: Option<protocol::Resume>,
        id: Option<MessageId>,
        is_first: bool,
        offset: u64,
    ) -> Step {
        if self.is_welcomed() {
            let reason = resume.map(|_| NotResumed::Late.to_string());
            return self.welcome(id, offset, false, reason);
        }
        // After its first message the conversation cannot become the named one.
        let is_late = resume.is_some() && !is_first;
        let resume = resume.filter(|_| is_first);
        let greeting = PendingHello { id, resume, is_late, held: Vec::new() };
        let step = open(&greeting, offset);
        self.greeting = Some(Box::new(greeting));
        step
    }

    /// Holds a message until the conversation is known; an error when too many are held.
    pub(crate) fn hold(&mut self, frame: ClientFrame) -> Option<Step> {
        let greeting = self.greeting.as_mut()?;
        if greeting.held.len() < self.rules.pending_questions + HELD_BESIDE {
            greeting.held.push(frame);
            return None;
        }
        let message = "the conversation is still being opened; send this again after 'welcome'";
        Some(Step::error(ErrorCode::TooManyQuestions, message, frame.id))
    }

    /// The log is open, or unavailable: `welcome` and the missed entries. None if no `hello` waits.
    pub(crate) fn opened(&mut self, result: OpeningResult, offset: u64) -> Option<Opened> {
        let PendingHello { id, is_late, held, .. } = *self.greeting.take()?;
        match result {
            OpeningResult::Begun { token, is_logged, not_resumed } => {
                (self.epoch, self.token) = (1, token);
                let why = not_resumed.or(is_late.then_some(NotResumed::Late));
                let reason = why.map(|why| why.to_string());
                let reason = reason.or_else(|| (!is_logged).then(|| UNLOGGED.to_owned()));
                let steps = vec![
                    self.follow(offset, is_logged, false, None),
                    self.welcome(id, offset, false, reason),
                ];
                Some(Opened { steps, before: None, held })
            }
            OpeningResult::TakenOver { conversation, token, taken } => {
                let TakenOver { epoch, offset, missed, checkpoint, from } = *taken;
                (self.id, self.token, self.epoch) = (conversation, token, epoch);
                let read = checkpoint.as_deref().map(Checkpoint::decode);
                let missed = match missed {
                    // Without a checkpoint the part of an answer that was sent is unknown, and would be sent twice.
                    _ if matches!(read, Some(None)) => Err(NotResumed::Ahead),
                    missed => entries(missed),
                };
                let mut checkpoint = read.flatten().unwrap_or_default();
                let mut steps = vec![self.follow(offset, true, missed.is_err(), from)];
                match missed {
                    Ok(entries) => {
                        steps.push(self.welcome(id, offset, true, None));
                        if !entries.is_empty() {
                            steps.push(Step::Effect(Effect::Replay(entries)));
                        }
                    }
                    Err(why) => {
                        steps.push(self.welcome(id, offset, false, Some(why.to_string())));
                        checkpoint.forget_what_was_read();
                    }
                }
                Some(Opened { steps, before: Some(EarlierOwner { offset, checkpoint }), held })
            }
        }
    }

    /// Continues the conversation of a pod that vanished, without a client.
    pub(crate) fn adopt(&mut self, taken: TakenOver) -> (Step, EarlierOwner) {
        let TakenOver { epoch, offset, checkpoint, from, .. } = taken;
        self.epoch = epoch;
        let checkpoint = checkpoint.as_deref().and_then(Checkpoint::decode).unwrap_or_default();
        (self.follow(offset, true, false, from), EarlierOwner { offset, checkpoint })
    }

    /// The conversation was ended and its tokens with it. The client gets a last token, in another `welcome`, that is
    /// valid for a short time: to rate the conversation and to download it.
    pub(crate) fn end(&mut self, tokens: &Tokens, offset: u64) -> Vec<Step> {
        // Before `hello` there is no token.
        if !self.is_welcomed() {
            return Vec::new();
        }
        self.token = tokens.sign_ended(&self.id, self.epoch);
        vec![
            Step::Effect(Effect::EndTokens { keep: tokens.ttl() }),
            self.welcome(None, offset, true, None),
        ]
    }

    fn follow(&self, offset: u64, is_logged: bool, is_held: bool, from: Option<Arc<str>>) -> Step {
        let owned = OwnedConversation { conversation: self.id.clone(), epoch: self.epoch };
        Step::Effect(Effect::UseLog { owned, offset, is_logged, is_held, from })
    }

    fn welcome(
        &self,
        id: Option<MessageId>,
        offset: u64,
        recovered: bool,
        reason: Option<String>,
    ) -> Step {
        let welcome = Welcome {
            conversation: self.id.to_string(),
            token: self.token.clone(),
            epoch: self.epoch,
            offset,
            recovered,
            reason,
            limits: self.rules.limits.clone(),
        };
        Step::send(ServerMessage::Welcome(welcome), id)
    }
}

fn open(greeting: &PendingHello, offset: u64) -> Step {
    Step::Effect(Effect::Open(Opening { resume: greeting.resume.clone(), offset }))
}

/// The entries that the client missed.
fn entries(missed: MissedEntries) -> Result<Vec<LogEntry>, NotResumed> {
    match missed {
        MissedEntries::All(stored) => {
            // An entry of a later version cannot be sent.
            stored
                .iter()
                .map(StoredEntry::read)
                .collect::<Result<_, _>>()
                .map_err(|_| NotResumed::Gone)
        }
        MissedEntries::Gone => Err(NotResumed::Gone),
        MissedEntries::Ahead => Err(NotResumed::Ahead),
    }
}
