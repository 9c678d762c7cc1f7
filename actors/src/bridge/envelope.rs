//! The messages between pods: an envelope with a version, and a body of a few kinds.
//!
//! ```json
//! {"v":1,"from":"pod-a.k3f9","at_ms":1764038400000,"body":{"kind":"taken_over","conversation":"…","epoch":4}}
//! ```
//!
//! Pods of two versions run side by side during a rolling update: a pod skips a message that it cannot
//! read, and returns why, so that it is counted. Fields may be added to a body without a new version.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strum::VariantNames as _;

use crate::Invalidate;
use hsc_conversation::desk::{AgentChatMessage, DeskChange};
use hsc_conversation::log::StoredEntry;
use hsc_conversation::now_ms;
use hsc_conversation::protocol::{Agent, Note, Ticket, TicketGone};

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;
/// Longest envelope that is read. The longest answer with its page quotes is far below; a longer
/// message was not written by this server.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The messages between pods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Body {
    /// New entries of a conversation. Encoded by [`around_entries`], and decoded with each entry as it is.
    #[serde(skip)]
    #[strum(serialize = "entries")]
    Appended {
        /// Id of the conversation.
        conversation: Arc<str>,
        /// The epoch of its owner.
        epoch: u64,
        /// The new entries, by offset.
        frames: Vec<StoredEntry>,
    },
    /// The sender owns a conversation from this epoch on; the previous owner stops writing.
    TakenOver {
        /// Id of the conversation.
        conversation: Arc<str>,
        /// The new owner's epoch.
        epoch: u64,
    },
    /// A notice for every connected client.
    Notice {
        /// Shown to every visitor and agent as it is.
        message: String,
    },
    /// A cache invalidation.
    Forget {
        /// The part of the caches to forget.
        what: Invalidate,
        /// True when the sender has invalidated it in the L2 cache for all versions of the server. False from a pod
        /// of an earlier version, which did so for its own.
        #[serde(default)]
        l2_is_done: bool,
    },
    /// Messages of the sender to this channel were lost. A subscriber reads its source again,
    /// as after a lost connection of its own.
    Lost,
    /// A message about the desk, or about a conversation with an agent.
    #[serde(untagged)]
    #[strum(transparent)]
    Talk(DeskBroadcast),
}

/// A message on the channels of the desk and of conversations at the desk.
#[derive(
    Debug, Clone, PartialEq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeskBroadcast {
    /// The new state of a conversation at the desk.
    Ticket {
        /// The conversation at the desk.
        ticket: Box<Ticket>,
    },
    /// A conversation has left the desk.
    TicketGone {
        /// Its last state.
        gone: TicketGone,
    },
    /// Agents have come, gone or changed: read the desk again.
    Agents,
    /// To the owner of a conversation: a message of its agent to the visitor.
    // The JSON names are those of earlier versions: pods of two versions run during an update.
    #[serde(rename = "agent_said")]
    #[strum(serialize = "agent_said")]
    AgentChatMessage {
        /// The message of the agent.
        #[serde(rename = "said")]
        message: Box<AgentChatMessage>,
    },
    /// To the owner of a conversation: its agent started or stopped typing.
    AgentTyping {
        /// The agent who types.
        agent: Agent,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: an agent's message was added to the conversation, or was refused.
    Accepted {
        /// Id of the conversation.
        conversation: String,
        /// Number of the agent's message.
        request: String,
        /// False when the conversation is not assigned to that agent.
        accepted: bool,
    },
    /// To the agents: the visitor started or stopped typing.
    VisitorTyping {
        /// Id of the conversation.
        conversation: String,
        /// False when the typing ends.
        typing: bool,
    },
    /// To the agents: the archive has new data of these conversations; empty when there are too many to name.
    Archived {
        /// Ids of the conversations.
        conversations: Vec<String>,
    },
    /// To the agents: a new note.
    Note {
        /// The note as stored.
        note: Note,
    },
}

/// A decoded envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The pod that wrote it.
    pub from: Arc<str>,
    /// When, by the clock of that pod: milliseconds since 1970.
    pub at_ms: u64,
    /// What it says, by kind.
    pub body: Body,
}

/// Why an envelope was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EnvelopeError {
    /// Its version is unknown to this pod.
    #[error("of another version")]
    Version,
    /// Its kind is unknown to this pod.
    #[error("of an unknown kind")]
    Kind,
    /// Not an envelope, or one whose fields do not fit its kind.
    #[error("malformed")]
    Malformed,
}

impl From<DeskChange> for DeskBroadcast {
    fn from(change: DeskChange) -> Self {
        match change {
            DeskChange::Ticket(ticket) => Self::Ticket { ticket: Box::new(ticket) },
            DeskChange::Gone(gone) => Self::TicketGone { gone },
            DeskChange::Agents => Self::Agents,
        }
    }
}

impl DeskBroadcast {
    /// The change of the desk that it announces, if it announces one.
    pub fn change(&self) -> Option<DeskChange> {
        match self {
            Self::Ticket { ticket } => Some(DeskChange::Ticket(Ticket::clone(ticket))),
            Self::TicketGone { gone } => Some(DeskChange::Gone(gone.clone())),
            Self::Agents => Some(DeskChange::Agents),
            Self::AgentChatMessage { .. }
            | Self::AgentTyping { .. }
            | Self::Accepted { .. }
            | Self::VisitorTyping { .. }
            | Self::Archived { .. }
            | Self::Note { .. } => None,
        }
    }
}

impl Body {
    /// Its kind on the wire and in the label of a metric.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

impl Envelope {
    /// An envelope of this pod, dated now.
    pub fn new(from: Arc<str>, body: Body) -> Self {
        Self { from, at_ms: now_ms(), body }
    }

    /// Time since it was written, by two clocks that may differ.
    pub fn age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.at_ms))
    }

    /// The encoded envelope.
    ///
    /// # Panics
    /// When a frame is not JSON: frames are text frames of the wire, which are.
    pub fn write(&self) -> String {
        match &self.body {
            // In the same form as the Redis script writes it, so that there is one form only.
            Body::Appended { conversation, epoch, frames } => {
                let (before, after) = around_entries(&self.from, self.at_ms, conversation, *epoch);
                let frames: Vec<String> = frames.iter().map(frame).collect();
                format!("{before}{}{after}", frames.join(","))
            }
            body => {
                write(&EncodedEnvelope { v: VERSION, from: &self.from, at_ms: self.at_ms, body })
            }
        }
    }

    /// Decodes an envelope of another pod.
    ///
    /// # Errors
    /// Why it is skipped.
    pub fn read(payload: &[u8]) -> Result<Self, EnvelopeError> {
        if payload.len() > MAX_BYTES {
            return Err(EnvelopeError::Malformed);
        }
        // The version first: the rest of an unknown version cannot be read.
        let Version { v } = serde_json::from_slice(payload).map_err(malformed)?;
        if v != VERSION {
            return Err(EnvelopeError::Version);
        }
        let DecodedEnvelope { from, at_ms, body } =
            serde_json::from_slice(payload).map_err(malformed)?;
        Ok(Self { from, at_ms, body: read_body(body.get())? })
    }
}

/// The kind of an envelope with entries of a log. Pods of the previous version use another kind, `appended`, and send its
/// content to agents unchanged; they skip this one.
const APPENDED: &str = "entries";

/// The text of an envelope of this kind before its entries and after them. The entries go between the two, each written
/// as `[offset,entry]`, separated by commas: the log's script, which appends and publishes in one step, builds an
/// envelope this way without parsing an entry.
pub fn around_entries(
    from: &str,
    at_ms: u64,
    conversation: &str,
    epoch: u64,
) -> (String, &'static str) {
    let (from, conversation) = (write(from), write(conversation));
    let before = format!(
        "{{\"v\":{VERSION},\"from\":{from},\"at_ms\":{at_ms},\"body\":{{\"kind\":\"{APPENDED}\",\
         \"conversation\":{conversation},\"epoch\":{epoch},\"entries\":["
    );
    (before, "]}}")
}

fn frame(entry: &StoredEntry) -> String {
    format!("[{},{}]", entry.offset, entry.text)
}

fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("texts and numbers are always written")
}

fn malformed(_: serde_json::Error) -> EnvelopeError {
    EnvelopeError::Malformed
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

#[derive(Serialize)]
struct EncodedEnvelope<'a> {
    v: u64,
    from: &'a str,
    at_ms: u64,
    body: &'a Body,
}

#[derive(Deserialize)]
struct DecodedEnvelope<'a> {
    from: Arc<str>,
    at_ms: u64,
    // Raw, because frames inside it stay as they are, byte for byte.
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct Appended<'a> {
    conversation: Arc<str>,
    epoch: u64,
    /// `frames` in an envelope of the version before.
    #[serde(borrow, alias = "frames")]
    entries: Vec<(u64, &'a RawValue)>,
}

fn read_body(text: &str) -> Result<Body, EnvelopeError> {
    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, EnvelopeError> {
        serde_json::from_str(text).map_err(malformed)
    }
    let Kind { kind } = read(text)?;
    Ok(match kind.as_str() {
        APPENDED | "appended" => {
            let Appended { conversation, epoch, entries } = read(text)?;
            let entry = |(offset, entry): (u64, &RawValue)| StoredEntry {
                offset,
                text: entry.get().into(),
            };
            Body::Appended { conversation, epoch, frames: entries.into_iter().map(entry).collect() }
        }
        "taken_over" | "notice" | "forget" | "lost" => read(text)?,
        kind if DeskBroadcast::VARIANTS.contains(&kind) => Body::Talk(read(text)?),
        _ => return Err(EnvelopeError::Kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsc_conversation::protocol::TicketGoneReason;

    fn bodies() -> Vec<Body> {
        let frame = |offset: u64| StoredEntry {
            offset,
            text: format!(r#"{{"type":"answer_chunk","offset":{offset},"content":"\"ä\" 1.50"}}"#)
                .into(),
        };
        vec![
            Body::Appended {
                conversation: "c\"1".into(),
                epoch: 3,
                frames: vec![frame(7), frame(8)],
            },
            Body::Appended { conversation: "c".into(), epoch: 1, frames: Vec::new() },
            Body::TakenOver { conversation: "c".into(), epoch: 4 },
            Body::Notice { message: "We are back at 9.".to_owned() },
            Body::Lost,
            Body::Forget { what: Invalidate::Product("lamp-1".to_owned()), l2_is_done: true },
            Body::Forget { what: Invalidate::All, l2_is_done: false },
        ]
        .into_iter()
        .chain(talk().map(Body::Talk))
        .collect()
    }

    fn talk() -> [DeskBroadcast; 8] {
        let (conversation, typing) = ("c".to_owned(), true);
        let agent = || Agent { id: "ana".to_owned(), name: "Ana \"A\"".to_owned() };
        let ticket = Ticket {
            conversation: conversation.clone(),
            locale: Some("he".to_owned()),
            since_ms: 1,
            agent: Some(agent()),
            online: true,
            pod: "a".to_owned(),
            rev: 2,
            ..Ticket::default()
        };
        let gone = TicketGone {
            conversation: conversation.clone(),
            why: TicketGoneReason::Closed,
            agent: Some(agent()),
            rev: 3,
        };
        let message = AgentChatMessage {
            request: "r".to_owned(),
            agent: agent(),
            content: "Hi".to_owned(),
            citations: Vec::new(),
            upload: None,
            at_ms: 1,
        };
        let note = Note {
            note_id: "n".to_owned(),
            conversation: conversation.clone(),
            agent: agent(),
            content: "Careful".to_owned(),
            at_ms: 1,
        };
        let request = "r".to_owned();
        [
            DeskBroadcast::Ticket { ticket: Box::new(ticket) },
            DeskBroadcast::TicketGone { gone },
            DeskBroadcast::Agents,
            DeskBroadcast::AgentChatMessage { message: Box::new(message) },
            DeskBroadcast::AgentTyping { agent: agent(), typing },
            DeskBroadcast::Accepted {
                conversation: conversation.clone(),
                request,
                accepted: false,
            },
            DeskBroadcast::VisitorTyping { conversation, typing },
            DeskBroadcast::Note { note },
        ]
    }

    #[test]
    fn every_kind_survives_a_round_trip_and_a_frame_stays_byte_for_byte() {
        for body in bodies() {
            let envelope = Envelope { from: "pod-a.k3f9".into(), at_ms: 1_764_038_400_000, body };
            let text = envelope.write();
            assert_eq!(Envelope::read(text.as_bytes()), Ok(envelope.clone()), "{text}");
            let kind = format!("\"kind\":\"{}\"", envelope.body.kind());
            assert!(text.contains(&kind), "{text}");
        }
    }

    #[test]
    fn entries_have_a_kind_that_the_previous_version_skips_and_its_kind_is_read() {
        let body = bodies().remove(0);
        let envelope = Envelope { from: "p".into(), at_ms: 1, body };
        let text = envelope.write();
        assert!(!text.contains("\"appended\""), "{text}");
        let before = text.replace("\"entries\":[", "\"frames\":[");
        let before = before.replace("\"kind\":\"entries\"", "\"kind\":\"appended\"");
        assert_ne!(before, text);
        assert_eq!(Envelope::read(before.as_bytes()), Ok(envelope));
    }

    #[test]
    fn an_invalidation_of_the_previous_version_is_done_in_l2_by_each_reader() {
        let text = r#"{"v":1,"from":"p","at_ms":1,"body":{"kind":"forget","what":"all"}}"#;
        let body = Envelope::read(text.as_bytes()).map(|envelope| envelope.body);
        assert_eq!(body, Ok(Body::Forget { what: Invalidate::All, l2_is_done: false }));
    }

    #[test]
    fn an_unknown_version_or_kind_is_skipped_with_its_reason() {
        let read = |text: &str| Envelope::read(text.as_bytes()).unwrap_err();
        assert_eq!(read(r#"{"v":2,"was":"from"}"#), EnvelopeError::Version);
        let unknown = r#"{"v":1,"from":"p","at_ms":1,"body":{"kind":"sing","song":1}}"#;
        assert_eq!(read(unknown), EnvelopeError::Kind);
        for text in [
            "",
            "PING",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":"1"}"#,
            r#"{"v":1,"from":"p","at_ms":1,"body":{"kind":"taken_over","epoch":1}}"#,
            r#"{"v":1,"from":"p","at_ms":-1,"body":{"kind":"notice","message":"x"}}"#,
        ] {
            assert_eq!(read(text), EnvelopeError::Malformed, "{text}");
        }
        assert_eq!(read(&" ".repeat(MAX_BYTES + 1)), EnvelopeError::Malformed);
        let more =
            r#"{"v":1,"from":"p","at_ms":1,"new":0,"body":{"kind":"notice","message":"x","to":1}}"#;
        assert!(Envelope::read(more.as_bytes()).is_ok(), "fields may be added");
    }
}
