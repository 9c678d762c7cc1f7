//! The records of the archive: what is kept of a conversation and of the desk.

use hsc_catalogs::{Citation, Scenario};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::protocol::{Speaker, Thumb};

/// A record. The archive's handle stamps it with a time and an identity.
///
/// Its serialized form is stored by a pod that stops and read by one of the next release: a new field is optional,
/// and a variant keeps its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An event of a conversation. Its row, if it has one, is a record of its own.
    Event(ArchivedEvent),
    /// A conversation began, or more is known of it. A repeated record adds the new fields.
    ConversationBegan(Box<ConversationFacts>),
    /// A message.
    Message(Box<ArchivedMessage>),
    /// A handoff: the conversation changed hands, or ended.
    Handoff(HandoffRecord),
    /// A thumb on an answer. The last one replaces earlier ones.
    Feedback(Feedback),
    /// The visitor rated the conversation. The last rating replaces earlier ones.
    Rated(RatingRecord),
    /// A picture was stored.
    UploadKept(Upload),
    /// A stored picture was deleted.
    UploadExpired {
        /// The upload.
        upload: String,
    },
    /// An action of an agent or an admin.
    Audit(Audit),
    /// A message of the offline form.
    OfflineMessage {
        /// The conversation in which the form was sent, if there was one.
        conversation: Option<String>,
        /// The mail address for the reply.
        address: String,
        /// The message.
        text: String,
    },
    /// A webhook delivery to make.
    Deliver(NewDelivery),
}

/// An event of a conversation, in the form in which the log stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedEvent {
    /// Id of the conversation.
    pub conversation: String,
    /// Its identity, if it has one of its own: a pod that takes the conversation over may write the event again; it is
    /// stored once.
    pub id: Option<String>,
    /// Its offset, or that of the event before it ([`LogEntry::offset`](crate::LogEntry::offset)).
    pub offset: u64,
    /// The text of a [`StoredEntry`](crate::log::StoredEntry).
    pub entry: String,
}

/// What is known of a conversation beside its messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationFacts {
    /// Id of the conversation.
    pub conversation: String,
    /// Fields that are none change nothing.
    #[serde(flatten)]
    pub described: VisitorDescription,
}

/// Facts about the visitor. A field that is none is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisitorDescription {
    /// The visitor, if the embedding site signed a visitor token.
    pub visitor: Option<Visitor>,
    /// The visitor's language, a BCP 47 tag.
    pub language: Option<String>,
    /// Id of the last chosen product.
    pub product: Option<String>,
    /// How the visitor uses the product.
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    pub page: Option<String>,
    /// Why the visitor wants an agent.
    pub reason: Option<String>,
}

/// A record and its identity: a record that is written twice is stored once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StampedRecord {
    /// Unique over all pods and all time.
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub record: Record,
}

/// A visitor for whom the embedding site signed a visitor token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Visitor {
    /// The embedding site's id of the visitor.
    pub subject: String,
    /// The visitor's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The visitor's mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An agent in the archive. The name is the name at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentRef {
    /// Id of the account.
    pub id: String,
    /// The name.
    pub name: String,
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Author {
    /// The visitor.
    Visitor,
    /// The assistant.
    Machine,
    /// An agent.
    Agent,
    /// An agent, for the team only: never shown to a visitor.
    Note,
    /// The server, e.g. that no agent is available.
    System,
}

impl Author {
    /// The value in the archive.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<Speaker> for Author {
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Visitor => Self::Visitor,
            Speaker::Agent => Self::Agent,
        }
    }
}

/// How an answer of the assistant ended, for the analytics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum MessageOutcome {
    /// The manual answers.
    Answered,
    /// The manual does not answer.
    Unknown,
    /// There was no manual.
    NoManual,
    /// The visitor cancelled it.
    Cancelled,
    /// It could not be made: the queue was full, or the answerer failed.
    Failed,
}

impl MessageOutcome {
    /// The value in the archive.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A message. Fields that do not apply are empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchivedMessage {
    /// Id of the conversation.
    pub conversation: String,
    /// The author.
    pub author: Author,
    /// Its offset in the conversation's log; none if it has none. A pod that takes the conversation over may write
    /// the same offset again; it is stored once.
    pub offset: Option<u64>,
    /// The text, with markers.
    pub text: String,
    /// The text as sanitised HTML; empty if there is none.
    pub html: String,
    /// Id of the product of the message.
    pub product: Option<String>,
    /// The client's id of the question; set on the question and on its answer.
    pub question: Option<String>,
    /// The agent who wrote it.
    pub agent: Option<AgentRef>,
    /// How the assistant's answer ended.
    pub outcome: Option<MessageOutcome>,
    /// Confidence of the answer, 0 to 1.
    pub confidence: Option<f32>,
    /// Time from the question to the first words of the answer, in milliseconds.
    pub first_answer_ms: Option<u64>,
    /// True when the answer came from the cache.
    pub cached: bool,
    /// The pages the answer rests on.
    pub citations: Vec<Citation>,
    /// Detected language of the text, a BCP 47 tag.
    pub language: Option<String>,
    /// Id of the picture in the message.
    pub upload: Option<String>,
}

impl ArchivedMessage {
    /// A message of this author in this conversation; all other fields are empty.
    pub fn new(conversation: impl Into<String>, author: Author, text: impl Into<String>) -> Self {
        Self {
            conversation: conversation.into(),
            author,
            offset: None,
            text: text.into(),
            html: String::new(),
            product: None,
            question: None,
            agent: None,
            outcome: None,
            confidence: None,
            first_answer_ms: None,
            cached: false,
            citations: Vec::new(),
            language: None,
            upload: None,
        }
    }
}

/// A change of the handoff of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffRecord {
    /// Id of the conversation.
    pub conversation: String,
    /// Its identity: a record that is written twice with the same place is stored once.
    pub place: HandoffPlace,
    /// What happened.
    pub kind: HandoffRecordKind,
    /// The agent who did it; none if no agent did.
    pub agent: Option<AgentRef>,
    /// The agent who gets the conversation, for [`HandoffRecordKind::Handed`].
    pub to: Option<AgentRef>,
    /// Why: the visitor's words for [`HandoffRecordKind::HandedOver`], else a code ([`HandoffRecordKind`] lists them).
    pub reason: Option<String>,
}

/// Where the change was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffPlace {
    /// At the desk: the number of its change ([`Ticket::rev`](crate::protocol::Ticket::rev)).
    Desk(u64),
    /// In the conversation: the offset in its log.
    Log(u64),
    /// Without a number: a record that is written twice is stored twice.
    Unnumbered,
}

impl HandoffPlace {
    /// The offset in the conversation's log.
    pub fn offset(self) -> Option<u64> {
        match self {
            Self::Log(offset) => Some(offset),
            Self::Desk(_) | Self::Unnumbered => None,
        }
    }

    /// An id that is the same on every pod; none for [`HandoffPlace::Unnumbered`].
    pub fn id(self, conversation: &str) -> Option<String> {
        match self {
            Self::Log(offset) => Some(format!("{conversation}/{offset}")),
            Self::Desk(rev) => Some(format!("{conversation}#{rev}")),
            Self::Unnumbered => None,
        }
    }
}

/// What happened to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum HandoffRecordKind {
    /// The visitor asked for an agent and waits for one; `reason` is what the visitor wrote.
    HandedOver,
    /// The visitor asked for an agent and none is available; `reason` is `closed` (opening hours), `nobody_there`,
    /// `full` or `away` (the desk).
    Unavailable,
    /// The waiting visitor does not want an agent any more.
    Withdrawn,
    /// The waiting visitor disconnected and did not return in time.
    Expired,
    /// An agent took it.
    Taken,
    /// An agent handed it to a colleague.
    Handed,
    /// An agent gave it back to the assistant.
    Returned,
    /// The agent is gone and the visitor waits again; `reason` is `gone` (no sign of life) or `no_answer`. Records of
    /// earlier versions also have `closed`, for a conversation that an agent closed.
    Left,
    /// The conversation ended; `reason` is `visitor` or `agent`, the side that ended it, and `agent` had the
    /// conversation. Records of earlier versions have no reason.
    Ended,
}

impl HandoffRecordKind {
    /// The value in the archive.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A thumb on one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Id of the conversation.
    pub conversation: String,
    /// The offset of the answer's last message.
    pub offset: u64,
    /// Up or down.
    pub thumb: Thumb,
    /// The visitor's comment.
    pub comment: Option<String>,
}

/// The visitor's rating of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingRecord {
    /// Id of the conversation.
    pub conversation: String,
    /// 1 (bad) to 5 (good).
    pub rating: u8,
    /// The visitor's comment.
    pub comment: Option<String>,
}

/// A stored picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Id of the conversation.
    pub conversation: String,
    /// Its id.
    pub id: String,
    /// Name of its file in the folder of uploads, without a folder.
    pub file: String,
    /// Media type, detected from the content.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Time of deletion, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// An action of an agent or an admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The actor: id of an account, or `token`, `command line` and the like.
    pub who: String,
    /// The role in which the action was done.
    pub role: String,
    /// Name of the action: `conversation.take`, `cache.invalidate`.
    pub action: String,
    /// The object of the action: a conversation, an account, a brand.
    pub subject: String,
    /// Short details.
    pub detail: String,
    /// Address of the client.
    pub address: String,
}

/// A webhook delivery to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// Its id. The endpoint sees it and recognises a repeated delivery by it.
    pub id: String,
    /// Address of the endpoint, as in the settings.
    pub endpoint: String,
    /// Name of the event.
    pub event: String,
    /// The body as it is signed and sent.
    pub body: String,
    /// The conversation of the event; erasing the conversation erases the delivery.
    pub conversation: Option<String>,
}
