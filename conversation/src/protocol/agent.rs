//! The agents' socket: messages of agents, and messages to agents.

use hsc_catalogs::Citation;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use strum::VariantNames as _;
use utoipa::ToSchema;

use crate::message_id::MessageId;
use crate::protocol::fields::{
    InvalidMessage, at_most, bool_of, invalid, kind_of, read_frame, text_of, unknown_type,
};
use crate::protocol::live::{Agent, Presence, Ticket, TicketGone, content_of, lines};
use crate::protocol::{ErrorCode, ServerMessage};

/// Longest id of a conversation or an account, in characters: the server makes both, far shorter.
const ID_CHARS: usize = 200;
/// Longest note, in characters: a note may quote messages, so it is longer than a message.
const NOTE_CHARS: usize = 5_000;
/// Longest question for a draft, in characters, as long as a visitor's.
const QUESTION_CHARS: usize = crate::protocol::client::QUESTION_CHARS;

/// One message of an agent and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentFrame {
    /// The agent's own id for the message; every reply to it echoes it.
    pub id: Option<MessageId>,
    /// The message.
    pub message: AgentMessage,
}

/// A message of an agent.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AgentMessage {
    /// Sends the transcript of this conversation and, from then on, its events.
    Watch {
        /// Id of the conversation.
        conversation: String,
    },
    /// Ends a `watch`.
    Unwatch {
        /// Id of the conversation.
        conversation: String,
    },
    /// The agent takes this conversation.
    Take {
        /// Id of the conversation.
        conversation: String,
    },
    /// The agent transfers the conversation to a colleague.
    Hand {
        /// Id of the conversation.
        conversation: String,
        /// Id of the colleague.
        to: String,
    },
    /// The agent returns the conversation to the assistant.
    GiveBack {
        /// Id of the conversation.
        conversation: String,
    },
    /// The agent closes the conversation.
    Close {
        /// Id of the conversation.
        conversation: String,
    },
    /// A message to the visitor of the agent's conversation.
    Say {
        /// Id of the conversation.
        conversation: String,
        /// The text, up to 2,000 characters; may be empty beside an upload.
        content: String,
        /// Id of an uploaded picture.
        #[serde(skip_serializing_if = "Option::is_none")]
        upload: Option<String>,
    },
    /// A note for the team.
    Note {
        /// Id of the conversation.
        conversation: String,
        /// The text, up to 5,000 characters.
        content: String,
    },
    /// The agent starts or stops typing to the visitor.
    Typing {
        /// Id of the conversation.
        conversation: String,
        /// True while the agent is typing.
        typing: bool,
    },
    /// Asks for the manual's answer as a draft.
    Draft {
        /// Id of the conversation.
        conversation: String,
        /// The question; else the visitor's last one.
        #[serde(skip_serializing_if = "Option::is_none")]
        question: Option<String>,
    },
    /// The agent takes conversations, or has a break.
    Available {
        /// True when the agent takes conversations.
        available: bool,
    },
}

impl AgentMessage {
    /// The value of `type`, for metrics.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

impl AgentFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`InvalidMessage`] with a sentence that says what is wrong; the connection stays open after it.
    pub fn parse(text: &str) -> Result<Self, InvalidMessage> {
        let (id, message) = read_frame(text, read)?;
        Ok(Self { id, message })
    }
}

fn read(fields: &Map<String, Value>) -> Result<AgentMessage, InvalidMessage> {
    let kind = kind_of(fields)?;
    let conversation = || name_of(fields, "conversation");
    Ok(match kind {
        "watch" => AgentMessage::Watch { conversation: conversation()? },
        "unwatch" => AgentMessage::Unwatch { conversation: conversation()? },
        "take" => AgentMessage::Take { conversation: conversation()? },
        "hand" => AgentMessage::Hand { conversation: conversation()?, to: name_of(fields, "to")? },
        "give_back" => AgentMessage::GiveBack { conversation: conversation()? },
        "close" => AgentMessage::Close { conversation: conversation()? },
        "say" => {
            let (content, upload) = content_of(fields)?;
            AgentMessage::Say { conversation: conversation()?, content, upload }
        }
        "note" => {
            let content = lines(text_of(fields, "content")?.unwrap_or_default());
            at_most("content", &content, NOTE_CHARS)?;
            if content.is_empty() {
                return Err(invalid("the note is empty; put the words into 'content'"));
            }
            AgentMessage::Note { conversation: conversation()?, content }
        }
        "typing" => {
            let typing = bool_of(fields, "typing")?;
            AgentMessage::Typing { conversation: conversation()?, typing }
        }
        "draft" => {
            let question = lines(text_of(fields, "question")?.unwrap_or_default());
            at_most("question", &question, QUESTION_CHARS)?;
            let question = (!question.is_empty()).then_some(question);
            AgentMessage::Draft { conversation: conversation()?, question }
        }
        "available" => AgentMessage::Available { available: bool_of(fields, "available")? },
        other => return Err(unknown_type(other, &AgentMessage::VARIANTS.join(", "))),
    })
}

/// The id of a conversation or an account; required.
fn name_of(fields: &Map<String, Value>, field: &str) -> Result<String, InvalidMessage> {
    let name = text_of(fields, field)?.unwrap_or_default().trim();
    at_most(field, name, ID_CHARS)?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(invalid(&format!("'{field}' is missing")));
    }
    Ok(name.to_owned())
}

/// A message to agents.
#[derive(Debug, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeskMessage {
    /// A snapshot of the desk: after the socket has opened, and whenever changes may have been missed.
    Desk(Box<DeskSnapshot>),
    /// A conversation is new at the desk, or changed there.
    Ticket {
        /// Its current state.
        ticket: Ticket,
    },
    /// A conversation is not at the desk any more.
    TicketGone(TicketGone),
    /// The present agents.
    Agents {
        /// All present agents.
        agents: Vec<Presence>,
    },
    /// The transcript of a conversation that is watched from now on, as far as it is stored.
    Transcript(Transcript),
    /// An entry of a watched conversation.
    Entry {
        /// Id of the conversation.
        conversation: String,
        /// Its offset in the conversation.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// The frame as the visitor gets it.
        #[schema(value_type = ServerMessage)]
        frame: Box<RawValue>,
    },
    /// The visitor of a watched conversation starts or stops typing. The text is not sent.
    VisitorTyping {
        /// Id of the conversation.
        conversation: String,
        /// True while the visitor is typing.
        typing: bool,
    },
    /// The visitor of a watched conversation connected or disconnected.
    VisitorPresence {
        /// Id of the conversation.
        conversation: String,
        /// True when the visitor is connected.
        online: bool,
    },
    /// The archive has more of these conversations: a shown list or archived transcript should be loaded again.
    Archived {
        /// Their ids; empty when there are too many to name.
        conversations: Vec<String>,
    },
    /// A note of a colleague or of the agent.
    Note(Note),
    /// The manual's answer; the agent edits and sends it.
    Draft(Draft),
    /// The request succeeded; the reply to a message that has no other.
    Done,
    /// The request failed, or the message is invalid.
    Error {
        /// For people.
        message: String,
        /// For machines.
        code: ErrorCode,
        /// The agent who has the conversation, if that is the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Agent>,
    },
    /// The pod drains: reconnect to another one.
    Reconnect {
        /// Delay before the reconnect, in milliseconds.
        after_ms: u64,
    },
}

impl DeskMessage {
    /// The value of `type`, for metrics.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

/// A snapshot of the desk.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeskSnapshot {
    /// The agent of this socket.
    pub you: Agent,
    /// True when this agent takes conversations.
    pub available: bool,
    /// Conversations that wait for an agent, the longest wait first.
    pub waiting: Vec<Ticket>,
    /// This agent's conversations.
    pub mine: Vec<Ticket>,
    /// Conversations of colleagues.
    pub open: Vec<Ticket>,
    /// The present agents.
    pub agents: Vec<Presence>,
}

/// The transcript of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transcript {
    /// Id of the conversation.
    pub conversation: String,
    /// Its ticket, if it is at the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// The entries, in order.
    pub entries: Vec<TranscriptEntry>,
    /// The agents' notes, in order.
    pub notes: Vec<Note>,
    /// False when earlier parts are not stored any more.
    pub whole: bool,
}

/// One message of a transcript.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptEntry {
    /// Its offset in the conversation.
    pub offset: u64,
    /// The frame as the visitor gets it.
    #[schema(value_type = ServerMessage)]
    pub frame: Box<RawValue>,
}

/// A note; never sent to a visitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Id of the note, the same live and in a transcript; empty from a pod of a version without note ids.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note_id: String,
    /// Id of the conversation.
    pub conversation: String,
    /// The author.
    pub agent: Agent,
    /// The text.
    pub content: String,
    /// Time of the note, in milliseconds since 1970.
    pub at_ms: u64,
}

/// The manual's answer as a draft.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Draft {
    /// Id of the conversation.
    pub conversation: String,
    /// The text, with markers.
    pub content: String,
    /// The cited pages.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
}
