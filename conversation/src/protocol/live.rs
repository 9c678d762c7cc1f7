//! The handoff on the wire: messages of the visitor about an agent, messages to the visitor, and the desk with its
//! conversations and agents.

use hsc_catalogs::{Citation, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::protocol::fields::{InvalidMessage, at_most, bool_of, invalid, text_of};

/// Longest reason for wanting an agent, in characters: a sentence or two for the agents who read the queue.
const REASON_CHARS: usize = 500;
/// Longest message between visitor and agent, in characters, as long as a question.
pub(super) const MESSAGE_CHARS: usize = 2_000;
/// Longest comment on an answer or on the conversation, in characters.
const COMMENT_CHARS: usize = 1_000;
/// Longest name of an upload: the server makes it, far shorter.
const UPLOAD_CHARS: usize = 100;

/// `handoff`: the visitor wants an agent, or withdraws.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandoffWish {
    /// The visitor's reason, up to 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True when the visitor does not want an agent any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdraw: bool,
}

/// `message`: from the visitor to the agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct VisitorMessage {
    /// The text, up to 2,000 characters; may be empty beside an upload.
    pub content: String,
    /// Id of an uploaded picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

/// `feedback`: the visitor's rating of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Feedback {
    /// The offset of the answer's `final_answer`.
    pub offset: u64,
    /// Up or down.
    pub thumb: Thumb,
    /// The visitor's comment, up to 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The rating of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Thumb {
    /// The answer helped.
    Up,
    /// The answer did not help.
    Down,
}

impl Thumb {
    /// The value on the wire and in the archive.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// `csat`: the visitor's rating of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Csat {
    /// 1 (bad) to 5 (good).
    #[schema(minimum = 1, maximum = 5)]
    pub rating: u8,
    /// The visitor's comment, up to 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A change of the conversation's owner, as it is sent to the visitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandoffChange {
    /// The owner from now on.
    pub state: HandoffState,
    /// Why, for people; none if it needs no explanation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True when the visitor can leave a message with an address instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
}

/// The owner of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffState {
    /// The assistant; the visitor waits for an agent.
    Waiting,
    /// An agent.
    WithAgent,
    /// The assistant again.
    Returned,
    /// None: the agent has closed the conversation.
    Closed,
    /// The assistant: no agent is available.
    Unavailable,
}

/// Why an agent left the conversation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LeaveReason {
    /// A colleague continues.
    Handed,
    /// The assistant continues.
    Returned,
    /// The agent has closed the conversation.
    Closed,
    /// The visitor has ended the conversation.
    Ended,
    /// The agent gave no sign of life any more; the visitor waits for another one.
    Gone,
    /// The agent did not reply in time; the visitor waits for another one.
    NoAnswer,
}

/// `message`: a message between visitor and agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessage {
    /// The author.
    pub from: Speaker,
    /// The agent, if an agent wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The text.
    pub content: String,
    /// The text as HTML; markup of the author is escaped.
    pub html: String,
    /// The cited pages of the manual.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// Time of the message, in milliseconds since 1970.
    pub at_ms: u64,
    /// Id of an uploaded picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

/// The author of a `message`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The agent.
    Agent,
}

/// What a visitor waits for in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueFor {
    /// The assistant's answer.
    Answer,
    /// An agent.
    Agent,
}

/// An agent, who answers visitors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Id of the account.
    pub id: String,
    /// The name that visitors and colleagues see.
    pub name: String,
}

/// A present agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The agent.
    pub agent: Agent,
    /// True when the agent takes conversations; false during a break.
    pub available: bool,
}

/// A conversation that waits for an agent, or has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// The conversation.
    pub conversation: String,
    /// The product of the conversation; none if the visitor named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<AboutProduct>,
    /// The visitor's name, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// The visitor's language, a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// How the visitor uses the product, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Why the visitor wants an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last message, cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Start of the wait, in milliseconds since 1970. It stays when the conversation is returned to the queue, so
    /// that the longest wait is first.
    pub since_ms: u64,
    /// The agent who has it; none while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The agent it was taken from last, because the visitor got no reply. None once it is taken again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_by: Option<Box<Agent>>,
    /// True while the visitor is connected.
    pub online: bool,
    /// The pod of the visitor's socket, or of the last one.
    pub pod: String,
    /// Increases with every change at the desk: of two tickets of one conversation the greater is newer.
    pub rev: u64,
}

/// The product of a conversation, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AboutProduct {
    /// Its id in the catalog.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A conversation that left the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketGone {
    /// The conversation.
    pub conversation: String,
    /// Why.
    pub why: TicketGoneReason,
    /// The last agent who had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// As [`Ticket::rev`].
    pub rev: u64,
}

/// Why a conversation left the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum TicketGoneReason {
    /// The visitor does not want an agent any more.
    Withdrawn,
    /// The agent returned it to the assistant.
    Returned,
    /// The agent closed it.
    Closed,
    /// The visitor ended it.
    Ended,
    /// The waiting visitor disconnected and did not return.
    Expired,
}

impl TicketGoneReason {
    /// The value on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Ticket {
    /// True while no agent has it.
    pub fn waits(&self) -> bool {
        self.agent.is_none()
    }
}

impl HandoffWish {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let reason = comment_of(fields, "reason", REASON_CHARS)?;
        Ok(Self { reason, withdraw: bool_of(fields, "withdraw")? })
    }
}

impl VisitorMessage {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let (content, upload) = content_of(fields)?;
        Ok(Self { content, upload })
    }
}

impl Feedback {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let Some(offset) = fields.get("offset").and_then(Value::as_u64) else {
            return Err(invalid("'offset' must be the offset of a final_answer"));
        };
        let thumb = text_of(fields, "thumb")?.and_then(|thumb| thumb.parse().ok());
        let thumb = thumb.ok_or_else(|| invalid("'thumb' must be up or down"))?;
        Ok(Self { offset, thumb, comment: comment_of(fields, "comment", COMMENT_CHARS)? })
    }
}

impl Csat {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let rating = fields.get("rating").and_then(Value::as_u64).and_then(|it| it.try_into().ok());
        let Some(rating @ 1..=5) = rating else {
            return Err(invalid("'rating' must be a whole number from 1 to 5"));
        };
        Ok(Self { rating, comment: comment_of(fields, "comment", COMMENT_CHARS)? })
    }
}

/// The text of a message and its upload; one of the two is required.
pub(super) fn content_of(
    fields: &Map<String, Value>,
) -> Result<(String, Option<String>), InvalidMessage> {
    let content = lines(text_of(fields, "content")?.unwrap_or_default());
    at_most("content", &content, MESSAGE_CHARS)?;
    let upload = text_of(fields, "upload")?.unwrap_or_default().trim();
    at_most("upload", upload, UPLOAD_CHARS)?;
    if !upload.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(invalid("'upload' is no upload: send the id that the upload was given"));
    }
    if content.is_empty() && upload.is_empty() {
        return Err(invalid("the message is empty; put the words into 'content'"));
    }
    Ok((content, (!upload.is_empty()).then(|| upload.to_owned())))
}

/// An optional text; an empty one counts as absent.
fn comment_of(
    fields: &Map<String, Value>,
    field: &str,
    limit: usize,
) -> Result<Option<String>, InvalidMessage> {
    let text = lines(text_of(fields, field)?.unwrap_or_default());
    at_most(field, &text, limit)?;
    Ok((!text.is_empty()).then_some(text))
}

/// A person's text without control characters, except line breaks.
pub(super) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let allowed: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    allowed.trim().to_owned()
}

/// A person's text as HTML: markup is escaped, and a line break is `<br>`.
pub fn plain_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    html.push_str("<p>");
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            c => html.push(c),
        }
    }
    html.push_str("</p>");
    html
}
