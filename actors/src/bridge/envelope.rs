//! What one pod writes to another: an envelope with a version, and a body of one of a few kinds.
//!
//! ```json
//! {"v":1,"from":"pod-a.k3f9","at_ms":1764038400000,"body":{"kind":"taken_over","conversation":"…","epoch":4}}
//! ```
//!
//! Pods of two versions run side by side while an update rolls: what a pod cannot read it passes over,
//! and says why, so that it is counted. Fields may be added to a body without a new version.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::DeskBroadcast;
use crate::Invalidate;
use hsc_conversation::log::StoredEntry;
use hsc_conversation::now_ms;

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;
/// Longest envelope that is read. The longest answer with its page quotes is far below; whoever writes
/// more than this to a channel of ours is not one of us.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// What pods say to each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A conversation has gone on by these messages.
    Appended {
        /// Id of the conversation.
        conversation: Arc<str>,
        /// The epoch of its owner.
        epoch: u64,
        /// The new entries, by offset.
        frames: Vec<StoredEntry>,
    },
    /// A conversation belongs to the sender from this epoch on; whoever owned it before says nothing more.
    TakenOver {
        /// Id of the conversation.
        conversation: Arc<str>,
        /// The new owner's epoch.
        epoch: u64,
    },
    /// Everybody who is connected is to be told this.
    Notice {
        /// Shown to every visitor and agent as it is.
        message: String,
    },
    /// What the caches are to forget.
    Forget {
        /// The part of the caches.
        what: Invalidate,
    },
    /// Messages of the sender to this channel were not published. Whoever listens to it reads again what
    /// it follows, as after a lost connection of its own.
    Lost,
    /// Of the desk, or of a conversation that a person has.
    Talk(DeskBroadcast),
}

/// An envelope that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The pod that wrote it.
    pub from: Arc<str>,
    /// When, by its clock: milliseconds since 1970.
    pub at_ms: u64,
    /// What it says.
    pub body: Body,
}

/// Why an envelope was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum EnvelopeError {
    /// Written in a version that this pod does not know.
    #[error("of another version")]
    Version,
    /// Of a kind that this pod does not know.
    #[error("of an unknown kind")]
    Kind,
    /// No envelope at all, or one whose fields are not what its kind has.
    #[error("malformed")]
    Malformed,
}

impl EnvelopeError {
    /// As the label of a metric.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Body {
    /// Its kind, as on the wire and as the label of a metric.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Appended { .. } => "appended",
            Self::TakenOver { .. } => "taken_over",
            Self::Notice { .. } => "notice",
            Self::Forget { .. } => "forget",
            Self::Lost => "lost",
            Self::Talk(talk) => talk.kind(),
        }
    }
}

impl Envelope {
    /// Written by this pod, now.
    #[must_use]
    pub fn new(from: Arc<str>, body: Body) -> Self {
        Self { from, at_ms: now_ms(), body }
    }

    /// How long it was on its way, by two clocks that may differ.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.at_ms))
    }

    /// As it goes to other pods.
    ///
    /// # Panics
    /// When a frame is no JSON: frames are text frames of the wire, which are.
    #[must_use]
    pub fn write(&self) -> String {
        match &self.body {
            // By the same words as Redis puts it together, so that there is one form only.
            Body::Appended { conversation, epoch, frames } => {
                let (before, after) = around_frames(&self.from, self.at_ms, conversation, *epoch);
                let frames: Vec<String> = frames.iter().map(frame).collect();
                format!("{before}{}{after}", frames.join(","))
            }
            body => write(&EncodedEnvelope {
                v: VERSION,
                from: &self.from,
                at_ms: self.at_ms,
                body: body.written(),
            }),
        }
    }

    /// Reads what another pod wrote.
    ///
    /// # Errors
    /// Why it was passed over.
    pub fn read(payload: &[u8]) -> Result<Self, EnvelopeError> {
        if payload.len() > MAX_BYTES {
            return Err(EnvelopeError::Malformed);
        }
        // The version first: of another one nothing else is known.
        let Version { v } = serde_json::from_slice(payload).map_err(malformed)?;
        if v != VERSION {
            return Err(EnvelopeError::Version);
        }
        let DecodedEnvelope { from, at_ms, body } =
            serde_json::from_slice(payload).map_err(malformed)?;
        Ok(Self { from, at_ms, body: read_body(body.get())? })
    }
}

/// The text of an `appended` envelope before its frames and after them. Between the two go the frames,
/// each written as `[offset,frame]`, with commas between them: this is how the script of the log that
/// appends and publishes in one puts an envelope together without reading a frame.
#[must_use]
pub fn around_frames(
    from: &str,
    at_ms: u64,
    conversation: &str,
    epoch: u64,
) -> (String, &'static str) {
    let (from, conversation) = (write(from), write(conversation));
    let before = format!(
        "{{\"v\":{VERSION},\"from\":{from},\"at_ms\":{at_ms},\"body\":{{\"kind\":\"appended\",\
         \"conversation\":{conversation},\"epoch\":{epoch},\"frames\":["
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
    body: WrittenBody<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum WrittenBody<'a> {
    TakenOver {
        conversation: &'a str,
        epoch: u64,
    },
    Notice {
        message: &'a str,
    },
    Forget {
        what: &'a Invalidate,
    },
    Lost,
    #[serde(untagged)]
    Talk(&'a DeskBroadcast),
}

impl Body {
    fn written(&self) -> WrittenBody<'_> {
        match self {
            Self::Appended { .. } => unreachable!("written around its frames"),
            Self::TakenOver { conversation, epoch } => {
                WrittenBody::TakenOver { conversation, epoch: *epoch }
            }
            Self::Notice { message } => WrittenBody::Notice { message },
            Self::Forget { what } => WrittenBody::Forget { what },
            Self::Lost => WrittenBody::Lost,
            Self::Talk(talk) => WrittenBody::Talk(talk),
        }
    }
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
    #[serde(borrow)]
    frames: Vec<(u64, &'a RawValue)>,
}

#[derive(Deserialize)]
struct TakenOver {
    conversation: Arc<str>,
    epoch: u64,
}

#[derive(Deserialize)]
struct Notice {
    message: String,
}

#[derive(Deserialize)]
struct Forget {
    what: Invalidate,
}

fn read_body(text: &str) -> Result<Body, EnvelopeError> {
    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, EnvelopeError> {
        serde_json::from_str(text).map_err(malformed)
    }
    let Kind { kind } = read(text)?;
    Ok(match kind.as_str() {
        "appended" => {
            let Appended { conversation, epoch, frames } = read(text)?;
            let entry = |(offset, frame): (u64, &RawValue)| StoredEntry {
                offset,
                text: frame.get().into(),
            };
            Body::Appended { conversation, epoch, frames: frames.into_iter().map(entry).collect() }
        }
        "taken_over" => {
            let TakenOver { conversation, epoch } = read(text)?;
            Body::TakenOver { conversation, epoch }
        }
        "notice" => Body::Notice { message: read::<Notice>(text)?.message },
        "forget" => Body::Forget { what: read::<Forget>(text)?.what },
        "lost" => Body::Lost,
        kind if DeskBroadcast::KINDS.contains(&kind) => Body::Talk(read(text)?),
        _ => return Err(EnvelopeError::Kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsc_conversation::desk::AgentSaid;
    use hsc_conversation::protocol::{Agent, Note, Ticket, TicketGone, TicketGoneReason};

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
            Body::Forget { what: Invalidate::Product("lamp-1".to_owned()) },
            Body::Forget { what: Invalidate::All },
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
            product: None,
            visitor: None,
            locale: Some("he".to_owned()),
            scenario: None,
            page: None,
            reason: None,
            last: None,
            since_ms: 1,
            agent: Some(agent()),
            unanswered_by: None,
            online: true,
            pod: "a".to_owned(),
            rev: 2,
        };
        let gone = TicketGone {
            conversation: conversation.clone(),
            why: TicketGoneReason::Closed,
            agent: Some(agent()),
            rev: 3,
        };
        let said = AgentSaid {
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
            DeskBroadcast::AgentSaid { said: Box::new(said) },
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
    fn every_kind_is_read_as_it_was_written_and_a_frame_stays_byte_for_byte() {
        for body in bodies() {
            let envelope = Envelope { from: "pod-a.k3f9".into(), at_ms: 1_764_038_400_000, body };
            let text = envelope.write();
            assert_eq!(Envelope::read(text.as_bytes()), Ok(envelope.clone()), "{text}");
            let kind = format!("\"kind\":\"{}\"", envelope.body.kind());
            assert!(text.contains(&kind), "{text}");
        }
    }

    #[test]
    fn another_version_or_kind_is_passed_over_and_says_so() {
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
