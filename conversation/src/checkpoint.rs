//! The state that survives a crash of the state machine and that a pod needs to take a conversation over.
//!
//! The session stores the checkpoint beside the [`Conversation`](crate::Conversation) and writes it after each input
//! that succeeded. After a panic the conversation is dropped, whatever state it had reached, and a new one starts from
//! the checkpoint. The log of the conversation stores the same beside its entries, in the form of
//! [`Checkpoint::encode`]: another pod, possibly of another build, reads it.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hsc_catalogs::Scenario;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::answer_run::{AcceptedQuestion, OpenAnswer, TextDigest};
use crate::archive::Visitor;
use crate::entry_codec::{Version, Versioned};
use crate::handoff::Handoff;
use crate::message_id::MessageIds;
use crate::protocol::{ClientFrame, Image, MessageId, QueryMessage, Resume};
use crate::topic::Topic;
use crate::trace_context::StoredTrace;

/// Version of the stored form. A pod that does not know the version continues without a checkpoint.
const VERSION: u64 = 1;
/// Largest picture that is stored, in bytes: a checkpoint is written again with every chunk of an answer.
const PICTURE_BYTES: usize = 16 * 1024;

/// The checkpoint of a conversation. Small while no question is open.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) compact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locale: Option<String>,
    /// The visitor, if the embedding site signed a visitor token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) visitor: Option<Visitor>,
    /// The epoch of the owner; 0 before the first `hello`. The log has it too.
    #[serde(skip)]
    pub(crate) epoch: u64,
    /// The last offset that was assigned: the next owner continues after it. The log has it too.
    #[serde(skip)]
    pub(crate) offset: u64,
    /// Number of the last answer that was started.
    pub(crate) answers: u64,
    /// The question of the running answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<Box<OpenAnswer>>,
    /// The questions in the queue.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) pending: VecDeque<AcceptedQuestion>,
    #[serde(default, skip_serializing_if = "MessageIds::are_transient")]
    pub(crate) seen: MessageIds,
    /// A `hello` that has no `welcome` yet. Only this pod has its connection.
    #[serde(skip)]
    pub(crate) greeting: Option<Box<PendingHello>>,
    #[serde(rename = "person", default, skip_serializing_if = "HandoffAndTopic::is_nothing")]
    pub(crate) handoff_and_topic: HandoffAndTopic,
}

/// A `hello` whose conversation is being opened, and the messages received after it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PendingHello {
    pub(crate) id: Option<MessageId>,
    /// The conversation to continue, if it can still be continued.
    pub(crate) resume: Option<Resume>,
    /// The `hello` names a conversation to continue, but came after another had begun.
    pub(crate) is_late: bool,
    pub(crate) held: Vec<ClientFrame>,
}

impl Checkpoint {
    /// Encodes the checkpoint for the log.
    pub fn encode(&self) -> Arc<str> {
        let stored = Versioned { v: VERSION, value: self };
        let json = serde_json::to_string(&stored).expect("no map, and no serializer of our own");
        json.into()
    }

    /// Decodes a checkpoint from the log; none if the form is unknown.
    pub fn decode(text: &str) -> Option<Self> {
        // Read twice: a flattened field would lose the digits of an id that is a number.
        let Version { v } = serde_json::from_str(text).ok()?;
        let mut checkpoint: Self =
            (v == Some(VERSION)).then(|| serde_json::from_str(text).ok()).flatten()?;
        if let Some(open) = &mut checkpoint.open {
            // It is not known whether a status arrived. Repeating it is harmless before the first words, and wrong
            // after them.
            let has_words = open.sent_text.bytes > 0;
            (open.sent_reading, open.sent_thinking) = (has_words, has_words);
        }
        Some(checkpoint)
    }

    /// For a client that does not have the whole conversation: the open answer is sent from its beginning, and a
    /// repeated question, whose answer was lost, is answered again.
    pub(crate) fn forget_what_was_read(&mut self) {
        if let Some(open) = &mut self.open {
            (open.sent_text, open.sent_reading, open.sent_thinking) =
                (TextDigest::default(), false, false);
        }
        let open = self.open.iter().map(|open| &open.question);
        let waiting: Vec<&MessageId> =
            open.chain(&self.pending).filter_map(|question| question.id.as_ref()).collect();
        self.seen.retain(&waiting);
    }
}

/// Handoff and topic, which are one object in the stored form.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct HandoffAndTopic {
    #[serde(flatten)]
    pub(crate) handoff: Handoff,
    #[serde(flatten)]
    pub(crate) topic: Topic,
}

impl HandoffAndTopic {
    /// True for a conversation that was never at the desk and has no topic: nothing is stored.
    fn is_nothing(&self) -> bool {
        self.handoff == Handoff::default() && self.topic == Topic::default()
    }
}

impl<'de> Deserialize<'de> for HandoffAndTopic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        // Read twice, as in `decode`.
        let object = Box::<RawValue>::deserialize(deserializer)?;
        let handoff = serde_json::from_str(object.get()).map_err(D::Error::custom)?;
        let topic = serde_json::from_str(object.get()).map_err(D::Error::custom)?;
        Ok(Self { handoff, topic })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredQuestion {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    product: String,
    text: String,
    #[serde(default)]
    scenario: Scenario,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
    /// An earlier version ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<StoredTrace>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Picture {
    /// As base64.
    #[serde(rename = "kept")]
    Bytes(String),
    /// It was too large.
    Lost,
}

impl Serialize for AcceptedQuestion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredQuestion::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AcceptedQuestion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StoredQuestion::deserialize(deserializer).map(StoredQuestion::into_question)
    }
}

impl StoredQuestion {
    fn of(question: &AcceptedQuestion) -> Self {
        let query = &*question.query;
        let stored_picture = |image: &Image| match image {
            Image::Held(file) if file.bytes().len() <= PICTURE_BYTES => {
                Picture::Bytes(STANDARD.encode(file.bytes()))
            }
            // No bytes: an earlier build, which does not know such a picture, asks the visitor for it again.
            Image::Unseen => Picture::Bytes(String::new()),
            Image::Held(_) | Image::NoRoom => Picture::Lost,
        };
        let picture = query
            .image
            .as_ref()
            .map(stored_picture)
            .or(question.lost_picture.then_some(Picture::Lost));
        Self {
            id: question.id.clone(),
            product: query.product_id.clone(),
            text: query.question.clone(),
            scenario: query.scenario,
            picture,
            trace: question.trace.map(StoredTrace::from),
        }
    }

    fn into_question(self) -> AcceptedQuestion {
        let image = match &self.picture {
            Some(Picture::Bytes(base64)) if base64.is_empty() => Some(Image::Unseen),
            Some(Picture::Bytes(base64)) => Image::read(base64).ok(),
            Some(Picture::Lost) | None => None,
        };
        let lost_picture = self.picture.is_some() && image.is_none();
        let query = QueryMessage {
            product_id: self.product,
            question: self.text,
            scenario: self.scenario,
            image,
            locked: true,
            replace: false,
        };
        let trace = self.trace.as_ref().and_then(StoredTrace::read);
        AcceptedQuestion { id: self.id, query: Arc::new(query), lost_picture, trace }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace_context::{QuestionTrace, TraceContext};

    fn question(id: u32, picture: usize) -> AcceptedQuestion {
        let mut bytes = vec![0x89, b'P', b'N', b'G'];
        bytes.resize(picture, 7);
        let query = QueryMessage {
            product_id: "td17".to_owned(),
            question: "How loud?".to_owned(),
            scenario: Scenario::Live,
            image: (picture > 0).then(|| Image::held("image/png", bytes)),
            locked: true,
            replace: false,
        };
        AcceptedQuestion {
            id: Some(MessageId::Number(id.into())),
            query: Arc::new(query),
            lost_picture: false,
            trace: None,
        }
    }

    fn checkpoint() -> Checkpoint {
        let mut sent_text = TextDigest::default();
        sent_text.push("Hold the");
        let open = OpenAnswer {
            question: question(1, 0),
            sent_text,
            sent_reading: true,
            sent_thinking: true,
            crashes: 1,
        };
        let mut seen = MessageIds::default();
        seen.insert(&MessageId::Text("typed".to_owned()), false);
        seen.insert(&MessageId::Text("asked".to_owned()), true);
        Checkpoint {
            locale: Some("he".to_owned()),
            answers: 3,
            open: Some(Box::new(open)),
            pending: [question(2, 100), question(3, PICTURE_BYTES + 1)].into(),
            seen,
            ..Checkpoint::default()
        }
    }

    #[test]
    fn a_checkpoint_survives_a_round_trip() {
        let before = checkpoint();
        let after = Checkpoint::decode(&before.encode()).expect("our own form");
        let (open, was) = (after.open.as_ref().unwrap(), before.open.as_ref().unwrap());
        assert_eq!((open.sent_text, open.crashes), (was.sent_text, 1));
        assert_eq!(
            (&open.question.id, &open.question.query),
            (&was.question.id, &was.question.query)
        );
        assert_eq!((after.answers, after.locale.as_deref()), (3, Some("he")));
        assert_eq!(after.pending[0].query, before.pending[0].query, "a small picture is kept");
        let mut asked = MessageIds::default();
        asked.insert(&MessageId::Text("asked".to_owned()), true);
        assert_eq!(after.seen, asked, "a keystroke may be answered again");
    }

    #[test]
    fn a_large_image_is_left_out_and_marked_as_lost_in_later_checkpoints() {
        let after = Checkpoint::decode(&checkpoint().encode()).unwrap();
        assert!(after.pending[1].lost_picture && after.pending[1].query.image.is_none());
        let again = Checkpoint::decode(&after.encode()).unwrap();
        assert!(again.pending[1].lost_picture && !again.pending[0].lost_picture);
    }

    #[test]
    fn an_image_that_the_answerer_does_not_read_is_encoded_without_bytes() {
        let mut before = checkpoint();
        let query = QueryMessage { image: Some(Image::Unseen), ..(*question(2, 0).query).clone() };
        before.pending[0].query = Arc::new(query);
        let after = Checkpoint::decode(&before.encode()).expect("our own form");
        assert_eq!(after.pending[0].query.image, Some(Image::Unseen));
        assert!(!after.pending[0].lost_picture);
    }

    #[test]
    fn the_trace_of_a_question_is_stored_and_an_invalid_one_is_ignored() {
        let context = TraceContext::root();
        let trace = QuestionTrace { context, parent: Some(0xab), asked_at_ms: 1_764_038_400_123 };
        let mut before = checkpoint();
        before.pending[0].trace = Some(trace);
        let text = before.encode();
        let after = Checkpoint::decode(&text).expect("our own form");
        assert_eq!((after.pending[0].trace, after.pending[1].trace), (Some(trace), None));
        let damaged = text.replace(&context.to_string(), "00-0-0-00");
        let after = Checkpoint::decode(&damaged).expect("the rest is whole");
        assert_eq!((after.pending[0].trace, after.pending.len()), (None, 2));
    }

    /// As the version before the split of handoff and topic wrote it: both in one object, in that version's
    /// order of fields.
    const OF_BEFORE: &str = r#"{"v":1,"answers":2,"seen":["q1"],"person":{"who":{"With":{"id":"a","name":"Ada"}},
        "rev":7,"since_ms":5,"product":{"id":"td17","name":"Acme TD-17KV"},"scenario":"live","reason":"why",
        "last":"It does not work.","question":"How loud?","previous":[{"question":"How heavy?","answer":"7 kg."}],
        "answer":"Loud.","answers":[4,9],"awaits_answer":true,"unanswered":["It does not work.",18446744073709551615]}}"#;

    #[test]
    fn handoff_and_topic_of_an_earlier_version_are_read_and_written_in_one_object() {
        let read = Checkpoint::decode(OF_BEFORE).expect("a form that is known");
        let HandoffAndTopic { handoff, topic } = &read.handoff_and_topic;
        assert_eq!(handoff.agent_name(), Some("Ada"));
        assert!(handoff.awaits_answer() && topic.is_answer(9));
        assert_eq!(topic.details().product.map(|product| product.id).as_deref(), Some("td17"));
        assert_eq!(topic.previous()[0].answer, "7 kg.");
        let json = |text: &str| -> serde_json::Value {
            serde_json::from_str(text).expect("a checkpoint is JSON")
        };
        assert_eq!(json(&read.encode()), json(OF_BEFORE), "an earlier version reads it too");
    }

    #[test]
    fn a_checkpoint_of_another_format_is_not_decoded() {
        for text in ["", "{", "[]", r#"{"v":2,"answers":1}"#, r#"{"answers":1}"#] {
            assert!(Checkpoint::decode(text).is_none(), "{text}");
        }
    }
}
