//! The ids of received messages, so that a message that arrives twice has its effect once.

use std::collections::VecDeque;

use crate::protocol::MessageId;

/// Number of ids that are remembered. A client that reconnects repeats its unanswered messages, which are few; this
/// is enough for minutes of typing with an id on every keystroke.
const CAPACITY: usize = 256;

/// The id of a received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenMessage {
    pub(crate) id: MessageId,
    /// False for a keystroke, which may be answered again.
    pub(crate) matters: bool,
}

/// The newest ids, in order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MessageIds {
    seen: VecDeque<SeenMessage>,
}

impl MessageIds {
    /// Remembers an id; false if it is already known.
    pub(crate) fn insert(&mut self, id: &MessageId, matters: bool) -> bool {
        if self.seen.iter().any(|seen| seen.id == *id) {
            return false;
        }
        // A takeover adds the ids of the earlier owner, so there can be more than one too many.
        while self.seen.len() >= CAPACITY {
            self.seen.pop_front();
        }
        self.seen.push_back(SeenMessage { id: id.clone(), matters });
        true
    }

    /// The newest id.
    pub(crate) fn last(&self) -> Option<&SeenMessage> {
        self.seen.back()
    }

    /// All ids, the newest last.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &SeenMessage> {
        self.seen.iter()
    }

    /// Removes every id for which this is false.
    pub(crate) fn retain(&mut self, keep: impl Fn(&MessageId) -> bool) {
        self.seen.retain(|seen| keep(&seen.id));
    }

    /// Inserts the ids of an earlier owner before its own.
    pub(crate) fn restore(&mut self, before: Self) {
        let since = std::mem::replace(&mut self.seen, before.seen);
        self.seen.extend(since);
    }
}

impl FromIterator<SeenMessage> for MessageIds {
    fn from_iter<I: IntoIterator<Item = SeenMessage>>(ids: I) -> Self {
        Self { seen: ids.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restored_ids_of_an_earlier_owner_do_not_exceed_the_capacity() {
        let typed = |number: usize| MessageId::Number(number.into());
        let (mut ids, mut before) = (MessageIds::default(), MessageIds::default());
        for number in 0..CAPACITY {
            assert!(
                ids.insert(&typed(number), false) && before.insert(&typed(1_000 + number), true)
            );
        }
        ids.restore(before);
        assert!(!ids.insert(&typed(1_000), true) && !ids.insert(&typed(0), false));
        assert!(ids.insert(&typed(2_000), true));
        assert_eq!(ids.iter().count(), CAPACITY);
    }
}
