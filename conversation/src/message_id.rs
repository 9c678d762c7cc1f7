//! The id that a client assigns to a message, and the ids of received messages: a message that arrives twice has its
//! effect once.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
use serde_json::value::RawValue;

/// Number of ids that are remembered. A client that reconnects repeats its unanswered messages, which are few; this
/// is enough for minutes of typing with an id on every keystroke.
const CAPACITY: usize = 256;
/// Number of ids that a checkpoint stores: only those of messages that matter.
const STORED: usize = 64;

/// The client's own id of a message: text or a number. It is echoed unchanged, because a client compares what it
/// receives with what it sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum MessageId {
    /// `"a1"`.
    Text(String),
    /// `7`.
    Number(Number),
}

/// A number and its digits as text are equal.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Some(number) = exact_number(raw.get()) {
            return Ok(Self::Number(number));
        }
        serde_json::from_str(raw.get()).map(Self::Text).map_err(D::Error::custom)
    }
}

/// A JSON number as it was written. Read as a [`serde_json::Value`], a number of many digits may change, and a client would
/// not recognise it.
pub(crate) fn exact_number(text: &str) -> Option<Number> {
    let whole = text.parse().map(|number: u64| number.into());
    let whole = whole.or_else(|_| text.parse().map(|number: i64| Number::from(number)));
    whole.ok().or_else(|| text.parse().ok().and_then(Number::from_f64))
}

/// The id of a received message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SeenMessage {
    id: MessageId,
    /// False for a keystroke, which may be answered again.
    matters: bool,
}

/// The newest ids, in order of arrival. A checkpoint stores the newest ones that matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MessageIds(VecDeque<SeenMessage>);

impl MessageIds {
    /// Remembers an id; false if it is already known.
    pub(crate) fn insert(&mut self, id: &MessageId, matters: bool) -> bool {
        if self.0.iter().any(|seen| seen.id == *id) {
            return false;
        }
        // A takeover adds the ids of the earlier owner, so there can be more than one too many.
        while self.0.len() >= CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(SeenMessage { id: id.clone(), matters });
        true
    }

    /// Inserts the ids of an earlier owner before its own.
    pub(crate) fn restore(&mut self, before: Self) {
        let since = std::mem::replace(&mut self.0, before.0);
        self.0.extend(since);
    }

    /// Copies the ids of the present owner; true if the newest one is new and matters to the next owner.
    pub(crate) fn copy_from(&mut self, present: &Self) -> bool {
        let newest = present.0.back();
        // Otherwise they would be copied with every chunk of an answer.
        let is_new = self.0.back() != newest;
        if is_new {
            self.clone_from(present);
        }
        is_new && newest.is_some_and(|seen| seen.matters)
    }

    /// Forgets all ids but these.
    pub(crate) fn retain(&mut self, ids: &[&MessageId]) {
        self.0.retain(|seen| ids.contains(&&seen.id));
    }

    /// True if no id matters: nothing is stored.
    pub(crate) fn are_transient(&self) -> bool {
        !self.0.iter().any(|seen| seen.matters)
    }
}

impl Serialize for MessageIds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let matter = self.0.iter().filter(|seen| seen.matters).map(|seen| &seen.id);
        let older = matter.clone().count().saturating_sub(STORED);
        serializer.collect_seq(matter.skip(older))
    }
}

impl<'de> Deserialize<'de> for MessageIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ids = Vec::<MessageId>::deserialize(deserializer)?;
        Ok(Self(ids.into_iter().map(|id| SeenMessage { id, matters: true }).collect()))
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
        assert_eq!(ids.0.len(), CAPACITY);
    }
}
