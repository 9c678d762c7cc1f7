//! What the server says, in the names and the order of the protocol page.

use hsc_catalogs::{Accessory, Citation, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::protocol::desk::Agent;
use crate::protocol::live::{ChatMessage, HandoffChange, LeaveReason, QueueFor};
use crate::protocol::{ErrorCode, LeanBrand, LeanProduct, MessageId, Prediction, PredictionData};

/// A message, the id it answers, and its place in the conversation.
#[derive(Debug, Serialize)]
pub struct ServerFrame<'a> {
    /// The message.
    #[serde(flatten)]
    pub message: &'a ServerMessage,
    /// The id of the client's message that this replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a MessageId>,
    /// Place in the conversation, on durable messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl ServerFrame<'_> {
    /// The text frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("the wire types have string keys and no failing serializer")
    }
}

/// Everything the server sends.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// One for each `typing`.
    Prediction {
        /// Best first.
        #[schema(value_type = Vec<Prediction>)]
        data: PredictionData,
    },
    /// One for each `understand`.
    Understood(Box<Understood>),
    /// A query's progress, or why it cannot be answered.
    Status {
        /// The sentence.
        msg: String,
    },
    /// A piece of the answer.
    AnswerChunk {
        /// Text with markers.
        content: String,
    },
    /// What goes with the answer, once, after the last chunk.
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
    /// The visitor waits for others: for an answer, or for a person.
    Queue {
        /// Place in line; 1 is next.
        place: usize,
        /// What for.
        #[serde(rename = "for")]
        line: QueueFor,
        /// About how long, in milliseconds, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        wait_ms: Option<u64>,
    },
    /// Something everybody who is connected should know.
    Notice {
        /// For people.
        message: String,
    },
    /// The answer to `hello`.
    Welcome(Welcome),
    /// The pod drains: come again, elsewhere.
    Reconnect {
        /// After so long.
        after_ms: u64,
    },
    /// Who has the conversation.
    Handoff(HandoffChange),
    /// A person has come into the conversation.
    AgentJoined {
        /// The person.
        agent: Agent,
    },
    /// The person has left it.
    AgentLeft {
        /// The person.
        agent: Agent,
        /// Why.
        reason: LeaveReason,
    },
    /// Something said between visitor and person.
    Message(Box<ChatMessage>),
    /// The person is typing, or no more.
    AgentTyping {
        /// Whether.
        typing: bool,
    },
    /// A `feedback` or `csat` of the envelope's id has arrived; a client repeats it until then.
    Ack,
}

impl ServerMessage {
    /// True for a transient message that must not overtake what was sent before it. Predictions and errors may.
    #[must_use]
    pub fn keeps_its_place(&self) -> bool {
        matches!(
            self,
            Self::Status { .. } | Self::Queue { .. } | Self::Welcome(_) | Self::Reconnect { .. }
        )
    }

    /// The word of `type`, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prediction { .. } => "prediction",
            Self::Understood(_) => "understood",
            Self::Status { .. } => "status",
            Self::AnswerChunk { .. } => "answer_chunk",
            Self::Context { .. } => "context",
            Self::FinalAnswer(_) => "final_answer",
            Self::Error { .. } => "error",
            Self::Queue { .. } => "queue",
            Self::Notice { .. } => "notice",
            Self::Welcome(_) => "welcome",
            Self::Reconnect { .. } => "reconnect",
            Self::Handoff(_) => "handoff",
            Self::AgentJoined { .. } => "agent_joined",
            Self::AgentLeft { .. } => "agent_left",
            Self::Message(_) => "message",
            Self::AgentTyping { .. } => "agent_typing",
            Self::Ack => "ack",
        }
    }
}

/// What the text of the first box means.
#[derive(Debug, Serialize, ToSchema)]
pub struct Understood {
    /// The products it may mean, best first, in the form of a `prediction`.
    pub data: Vec<Prediction>,
    /// The product that it names, where that is sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected: Option<DetectedProduct>,
    /// The text as it was meant, where it was typed with another keyboard layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
}

/// A product that a text names, and what else the text says.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetectedProduct {
    /// The product.
    pub product: LeanProduct,
    /// Its brand.
    pub brand: LeanBrand,
    /// 0 to 100.
    pub confidence: u8,
    /// The text without the name of the product; empty where it says nothing else.
    pub question: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What goes with an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnswerContext {
    /// The `brand_identity`.
    #[schema(value_type = Object)]
    pub brand: Box<RawValue>,
    /// Related products.
    pub related_items: Vec<Accessory>,
    /// The scenario the question came with.
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
    /// True when the answer rests on cited pages alone.
    pub grounded: bool,
    /// The whole answer as sanitised HTML.
    pub html: String,
    /// `extractive` or `llm`.
    pub answerer: &'static str,
    /// True when the language model was to answer and did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// True when an older copy of the manual was used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// True when the answer quotes passages that may answer, and states nothing itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub likely: bool,
    /// Scanned pages of the manual that were not recognized yet: asked again later, the answer may be another one.
    #[serde(skip_serializing_if = "is_zero")]
    pub pages_pending: u32,
    /// True when the visitor stopped it, or asked something else meanwhile.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Why there is no answer, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was asked, in a conversation that began with `hello`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// About which product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// `unknown`, `none` (no manual in the catalog), or why the manual could not be had.
    pub code: String,
    /// What a customer reads.
    pub message: String,
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Welcome {
    /// The conversation.
    pub conversation: String,
    /// What proves that the client may continue it.
    pub token: String,
    /// Who owns it now.
    pub epoch: u64,
    /// The last offset given out.
    pub offset: u64,
    /// True when the history after the client's last offset is complete.
    pub recovered: bool,
    /// Why it is not, where it is not and the client asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What this connection may do.
    pub limits: Limits,
}

/// What a connection may do.
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
    /// Messages a second, sustained.
    pub messages_per_second: u32,
}

impl Limits {
    /// The lengths of the protocol, and what the settings say of a connection.
    #[must_use]
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
