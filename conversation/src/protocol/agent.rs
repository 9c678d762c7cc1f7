//! The agents' socket: what an agent says, and what the desk says to agents.

use hsc_catalogs::Citation;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::protocol::desk::{Agent, Presence, Ticket, TicketGone};
use crate::protocol::fields::{
    InvalidMessage, at_most, bool_of, invalid, kind_of, read_frame, text_of, unknown_type,
};
use crate::protocol::live::{content_of, lines};
use crate::protocol::message_id::MessageId;
use crate::protocol::{ErrorCode, ServerMessage};

/// Longest id of a conversation or an account, in characters: both are ours and far shorter.
const ID_CHARS: usize = 200;
/// Longest note, in characters: a note may quote what was said, so it is longer than a message.
const NOTE_CHARS: usize = 5_000;
/// Longest question for a draft, in characters, as long as a visitor's.
const QUESTION_CHARS: usize = crate::protocol::client::QUESTION_CHARS;
/// What an agent may say, for one that says something else.
const KNOWN: &str =
    "watch, unwatch, take, hand, give_back, close, say, note, typing, draft, available";

/// One message of an agent and the id it gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentFrame {
    /// The agent's own id for the message; every reply to it echoes it.
    pub id: Option<MessageId>,
    /// The message.
    pub message: AgentMessage,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentMessage {
    /// Show me this conversation and what happens in it.
    Watch {
        /// Which.
        conversation: String,
    },
    /// No more.
    Unwatch {
        /// Which.
        conversation: String,
    },
    /// I take this conversation.
    Take {
        /// Which.
        conversation: String,
    },
    /// A colleague takes my conversation.
    Hand {
        /// Which.
        conversation: String,
        /// The colleague's id.
        to: String,
    },
    /// The machine goes on with my conversation.
    GiveBack {
        /// Which.
        conversation: String,
    },
    /// My conversation is over.
    Close {
        /// Which.
        conversation: String,
    },
    /// To the visitor of my conversation.
    Say {
        /// Which.
        conversation: String,
        /// The words, up to 2,000 characters; may be empty beside an upload.
        content: String,
        /// A picture that was uploaded before.
        #[serde(skip_serializing_if = "Option::is_none")]
        upload: Option<String>,
    },
    /// To colleagues alone.
    Note {
        /// About which conversation.
        conversation: String,
        /// The words, up to 5,000 characters.
        content: String,
    },
    /// I am typing to the visitor, or no more.
    Typing {
        /// In which conversation.
        conversation: String,
        /// Whether.
        typing: bool,
    },
    /// What would the manual say?
    Draft {
        /// In which conversation.
        conversation: String,
        /// To this; else to what the visitor asked last.
        #[serde(skip_serializing_if = "Option::is_none")]
        question: Option<String>,
    },
    /// I take conversations, or have a break.
    Available {
        /// Whether.
        available: bool,
    },
}

impl AgentMessage {
    /// The word of `type`, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Watch { .. } => "watch",
            Self::Unwatch { .. } => "unwatch",
            Self::Take { .. } => "take",
            Self::Hand { .. } => "hand",
            Self::GiveBack { .. } => "give_back",
            Self::Close { .. } => "close",
            Self::Say { .. } => "say",
            Self::Note { .. } => "note",
            Self::Typing { .. } => "typing",
            Self::Draft { .. } => "draft",
            Self::Available { .. } => "available",
        }
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
                return Err(invalid(None, "the note is empty; put the words into 'content'"));
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
        other => return Err(unknown_type(other, KNOWN)),
    })
}

/// The id of a conversation or of an account, which has to be there.
fn name_of(fields: &Map<String, Value>, field: &str) -> Result<String, InvalidMessage> {
    let name = text_of(fields, field)?.unwrap_or_default().trim();
    at_most(field, name, ID_CHARS)?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(invalid(None, &format!("'{field}' is missing")));
    }
    Ok(name.to_owned())
}

/// A message to an agent, and the id it answers.
#[derive(Debug, Serialize)]
pub struct DeskFrame<'a> {
    /// The message.
    #[serde(flatten)]
    pub message: &'a DeskMessage,
    /// The id of the agent's message that this replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a MessageId>,
}

impl DeskFrame<'_> {
    /// The text frame.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("the wire types have string keys and no failing serializer")
    }
}

/// Everything that agents are told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeskMessage {
    /// The desk as it is: after the socket has opened, and whenever changes may have been missed.
    Desk(Box<DeskSnapshot>),
    /// A conversation came to the desk, or changed there.
    Ticket {
        /// As it is now.
        ticket: Ticket,
    },
    /// A conversation is not at the desk any more.
    TicketGone(TicketGone),
    /// Which agents are there.
    Agents {
        /// All of them.
        agents: Vec<Presence>,
    },
    /// A conversation that is watched from now on: what was said, as far as it is kept.
    Transcript(Transcript),
    /// A watched conversation went on.
    Entry {
        /// Which.
        conversation: String,
        /// Its place in the conversation.
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// As the visitor got it.
        #[schema(value_type = ServerMessage)]
        frame: Box<RawValue>,
    },
    /// The visitor of a watched conversation is typing, or no more. What is typed is not told.
    VisitorTyping {
        /// In which conversation.
        conversation: String,
        /// Whether.
        typing: bool,
    },
    /// The visitor of a watched conversation has come, or gone.
    VisitorPresence {
        /// In which conversation.
        conversation: String,
        /// True when the visitor is connected.
        online: bool,
    },
    /// The archive knows more of these conversations: a list or a transcript of the past that is shown is to be
    /// asked for again.
    Archived {
        /// Their ids; empty where there are more than are named.
        conversations: Vec<String>,
    },
    /// A note of a colleague, or one's own.
    Note(Note),
    /// What the manual would say; the agent edits it and says it.
    Draft(Draft),
    /// What was asked for is done; the answer to a message that has no other.
    Done,
    /// What was asked for is not done, or was no message.
    Error {
        /// For people.
        message: String,
        /// For machines.
        code: ErrorCode,
        /// Who has the conversation, where that is the reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Agent>,
    },
    /// The pod drains: come again, elsewhere.
    Reconnect {
        /// After so long.
        after_ms: u64,
    },
}

impl DeskMessage {
    /// The word of `type`, for metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Desk(_) => "desk",
            Self::Ticket { .. } => "ticket",
            Self::TicketGone(_) => "ticket_gone",
            Self::Agents { .. } => "agents",
            Self::Transcript(_) => "transcript",
            Self::Entry { .. } => "entry",
            Self::VisitorTyping { .. } => "visitor_typing",
            Self::VisitorPresence { .. } => "visitor_presence",
            Self::Archived { .. } => "archived",
            Self::Note(_) => "note",
            Self::Draft(_) => "draft",
            Self::Done => "done",
            Self::Error { .. } => "error",
            Self::Reconnect { .. } => "reconnect",
        }
    }
}

/// The desk at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeskSnapshot {
    /// Whose socket this is.
    pub you: Agent,
    /// True when this agent takes conversations.
    pub available: bool,
    /// Conversations that wait for a person, the longest wait first.
    pub waiting: Vec<Ticket>,
    /// This agent's conversations.
    pub mine: Vec<Ticket>,
    /// Those of colleagues.
    pub open: Vec<Ticket>,
    /// The agents who are there.
    pub agents: Vec<Presence>,
}

/// What was said in a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transcript {
    /// Which.
    pub conversation: String,
    /// As it is at the desk, where it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// In order.
    pub entries: Vec<TranscriptEntry>,
    /// The agents' notes, in order.
    pub notes: Vec<Note>,
    /// False when earlier parts are not kept any more.
    pub whole: bool,
}

/// One message of a transcript.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptEntry {
    /// Its place in the conversation.
    pub offset: u64,
    /// As the visitor got it.
    #[schema(value_type = ServerMessage)]
    pub frame: Box<RawValue>,
}

/// A note, which no visitor ever sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// The same whether it is heard or read again; empty from a pod of before there was one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note_id: String,
    /// About which conversation.
    pub conversation: String,
    /// Whose.
    pub agent: Agent,
    /// The words.
    pub content: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// What the manual would say.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Draft {
    /// In which conversation.
    pub conversation: String,
    /// The words, markers inside.
    pub content: String,
    /// The pages they rest on.
    pub citations: Vec<Citation>,
    /// 0 to 1.
    pub confidence: f32,
    /// True when every statement rests on a cited page.
    pub grounded: bool,
}
