//! Messages of the server, in the names and the order of the protocol page.

use std::sync::Arc;

use hsc_catalogs::{Accessory, Citation, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::protocol::live::{Agent, ChatMessage, HandoffChange, LeaveReason, QueueFor};
use crate::protocol::{ErrorCode, MessageId};

/// A message to a visitor or an agent, the id that it answers, and its offset in the conversation.
#[derive(Debug, Serialize)]
pub struct ServerFrame<'a, M = ServerMessage> {
    /// A [`ServerMessage`], or a [`DeskMessage`](crate::protocol::DeskMessage).
    #[serde(flatten)]
    pub message: &'a M,
    /// The id of the client's message that this replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a MessageId>,
    /// Offset in the conversation, on durable messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl<M: Serialize> ServerFrame<'_, M> {
    /// The text frame.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("the wire types have string keys and no failing serializer")
    }
}

/// A message of the server.
#[derive(Debug, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ServerMessage {
    /// One for each `typing`.
    Prediction {
        /// Best first.
        #[schema(value_type = Vec<Prediction>)]
        data: PredictionData,
    },
    /// One for each `understand`.
    Understood(Box<Understood>),
    /// The progress of a query, or why it cannot be answered.
    Status {
        /// The sentence.
        msg: String,
    },
    /// A chunk of the answer.
    AnswerChunk {
        /// Text with markers.
        content: String,
    },
    /// The context of the answer; once, after the last chunk.
    Context {
        /// Brand, related products, scenario.
        data: AnswerContext,
    },
    /// The end of an answer.
    FinalAnswer(Box<FinalAnswer>),
    /// A bad message.
    Error {
        /// For people.
        message: String,
        /// For machines.
        code: ErrorCode,
    },
    /// The visitor's place in a queue: for an answer, or for an agent.
    Queue {
        /// Place in the queue; 1 is next.
        place: usize,
        /// The queue.
        #[serde(rename = "for")]
        line: QueueFor,
        /// Estimated wait, in milliseconds; none if it is unknown.
        #[serde(skip_serializing_if = "Option::is_none")]
        wait_ms: Option<u64>,
    },
    /// An announcement to every connected client.
    Notice {
        /// For people.
        message: String,
    },
    /// The answer to `hello`.
    Welcome(Welcome),
    /// The pod drains: reconnect to another one.
    Reconnect {
        /// Delay before the reconnect, in milliseconds.
        after_ms: u64,
    },
    /// The owner of the conversation changed.
    Handoff(HandoffChange),
    /// An agent joined the conversation.
    AgentJoined {
        /// The agent.
        agent: Agent,
    },
    /// The agent left the conversation.
    AgentLeft {
        /// The agent.
        agent: Agent,
        /// Why.
        reason: LeaveReason,
    },
    /// A message between visitor and agent.
    Message(Box<ChatMessage>),
    /// The agent starts or stops typing.
    AgentTyping {
        /// True while the agent is typing.
        typing: bool,
    },
    /// A `feedback` or `csat` with the envelope's id has arrived; a client repeats it until then.
    Ack,
}

impl ServerMessage {
    /// True for a transient message that must keep its order after earlier messages. Predictions and errors need not.
    pub fn keeps_its_place(&self) -> bool {
        matches!(
            self,
            Self::Status { .. } | Self::Queue { .. } | Self::Welcome(_) | Self::Reconnect { .. }
        )
    }

    /// The value of `type`, for metrics.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

/// The reply to a keystroke, best first. A part-1 client gets whole catalog entries; a client that sent `compact` gets
/// only what a list on the screen needs, because this is the most frequent message.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PredictionData {
    /// New predictions.
    Made(Vec<Prediction>),
    /// The same as JSON, made once and sent to many clients.
    Ready(Arc<RawValue>),
}

/// One predicted product.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Prediction {
    /// For a client of part 1.
    Whole(WholePrediction),
    /// For a client that sent `compact`.
    Lean(LeanPrediction),
}

/// Part 1: the whole catalog entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WholePrediction {
    /// The catalog entry as it is, `brand_identity` added.
    #[schema(value_type = Object)]
    pub product: Box<RawValue>,
    /// The `brand_identity`.
    #[schema(value_type = Object)]
    pub brand: Box<RawValue>,
    /// Its related products.
    pub context: PredictionContext,
    /// 0 to 100.
    pub confidence: u8,
    /// The text that matched.
    pub match_text: String,
}

/// Part 2, `compact`: the fields that a list on the screen needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanPrediction {
    /// Name, model and picture.
    pub product: LeanProduct,
    /// Its brand.
    pub brand: LeanBrand,
    /// 0 to 100.
    pub confidence: u8,
    /// The text that matched.
    pub match_text: String,
    /// Where it matched.
    pub matched: Vec<Highlight>,
}

/// `context` of a prediction.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PredictionContext {
    /// Related products.
    pub related_items: Vec<Accessory>,
}

/// The short form of a product.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanProduct {
    /// Id.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// Name.
    #[schema(value_type = String)]
    pub name: Arc<str>,
    /// Id of its brand.
    #[schema(value_type = String)]
    pub brand: Arc<str>,
    /// Category.
    #[schema(value_type = String)]
    pub category: Arc<str>,
    /// True where the catalog has a manual for it.
    pub manual: bool,
}

/// The short form of a brand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeanBrand {
    /// Id.
    #[schema(value_type = String)]
    pub id: Arc<str>,
    /// Name.
    #[schema(value_type = String)]
    pub name: Arc<str>,
}

/// A range of characters (Unicode scalar values, end excluded) that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Highlight {
    /// `name`, `model`, `brand`, `category`, `id` or `alias`.
    pub field: &'static str,
    /// First character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// The meaning of the text of the first box.
#[derive(Debug, Serialize, ToSchema)]
pub struct Understood {
    /// The products that it may mean, best first, in the form of a `prediction`.
    pub data: Vec<Prediction>,
    /// The product that it names; none when that is uncertain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<DetectedProduct>,
    /// The intended text, if it was typed with another keyboard layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
}

/// A product that a text names, and the rest of the text.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetectedProduct {
    /// The product.
    pub product: LeanProduct,
    /// Its brand.
    pub brand: LeanBrand,
    /// 0 to 100.
    pub confidence: u8,
    /// The text without the name of the product; empty if there is no other text.
    pub question: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The context of an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnswerContext {
    /// The `brand_identity`.
    #[schema(value_type = Object)]
    pub brand: Box<RawValue>,
    /// Related products.
    pub related_items: Vec<Accessory>,
    /// The scenario of the question.
    pub scenario: Scenario,
}

impl PartialEq for AnswerContext {
    fn eq(&self, other: &Self) -> bool {
        self.brand.get() == other.brand.get()
            && (&self.related_items, self.scenario) == (&other.related_items, other.scenario)
    }
}

/// The end of an answer. `content` is always empty (part 1); the rest is part 2.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct FinalAnswer {
    /// Always empty.
    pub content: String,
    /// The pages the answer rests on, in the order it cites them.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when the answer rests on cited pages only.
    pub grounded: bool,
    /// The whole answer as sanitised HTML.
    pub html: String,
    /// `extractive` or `llm`.
    pub answerer: &'static str,
    /// True when the language model was configured but did not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// True when an older copy of the manual was used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// True when the answer quotes passages that may answer, and states nothing itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub likely: bool,
    /// Scanned pages of the manual that are not recognized yet: the same question may get another answer later.
    #[serde(skip_serializing_if = "is_zero")]
    pub pages_pending: u32,
    /// True when the visitor stopped it, or replaced it with another question.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Why there is no answer; none if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The question, in a conversation that began with `hello`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Id of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// `unknown`, `none` (no manual in the catalog), or why the manual could not be loaded.
    pub code: String,
    /// The sentence for the customer.
    pub message: String,
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Welcome {
    /// The conversation.
    pub conversation: String,
    /// Proves that the client may continue the conversation.
    pub token: String,
    /// The epoch of the owner.
    pub epoch: u64,
    /// The last offset that was assigned.
    pub offset: u64,
    /// True when the history after the client's last offset is complete.
    pub recovered: bool,
    /// Why it is not complete; none if it is, or if the client did not resume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The limits of this connection.
    pub limits: Limits,
}

/// The limits of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Limits {
    /// Longest `content` of `typing`, in characters.
    pub typing_chars: usize,
    /// Longest question, in characters.
    pub question_chars: usize,
    /// Largest picture, decoded, in bytes.
    pub image_bytes: usize,
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Sustained rate of messages per second.
    pub messages_per_second: u32,
}

impl Limits {
    /// The lengths of the protocol, and the limits of the settings.
    pub fn new(message_bytes: usize, messages_per_second: u32) -> Self {
        Self {
            typing_chars: crate::protocol::client::TYPING_CHARS,
            question_chars: crate::protocol::client::QUESTION_CHARS,
            image_bytes: crate::protocol::image::IMAGE_BYTES,
            message_bytes,
            messages_per_second,
        }
    }
}
