//! What is written behind: everything worth keeping that happens in a conversation or at the desk.

use hsc_catalogs::{Citation, Scenario};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened. The archive's handle stamps it with a time and an identity.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A conversation began, or more is known of it. Said again it adds what is new.
    Began(Box<ConversationFacts>),
    /// A message.
    Said(Box<ArchivedMessage>),
    /// The conversation went from one to another, or ended.
    Turned(HandoffRecord),
    /// A thumb on an answer. The last one counts.
    Feedback(Feedback),
    /// The visitor rated the conversation. The last one counts.
    Rated(RatingRecord),
    /// A picture was kept.
    UploadKept(Upload),
    /// A kept picture is gone.
    UploadExpired {
        /// The upload.
        upload: String,
    },
    /// An agent or admin did something.
    Audit(Audit),
    /// The form outside opening hours.
    Left {
        /// The conversation it was left in, where there was one.
        conversation: Option<String>,
        /// Where the answer is to go, a mail address.
        address: String,
        /// The message.
        text: String,
    },
    /// A webhook delivery that is due.
    Deliver(NewDelivery),
}

/// What is known of a conversation beside what was said. Fields that are none change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFacts {
    /// The conversation.
    pub conversation: String,
    /// The visitor, where the embedding site has signed for them.
    pub visitor: Option<Visitor>,
    /// The visitor's language, a BCP 47 tag.
    pub language: Option<String>,
    /// Id of the product that was chosen last.
    pub product: Option<String>,
    /// How the visitor uses the product.
    pub scenario: Option<Scenario>,
    /// Address of the page on which the visitor chats.
    pub page: Option<String>,
    /// Why the visitor wants a person.
    pub reason: Option<String>,
}

/// A record with what makes it one: writing it twice keeps it once.
#[derive(Debug, Clone, PartialEq)]
pub struct StampedRecord {
    /// Unique over all pods and times.
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub record: Record,
}

/// A visitor whom the embedding site has signed for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Visitor {
    /// The embedding site's own name for the visitor.
    pub subject: String,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An agent, as the archive tells of them: the name stays what it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentRef {
    /// Id of the account.
    pub id: String,
    /// The name.
    pub name: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The visitor.
    Visitor,
    /// The answerer.
    Machine,
    /// A person of the team.
    Agent,
    /// A person of the team to the team: never shown to a visitor.
    Note,
    /// The server, e.g. that nobody is there.
    System,
}

impl Author {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Visitor, Self::Machine, Self::Agent, Self::Note, Self::System];

    /// The word in the archive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Machine => "machine",
            Self::Agent => "agent",
            Self::Note => "note",
            Self::System => "system",
        }
    }
}

/// How the machine's answer ended, for the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageOutcome {
    /// The manual answers.
    Answered,
    /// The manual does not say.
    Unknown,
    /// There was no manual to read.
    NoManual,
    /// The visitor stopped it.
    Cancelled,
    /// It could not be made: too busy, or lost.
    Failed,
}

impl MessageOutcome {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::Answered, Self::Unknown, Self::NoManual, Self::Cancelled, Self::Failed];

    /// The word in the archive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unknown => "unknown",
            Self::NoManual => "no_manual",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Something that was said. Fields that do not apply are empty.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchivedMessage {
    /// The conversation.
    pub conversation: String,
    /// Who said it.
    pub author: Author,
    /// Its place in the conversation's log, where it has one. A conversation that was taken over by
    /// another pod may say the same place twice; it is kept once.
    pub offset: Option<u64>,
    /// The text, markers inside.
    pub text: String,
    /// The text as sanitised HTML, where it has any.
    pub html: String,
    /// Id of the product it is about.
    pub product: Option<String>,
    /// The client's id of the question: on the question and on its answer.
    pub question: Option<String>,
    /// Who of the team said it.
    pub agent: Option<AgentRef>,
    /// How the machine's answer ended.
    pub outcome: Option<MessageOutcome>,
    /// How sure the machine was, 0 to 1.
    pub confidence: Option<f32>,
    /// From the question to the answer's first words, in milliseconds.
    pub first_answer_ms: Option<u64>,
    /// True when the answer came out of the cache.
    pub cached: bool,
    /// The pages the answer rests on.
    pub citations: Vec<Citation>,
    /// Language of the text, where it was detected, a BCP 47 tag.
    pub language: Option<String>,
    /// The picture that goes with it.
    pub upload: Option<String>,
}

impl ArchivedMessage {
    /// Said in this conversation, by this author; the rest is empty.
    #[must_use]
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

/// A conversation that goes from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoffRecord {
    /// The conversation.
    pub conversation: String,
    /// What makes it one: recorded twice with the same place it is kept once.
    pub place: TurnPlace,
    /// What happened.
    pub kind: HandoffRecordKind,
    /// The agent who did it, where one did.
    pub agent: Option<AgentRef>,
    /// The agent to whom it went, for [`HandoffRecordKind::Handed`].
    pub to: Option<AgentRef>,
    /// Why: the visitor's words for [`HandoffRecordKind::HandedOver`], else a code ([`HandoffRecordKind`] lists them).
    pub reason: Option<String>,
}

/// Where a turn was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnPlace {
    /// At the desk: the number of its change ([`Ticket::rev`](crate::protocol::Ticket::rev)).
    Desk(u64),
    /// In the conversation: the offset in its log.
    Log(u64),
    /// Nowhere that numbers it: recorded twice it is kept twice.
    Unnumbered,
}

impl TurnPlace {
    /// The offset in the log of the conversation.
    #[must_use]
    pub fn offset(self) -> Option<u64> {
        match self {
            Self::Log(offset) => Some(offset),
            Self::Desk(_) | Self::Unnumbered => None,
        }
    }

    /// What names the turn over all pods; none where nothing does.
    #[must_use]
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
pub enum HandoffRecordKind {
    /// The visitor asked for an agent and waits for one; `reason` is what the visitor wrote.
    HandedOver,
    /// The visitor asked for an agent and none could come; `reason` is `closed` (opening hours),
    /// `nobody_there`, `full` or `away` (the desk).
    Unavailable,
    /// The visitor who waited does not want an agent any more.
    Withdrawn,
    /// The visitor who waited left and did not come back in time.
    Expired,
    /// An agent took it.
    Taken,
    /// An agent handed it to a colleague.
    Handed,
    /// An agent gave it back to the assistant.
    Returned,
    /// The agent is not there any more and the visitor waits again; `reason` is `gone` (not heard of) or
    /// `no_answer`. Records of earlier versions have `closed` too, where an agent closed the conversation.
    Left,
    /// The conversation is over; `reason` is `visitor` or `agent`, whoever ended it, and `agent` had it.
    /// Records of earlier versions have no reason.
    Ended,
}

impl HandoffRecordKind {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::HandedOver,
        Self::Unavailable,
        Self::Withdrawn,
        Self::Expired,
        Self::Taken,
        Self::Handed,
        Self::Returned,
        Self::Left,
        Self::Ended,
    ];

    /// The word in the archive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandedOver => "handed_over",
            Self::Unavailable => "unavailable",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Taken => "taken",
            Self::Handed => "handed",
            Self::Returned => "returned",
            Self::Left => "left",
            Self::Ended => "ended",
        }
    }
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Thumb {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

impl Thumb {
    /// The word in the archive.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A thumb on one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The conversation.
    pub conversation: String,
    /// The offset of the answer's last message.
    pub offset: u64,
    /// Up or down.
    pub thumb: Thumb,
    /// In the visitor's words.
    pub comment: Option<String>,
}

/// The visitor's mark for the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingRecord {
    /// The conversation.
    pub conversation: String,
    /// 1 (bad) to 5 (good).
    pub rating: u8,
    /// In the visitor's words.
    pub comment: Option<String>,
}

/// A picture that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The conversation.
    pub conversation: String,
    /// Its id.
    pub id: String,
    /// Name of its file in the folder of uploads: no folder in it.
    pub file: String,
    /// What it is, by its content.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// When it goes.
    pub expires_ms: u64,
}

/// Something an agent or admin did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Who: id of an account, or `token`, `command line` and the like.
    pub who: String,
    /// In which role.
    pub role: String,
    /// What, a word: `conversation.take`, `cache.invalidate`.
    pub action: String,
    /// To what: a conversation, an account, a brand.
    pub subject: String,
    /// More, in short.
    pub detail: String,
    /// From which address.
    pub address: String,
}

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id, which the endpoint sees and by which it knows a repetition.
    pub id: String,
    /// The endpoint, by its address in the settings.
    pub endpoint: String,
    /// The event's name.
    pub event: String,
    /// The body as it is sent and signed.
    pub body: String,
    /// The conversation it is about; who erases that erases this.
    pub conversation: Option<String>,
}
