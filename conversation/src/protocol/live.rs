//! A person in the conversation: what a visitor says for one, and what the visitor is told.

use hsc_catalogs::Citation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::protocol::desk::Agent;
use crate::protocol::fields::{InvalidMessage, at_most, bool_of, invalid, text_of};

/// Longest reason a visitor gives for wanting a person, in characters: a sentence or two for whoever
/// looks at the queue.
const REASON_CHARS: usize = 500;
/// Longest message between visitor and agent, in characters, as long as a question.
pub(super) const MESSAGE_CHARS: usize = 2_000;
/// Longest comment on an answer or on the conversation, in characters.
const COMMENT_CHARS: usize = 1_000;
/// Longest name of an upload: it is made by the server and far shorter.
const UPLOAD_CHARS: usize = 100;

/// `handoff`: the visitor wants a person, or no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HandoffWish {
    /// Why, in the visitor's words, up to 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True when the visitor does not want one any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withdraw: bool,
}

/// `message`: from the visitor to the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct VisitorMessage {
    /// The words, up to 2,000 characters; may be empty beside an upload.
    pub content: String,
    /// A picture that was uploaded before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

/// `feedback`: what the visitor thinks of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Feedback {
    /// The offset of the answer's `final_answer`.
    pub offset: u64,
    /// Up or down.
    pub thumb: Thumb,
    /// Why, up to 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Whether an answer helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Thumb {
    /// It did.
    Up,
    /// It did not.
    Down,
}

/// `csat`: what the visitor thinks of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Csat {
    /// 1, bad, to 5, good.
    #[schema(minimum = 1, maximum = 5)]
    pub rating: u8,
    /// Why, up to 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Who has the conversation, as the visitor is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandoffChange {
    /// Who has it now.
    pub state: HandoffState,
    /// Why, for people, where it needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True when the visitor can leave a message with an address instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
}

/// Who has a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffState {
    /// The machine still; the visitor waits for a person.
    Waiting,
    /// A person.
    WithAgent,
    /// The machine again.
    Returned,
    /// Nobody: the person has closed it.
    Closed,
    /// The machine: there is no person just now.
    Unavailable,
}

impl HandoffState {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::WithAgent => "with_agent",
            Self::Returned => "returned",
            Self::Closed => "closed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a person is not in the conversation any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// A colleague goes on.
    Handed,
    /// The machine goes on.
    Returned,
    /// The person has closed the conversation.
    Closed,
    /// The visitor has ended the conversation.
    Ended,
    /// The person was not heard of any more; the visitor waits for another one.
    Gone,
    /// The agent did not answer in time; the visitor waits for another one.
    NoAnswer,
}

/// `message`: something said between visitor and person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChatMessage {
    /// Who said it.
    pub from: Speaker,
    /// The person, where one said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The words.
    pub content: String,
    /// The words as HTML in which nothing of the speaker's is markup.
    pub html: String,
    /// Pages of the manual that the words rest on.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// A picture that was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
}

/// Who speaks in a `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The visitor.
    Visitor,
    /// The person.
    Agent,
}

/// What a visitor waits for in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueFor {
    /// The machine's answer.
    Answer,
    /// A person.
    Agent,
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
            return Err(invalid(None, "'offset' must be the offset of a final_answer"));
        };
        let thumb = match text_of(fields, "thumb")? {
            Some("up") => Thumb::Up,
            Some("down") => Thumb::Down,
            _ => return Err(invalid(None, "'thumb' must be up or down")),
        };
        Ok(Self { offset, thumb, comment: comment_of(fields, "comment", COMMENT_CHARS)? })
    }
}

impl Csat {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, InvalidMessage> {
        let rating = fields.get("rating").and_then(Value::as_u64).and_then(|it| it.try_into().ok());
        let Some(rating @ 1..=5) = rating else {
            return Err(invalid(None, "'rating' must be a whole number from 1 to 5"));
        };
        Ok(Self { rating, comment: comment_of(fields, "comment", COMMENT_CHARS)? })
    }
}

/// The words of a message and its upload; one of the two has to be there.
pub(super) fn content_of(
    fields: &Map<String, Value>,
) -> Result<(String, Option<String>), InvalidMessage> {
    let content = lines(text_of(fields, "content")?.unwrap_or_default());
    at_most("content", &content, MESSAGE_CHARS)?;
    let upload = text_of(fields, "upload")?.unwrap_or_default().trim();
    at_most("upload", upload, UPLOAD_CHARS)?;
    if !upload.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(invalid(None, "'upload' is no upload: send the id that the upload was given"));
    }
    if content.is_empty() && upload.is_empty() {
        return Err(invalid(None, "the message is empty; put the words into 'content'"));
    }
    Ok((content, (!upload.is_empty()).then(|| upload.to_owned())))
}

/// A text that may be missing; what is empty is missing.
fn comment_of(
    fields: &Map<String, Value>,
    field: &str,
    limit: usize,
) -> Result<Option<String>, InvalidMessage> {
    let text = lines(text_of(fields, field)?.unwrap_or_default());
    at_most(field, &text, limit)?;
    Ok((!text.is_empty()).then_some(text))
}

/// A person's words: as they are, without control characters other than the breaks between lines.
pub(super) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.trim().to_owned()
}

/// A person's words as HTML: nothing in them is markup, and a break between lines is one.
#[must_use]
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
