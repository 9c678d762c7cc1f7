//! What a logged conversation says, on its way: appended to its log first, then sent.
//!
//! One append is under way at a time; what is said meanwhile goes with the next, so that many small
//! frames cost few appends. Frames keep their order, those too that are not logged. While the log is
//! away nobody waits for it: frames go out at once, are kept up to a bound, and are appended when it is
//! back. No runtime here: what is to be done comes out as [`OutboxStep`]s.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::log::{Batch, LogError, StoredEntry};

/// Frames that are kept for a log that is away, in bytes: some twenty long answers. Past it what was
/// kept is let go, and the log begins again at the present.
pub const BACKLOG_BYTES: usize = 256 * 1024;

/// A frame and the word of its `type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The `type` of the message.
    pub kind: &'static str,
    /// The whole text frame.
    pub json: Arc<str>,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxStep {
    /// Send it to the client.
    Send(Frame),
    /// Append this; [`Outbox::appended`] wants to know what became of it.
    Append(Batch),
    /// Begin the log after this offset; [`Outbox::begun`] wants to know what became of it.
    Begin {
        /// The offset.
        offset: u64,
    },
    /// The log is away: call [`Outbox::ask_again`] after a while.
    Later,
    /// Another owner has the conversation: send nothing more.
    Superseded,
}

/// The outbox of one conversation.
#[derive(Debug)]
pub struct Outbox {
    mode: Mode,
    lane: VecDeque<Item>,
    /// Bytes of the durable frames in the lane.
    bytes: usize,
    /// The last offset that was put in.
    last: u64,
    /// An append or a begin is under way.
    is_calling: bool,
    /// The checkpoint says something that the log has not.
    is_changed: bool,
    /// Everything waits for the next append, what is not durable too.
    is_held: bool,
    /// [`Outbox::ask_again`] is to be called.
    is_later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// What `hello` asked of the log is under way.
    Opening,
    /// Appended, then sent.
    Logged,
    /// The log cannot be reached: sent, then appended.
    Away {
        /// False when the log has to begin before it can go on.
        is_begun: bool,
    },
    /// Another owner has the conversation.
    Over,
}

#[derive(Debug)]
struct Item {
    frame: Frame,
    /// The entry that is to be appended. A frame without one keeps its order behind those before it.
    entry: Option<StoredEntry>,
    is_sent: bool,
}

impl Outbox {
    /// For a conversation whose log is being opened; `last` is the last offset given out.
    pub fn opening(last: u64) -> Self {
        Self::new(Mode::Opening, last)
    }

    /// For a conversation whose log goes on after this offset.
    pub fn logged(last: u64) -> Self {
        Self::new(Mode::Logged, last)
    }

    /// The same, where the log must know the checkpoint before the client hears a word: else whoever takes
    /// over next would go on from older ones.
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

    /// The log was begun, or could not be reached.
    pub fn opened(&mut self, is_reached: bool, steps: &mut Vec<OutboxStep>) {
        if is_reached {
            self.mode = Mode::Logged;
            self.release(steps);
        } else {
            self.go_away(false, steps);
            self.later(steps);
        }
    }

    /// Takes a frame that keeps its place, and the entry whose frame it is.
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
            // A log that is as slow as that is as good as away, and what was kept for it is too much.
            self.go_away(false, steps);
            self.lane.clear();
            self.bytes = 0;
            if !self.is_calling {
                self.later(steps);
            }
        }
    }

    /// The checkpoint says something new.
    pub fn changed(&mut self) {
        self.is_changed = true;
    }

    /// True when what was put in is in the log, or cannot be put there now.
    pub fn is_settled(&self) -> bool {
        match self.mode {
            Mode::Opening | Mode::Logged => {
                self.lane.is_empty() && !self.is_calling && !self.is_changed
            }
            Mode::Away { .. } | Mode::Over => true,
        }
    }

    /// True while what is said is appended first.
    pub fn is_logged(&self) -> bool {
        self.mode == Mode::Logged
    }

    /// The next append, when there is something to append and none is under way. The checkpoint must be
    /// those after everything that was put in.
    pub fn append(&mut self, checkpoint: impl FnOnce() -> Arc<str>) -> Option<OutboxStep> {
        if self.is_calling || self.mode != Mode::Logged {
            return None;
        }
        self.batch(checkpoint)
    }

    /// Some time has gone by since [`OutboxStep::Later`].
    pub fn ask_again(&mut self, checkpoint: impl FnOnce() -> Arc<str>) -> Option<OutboxStep> {
        self.is_later = false;
        match self.mode {
            _ if self.is_calling => None,
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

    /// What became of [`OutboxStep::Append`].
    pub fn appended(&mut self, result: Result<u64, LogError>, steps: &mut Vec<OutboxStep>) {
        (self.is_calling, self.is_held) = (false, false);
        match (result, self.mode) {
            (_, Mode::Over) => {}
            (Err(LogError::Stale { .. }), _) => self.supersede(steps),
            // It overran meanwhile, and what was appended is not all that was said before the rest.
            (Ok(_), Mode::Away { is_begun: false }) => steps.push(self.begin()),
            (Ok(last), _) => {
                self.mode = Mode::Logged;
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
                    // It was begun just now, and that did not help: not at once again.
                    self.later(steps);
                }
            }
        }
    }

    /// What became of [`OutboxStep::Begin`].
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
                // Beginning loses the checkpoint.
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

    /// Begins before the first frame that is kept.
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

    /// Sends from the front of the lane what waits for nothing any more.
    fn release(&mut self, steps: &mut Vec<OutboxStep>) {
        while let Some(item) = self.lane.pop_front_if(|item| item.entry.is_none()) {
            if !item.is_sent {
                steps.push(OutboxStep::Send(item.frame));
            }
        }
        if self.lane.is_empty() {
            // An idle session keeps no room for what it said once.
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
            steps.push(OutboxStep::Later);
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
