//! The outgoing frames of a logged conversation: appended to its log first, then sent.
//!
//! One append is under way at a time; frames that arrive meanwhile go with the next one, so that many small frames
//! cost few appends. Frames keep their order, including those that are not logged. While the log is unavailable
//! nothing waits for it: frames are sent at once, stored up to a bound, and appended when it is back. No runtime
//! here: the result is a list of [`OutboxStep`]s.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::log::{Batch, LogError, StoredEntry};

/// Frames that are stored for an unavailable log, in bytes: about twenty long answers. Past it the stored frames are
/// dropped, and the log begins again at the current offset.
pub const BACKLOG_BYTES: usize = 256 * 1024;

/// A frame and its message kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The `type` of the message.
    pub kind: &'static str,
    /// The whole text frame.
    pub json: Arc<str>,
}

/// A step that the session performs, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxStep {
    /// Send it to the client.
    Send(Frame),
    /// Append this; its result goes to [`Outbox::appended`].
    Append(Batch),
    /// Begin the log after this offset; the result goes to [`Outbox::begun`].
    Begin {
        /// The offset.
        offset: u64,
    },
    /// The log is unavailable: call [`Outbox::ask_again`] after a delay.
    RetryLater,
    /// Another owner has the conversation: send nothing more.
    Superseded,
}

/// The outbox of one conversation.
#[derive(Debug)]
pub struct Outbox {
    mode: Mode,
    lane: VecDeque<Item>,
    /// Bytes of the durable frames in the queue.
    bytes: usize,
    /// The last offset that was queued.
    last: u64,
    /// An append or a begin is under way.
    is_calling: bool,
    /// The checkpoint has changes that are not in the log.
    is_changed: bool,
    /// Every frame waits for the next append, including those that are not durable.
    is_held: bool,
    /// [`Outbox::ask_again`] is to be called.
    is_later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The log is being opened after a `hello`.
    Opening,
    /// Appended, then sent.
    Logged,
    /// The log is unavailable: sent, then appended.
    Away {
        /// False when the log has to begin before it can continue.
        is_begun: bool,
    },
    /// Another owner has the conversation.
    Over,
}

#[derive(Debug)]
struct Item {
    frame: Frame,
    /// The entry to append. A frame without one keeps its order after the frames before it.
    entry: Option<StoredEntry>,
    is_sent: bool,
}

impl Outbox {
    /// For a conversation whose log is being opened; `last` is the last offset that was assigned.
    pub fn opening(last: u64) -> Self {
        Self::new(Mode::Opening, last)
    }

    /// For a conversation whose log continues after this offset.
    pub fn logged(last: u64) -> Self {
        Self::new(Mode::Logged, last)
    }

    /// Like [`Outbox::logged`], where the log must store the checkpoint before the client gets a frame: else the next
    /// owner would continue from an older one. The frames wait for a log that is unavailable, too; a client that waits
    /// too long reconnects.
    pub fn held(last: u64) -> Self {
        Self { is_changed: true, is_held: true, ..Self::logged(last) }
    }

    fn new(mode: Mode, last: u64) -> Self {
        Self {
            mode,
            lane: VecDeque::new(),
            bytes: 0,
            last,
            is_calling: false,
            is_changed: false,
            is_held: false,
            is_later: false,
        }
    }

    /// The log was begun, or is unavailable.
    pub fn opened(&mut self, is_reached: bool, steps: &mut Vec<OutboxStep>) {
        if is_reached {
            self.mode = Mode::Logged;
            self.release(steps);
        } else {
            self.go_away(false, steps);
            self.later(steps);
        }
    }

    /// Adds a frame that keeps its order, and the entry whose frame it is.
    pub fn push(&mut self, frame: Frame, entry: Option<StoredEntry>, steps: &mut Vec<OutboxStep>) {
        if self.mode == Mode::Over {
            return;
        }
        let is_away = matches!(self.mode, Mode::Away { .. });
        let is_free = self.lane.is_empty() && !self.is_held;
        if is_away || (entry.is_none() && is_free) {
            steps.push(OutboxStep::Send(frame.clone()));
        }
        if let Some(entry) = &entry {
            self.last = entry.offset;
            self.bytes += entry.text.len();
        } else if is_away || is_free {
            return;
        }
        self.lane.push_back(Item { frame, entry, is_sent: is_away });
        if self.bytes > BACKLOG_BYTES {
            // A log that is this slow counts as unavailable, and the stored frames exceed the bound.
            self.go_away(false, steps);
            self.lane.clear();
            self.bytes = 0;
            if !self.is_calling {
                self.later(steps);
            }
        }
    }

    /// The checkpoint has changed.
    pub fn changed(&mut self) {
        self.is_changed = true;
    }

    /// True when every frame is in the log, or cannot be appended now.
    pub fn is_settled(&self) -> bool {
        match self.mode {
            Mode::Opening | Mode::Logged => {
                self.lane.is_empty() && !self.is_calling && !self.is_changed
            }
            Mode::Away { .. } | Mode::Over => true,
        }
    }

    /// True while frames are appended before they are sent.
    pub fn is_logged(&self) -> bool {
        self.mode == Mode::Logged
    }

    /// The next append, if there is one and none is under way. The checkpoint must be the one after
    /// every queued frame.
    pub fn append(&mut self, checkpoint: impl FnOnce() -> Arc<str>) -> Option<OutboxStep> {
        let is_waiting = self.is_held && self.is_later;
        if self.is_calling || is_waiting || self.mode != Mode::Logged {
            return None;
        }
        self.batch(checkpoint)
    }

    /// The delay after [`OutboxStep::RetryLater`] is over.
    pub fn ask_again(&mut self, checkpoint: impl FnOnce() -> Arc<str>) -> Option<OutboxStep> {
        self.is_later = false;
        match self.mode {
            _ if self.is_calling => None,
            Mode::Logged if self.is_held => self.batch(checkpoint),
            Mode::Opening | Mode::Logged | Mode::Over => None,
            Mode::Away { is_begun: false } => Some(self.begin()),
            Mode::Away { is_begun: true } => {
                let batch = self.batch(checkpoint);
                if batch.is_none() {
                    self.mode = Mode::Logged;
                }
                batch
            }
        }
    }

    /// Handles the result of [`OutboxStep::Append`].
    pub fn appended(&mut self, result: Result<u64, LogError>, steps: &mut Vec<OutboxStep>) {
        self.is_calling = false;
        match (result, self.mode) {
            (_, Mode::Over) => {}
            (Err(LogError::Stale { .. }), _) => self.supersede(steps),
            (Err(LogError::Unavailable { .. }), Mode::Logged) if self.is_held => {
                self.is_changed = true;
                self.later(steps);
            }
            // The bound was exceeded meanwhile; the append does not cover every frame before the rest.
            (Ok(_), Mode::Away { is_begun: false }) => steps.push(self.begin()),
            (Ok(last), _) => {
                self.mode = Mode::Logged;
                self.is_held = false;
                self.forget(last);
                self.release(steps);
            }
            (Err(LogError::Unavailable { .. }), mode) => {
                self.is_changed = true;
                self.go_away(mode != Mode::Away { is_begun: false }, steps);
                self.later(steps);
            }
            (Err(LogError::Unknown | LogError::Gap { .. }), mode) => {
                self.go_away(false, steps);
                if mode == Mode::Logged {
                    steps.push(self.begin());
                } else {
                    // The log was begun just now without effect: wait before the next try.
                    self.later(steps);
                }
            }
        }
    }

    /// Handles the result of [`OutboxStep::Begin`].
    pub fn begun(
        &mut self,
        result: Result<(), LogError>,
        checkpoint: impl FnOnce() -> Arc<str>,
        steps: &mut Vec<OutboxStep>,
    ) {
        self.is_calling = false;
        match result {
            _ if self.mode == Mode::Over => {}
            Err(LogError::Stale { .. }) => self.supersede(steps),
            Err(_) => self.later(steps),
            Ok(()) => {
                // Beginning drops the checkpoint.
                self.is_changed = true;
                self.mode = Mode::Away { is_begun: true };
                steps.extend(self.batch(checkpoint));
            }
        }
    }

    fn batch(&mut self, checkpoint: impl FnOnce() -> Arc<str>) -> Option<OutboxStep> {
        let entries: Vec<StoredEntry> =
            self.lane.iter().filter_map(|item| item.entry.clone()).collect();
        if entries.is_empty() && !self.is_changed {
            return None;
        }
        self.is_calling = true;
        self.is_changed = false;
        Some(OutboxStep::Append(Batch { entries, checkpoint: Some(checkpoint()) }))
    }

    /// Begins before the first stored frame.
    fn begin(&mut self) -> OutboxStep {
        self.is_calling = true;
        let first = self.lane.iter().find_map(|item| item.entry.as_ref()).map(|entry| entry.offset);
        OutboxStep::Begin { offset: first.map_or(self.last, |first| first - 1) }
    }

    fn forget(&mut self, last: u64) {
        for item in &mut self.lane {
            if let Some(logged) = item.entry.take_if(|entry| entry.offset <= last) {
                self.bytes -= logged.text.len();
            }
        }
    }

    /// Sends frames from the front of the queue that wait for nothing.
    fn release(&mut self, steps: &mut Vec<OutboxStep>) {
        while let Some(item) = self.lane.pop_front_if(|item| item.entry.is_none()) {
            if !item.is_sent {
                steps.push(OutboxStep::Send(item.frame));
            }
        }
        if self.lane.is_empty() {
            // An idle session frees the memory of sent frames.
            self.lane = VecDeque::new();
        }
    }

    fn go_away(&mut self, is_begun: bool, steps: &mut Vec<OutboxStep>) {
        self.mode = Mode::Away { is_begun };
        self.is_held = false;
        for item in self.lane.iter_mut().filter(|item| !item.is_sent) {
            item.is_sent = true;
            steps.push(OutboxStep::Send(item.frame.clone()));
        }
        self.lane.retain(|item| item.entry.is_some());
    }

    fn later(&mut self, steps: &mut Vec<OutboxStep>) {
        if !std::mem::replace(&mut self.is_later, true) {
            steps.push(OutboxStep::RetryLater);
        }
    }

    fn supersede(&mut self, steps: &mut Vec<OutboxStep>) {
        self.mode = Mode::Over;
        self.lane = VecDeque::new();
        steps.push(OutboxStep::Superseded);
    }
}

#[cfg(test)]
mod tests;
