//! Messages of a visitor's client, validated once.

use hsc_catalogs::Scenario;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::VariantNames as _;
use utoipa::ToSchema;

use crate::message_id::MessageId;
use crate::protocol::fields::{
    InvalidMessage, at_most, bool_of, invalid, kind_of, read_frame, shown, text_of, unknown_type,
};
use crate::protocol::image::Image;
use crate::protocol::live::{Csat, Feedback, HandoffWish, VisitorMessage};

/// Longest `content` of `typing`, in characters (protocol, part 1).
pub(super) const TYPING_CHARS: usize = 1_000;
/// Longest question, in characters (protocol, part 1).
pub(super) const QUESTION_CHARS: usize = 2_000;
/// Longest product id, in characters (protocol, part 1).
pub(super) const PRODUCT_ID_CHARS: usize = 200;
/// Longest token of a `hello`, in characters: more than the head of a request holds, where the visitor token may
/// come as well.
pub(super) const TOKEN_CHARS: usize = 16_384;
/// Longest language tag that is read; the stored one is shorter.
const LOCALE_BYTES: usize = 100;
/// Longest address of a page in `about`, in characters: longer ones are query strings of trackers.
pub(super) const PAGE_CHARS: usize = 1_000;

/// One message of a client and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFrame {
    /// The client's own id for the message; every reply to it echoes it.
    pub id: Option<MessageId>,
    /// The message.
    pub message: ClientMessage,
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ClientMessage {
    /// The visitor is typing; predict products. Control characters are removed.
    Typing(String),
    /// Typing pauses; return the meaning of the whole text. Control characters are removed.
    Understand(String),
    /// A question about one product.
    Query(QueryMessage),
    /// First message of a client that uses part 2.
    Hello(Hello),
    /// The state of the visitor's page: the chosen product, the scenario, the page's address.
    About(About),
    /// Stop the running answer; its `final_answer` is sent at once.
    Cancel,
    /// The visitor wants an agent, or withdraws.
    Handoff(HandoffWish),
    /// A message from the visitor to the agent.
    Message(VisitorMessage),
    /// The visitor's rating of one answer.
    Feedback(Feedback),
    /// The visitor's rating of the conversation.
    Csat(Csat),
    /// The visitor ends the conversation.
    Bye,
}

impl ClientMessage {
    /// The value of `type`, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Query(query) if query.locked => "lock_and_query",
            _ => self.into(),
        }
    }
}

/// A question, as `query` or `lock_and_query`.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryMessage {
    /// Id of the product; empty if the client sent none.
    pub product_id: String,
    /// The question, without control characters, trimmed.
    pub question: String,
    /// How the product is used.
    pub scenario: Scenario,
    /// A picture; none if the client sent none.
    pub image: Option<Image>,
    /// True for `lock_and_query`: the visitor has picked the product.
    pub locked: bool,
    /// True when this question replaces the running answer and the queued questions; else it is queued.
    pub replace: bool,
}

/// `hello`: the capabilities of the client, and the conversation to continue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Hello {
    /// Predictions without the whole catalog entry.
    pub compact: bool,
    /// The visitor's language, a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The conversation to continue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// The visitor token: a JWT that the embedding site signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
}

/// `about`: the state of the visitor's page. An absent field leaves the earlier value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct About {
    /// The product that the visitor has chosen; empty when the choice was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// How the product is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// Address of the page (`http` or `https`), up to 1,000 characters, without fragment and user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// The conversation to continue, and the client's position in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Resume {
    /// The conversation.
    pub conversation: String,
    /// The token of its `welcome`.
    pub token: String,
    /// The last offset that the client has.
    pub after: u64,
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`InvalidMessage`] with the sentence of part 1; the connection stays open after it.
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let (id, message) = read_frame(text, read)?;
        Ok(Self { id, message })
    }
}

/// The known types, for the error to an unknown one.
const KNOWN: &str = "typing, query, lock_and_query, hello, about, cancel, handoff, message, feedback, csat, bye, \
     understand";

fn read(fields: &Map<String, Value>) -> Result<ClientMessage, InvalidMessage> {
    match kind_of(fields)? {
        "typing" => typed(fields).map(ClientMessage::Typing),
        "understand" => typed(fields).map(ClientMessage::Understand),
        "query" => query(fields, false),
        "lock_and_query" => query(fields, true),
        "hello" => hello(fields),
        "about" => about(fields),
        "cancel" => Ok(ClientMessage::Cancel),
        "handoff" => HandoffWish::read(fields).map(ClientMessage::Handoff),
        "message" => VisitorMessage::read(fields).map(ClientMessage::Message),
        "feedback" => Feedback::read(fields).map(ClientMessage::Feedback),
        "csat" => Csat::read(fields).map(ClientMessage::Csat),
        "bye" => Ok(ClientMessage::Bye),
        other => Err(unknown_type(other, KNOWN)),
    }
}

fn typed(fields: &Map<String, Value>) -> Result<String, InvalidMessage> {
    let content = without_control(text_of(fields, "content")?.unwrap_or_default());
    at_most("content", &content, TYPING_CHARS)?;
    Ok(content)
}

fn query(fields: &Map<String, Value>, locked: bool) -> Result<ClientMessage, InvalidMessage> {
    let product_id = product_of(fields)?.unwrap_or_default();
    let mut question = String::new();
    for field in ["query", "question", "content"] {
        let text = without_control(text_of(fields, field)?.unwrap_or_default());
        at_most(field, &text, QUESTION_CHARS)?;
        if !text.trim().is_empty() {
            text.trim().clone_into(&mut question);
            break;
        }
    }
    let scenario = scenario_of(fields)?.unwrap_or_default();
    let image = match text_of(fields, "image")? {
        None | Some("") => None,
        Some(text) => Some(Image::read(text)?),
    };
    let replace = bool_of(fields, "replace")?;
    let query = QueryMessage { product_id, question, scenario, image, locked, replace };
    Ok(ClientMessage::Query(query))
}

fn about(fields: &Map<String, Value>) -> Result<ClientMessage, InvalidMessage> {
    let page = text_of(fields, "page")?.unwrap_or_default().trim();
    at_most("page", page, PAGE_CHARS)?;
    let (product_id, scenario) = (product_of(fields)?, scenario_of(fields)?);
    Ok(ClientMessage::About(About { product_id, scenario, page: page_address(page) }))
}

fn product_of(fields: &Map<String, Value>) -> Result<Option<String>, InvalidMessage> {
    let product_id = text_of(fields, "product_id")?.map(str::trim);
    at_most("product_id", product_id.unwrap_or_default(), PRODUCT_ID_CHARS)?;
    Ok(product_id.map(str::to_owned))
}

fn scenario_of(fields: &Map<String, Value>) -> Result<Option<Scenario>, InvalidMessage> {
    let unknown = |text| {
        let known = Scenario::VARIANTS.join(", ");
        invalid(&format!("scenario '{}' is none of {known}", shown(text)))
    };
    match text_of(fields, "scenario")? {
        None => Ok(None),
        Some("") => Ok(Some(Scenario::General)),
        Some(text) => text.parse().map(Some).map_err(|_| unknown(text)),
    }
}

/// The address of a page as an agent may follow it. Fragment and user name are removed: both can hold a secret. None
/// if it is not the address of a web page.
fn page_address(text: &str) -> Option<String> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let text = text.split('#').next().unwrap_or_default();
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(&*scheme, "http" | "https") {
        return None;
    }
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then(|| format!("{scheme}://{host}{path}"))
}

fn hello(fields: &Map<String, Value>) -> Result<ClientMessage, InvalidMessage> {
    let given = fields.iter().filter(|(_, value)| !value.is_null());
    let given = given.map(|(field, value)| (field.clone(), value.clone())).collect();
    let hello: Hello = serde_json::from_value(Value::Object(given))
        .map_err(|error| invalid(&format!("hello: {}", shown(&error.to_string()))))?;
    // The whole message is held while the conversation is being opened.
    at_most("visitor", hello.visitor.as_deref().unwrap_or_default(), TOKEN_CHARS)?;
    if let Some(Resume { conversation, token, .. }) = &hello.resume {
        at_most("resume.conversation", conversation, TOKEN_CHARS)?;
        at_most("resume.token", token, TOKEN_CHARS)?;
    }
    let locale = hello.locale.filter(|locale| locale.len() <= LOCALE_BYTES);
    Ok(ClientMessage::Hello(Hello { locale, ..hello }))
}

fn without_control(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
