//! The status of a session, read from outside without a message to the session.
//!
//! Written by the session only, except the count of messages to it. Contains no customer text.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::supervision::Exit;
use hsc_conversation::Conversation;

/// The status of a session.
#[derive(Debug, Default)]
pub(crate) struct SessionStatus {
    answering: AtomicBool,
    offset: AtomicU64,
    /// The name of the agent who has the conversation.
    agent: Mutex<Option<Arc<str>>>,
    crashes: AtomicU64,
    last: Mutex<Option<Exit>>,
    /// Bytes queued for its client; counted by the socket.
    queue_bytes: Arc<AtomicUsize>,
    /// Messages to it that it has not handled yet.
    pending_messages: AtomicUsize,
}

impl SessionStatus {
    pub(crate) fn new(queue_bytes: Arc<AtomicUsize>) -> Self {
        Self { queue_bytes, ..Self::default() }
    }

    /// Copies the state of its conversation.
    pub(super) fn update(&self, conversation: &Conversation) {
        self.answering.store(conversation.is_answering(), Relaxed);
        self.offset.store(conversation.offset(), Relaxed);
        let mut known = self.agent.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_deref() != conversation.agent() {
            *known = conversation.agent().map(Arc::from);
        }
    }

    /// True while an answer is being made.
    pub(crate) fn is_answering(&self) -> bool {
        self.answering.load(Relaxed)
    }

    /// The name of the agent who has the conversation.
    pub(crate) fn agent(&self) -> Option<Arc<str>> {
        self.agent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes queued for its client.
    pub(crate) fn queue_bytes(&self) -> usize {
        self.queue_bytes.load(Relaxed)
    }

    /// Counts a crash of its rules.
    pub(super) fn failed(&self, exit: &Exit) {
        self.crashes.fetch_add(1, Relaxed);
        *self.last() = Some(exit.clone());
    }

    /// Counts a message to it.
    pub(crate) fn message_sent(&self) {
        self.pending_messages.fetch_add(1, Relaxed);
    }

    /// A message was handled, or never will be.
    pub(crate) fn message_handled(&self) {
        self.pending_messages.fetch_sub(1, Relaxed);
    }

    /// Number of crashes of its rules.
    pub(crate) fn crashes(&self) -> u64 {
        self.crashes.load(Relaxed)
    }

    /// The reason of the last crash.
    pub(crate) fn last_reason(&self) -> Option<String> {
        self.last().as_ref().map(Exit::to_string)
    }

    /// Number of messages to it that wait.
    pub(crate) fn depth(&self) -> usize {
        self.pending_messages.load(Relaxed)
    }

    /// Its state as an operator sees it.
    pub(crate) fn observed(&self, conversation: &str, product: Option<&str>) -> Value {
        json!({
            "conversation": conversation,
            "answering": self.answering.load(Relaxed),
            "offset": self.offset.load(Relaxed),
            "queue_bytes": self.queue_bytes.load(Relaxed),
            "product": product,
        })
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Exit>> {
        // A single assignment cannot be left half done.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
