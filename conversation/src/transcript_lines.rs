//! The text transcript of a conversation: authors and messages in order, without anything that the visitor
//! must not read.

use std::collections::HashMap;

use hsc_catalogs::Citation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::event::{AnswerCompleted, ConversationEvent, LogEntry};
use crate::protocol::Speaker;

/// A message or an event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TranscriptLine {
    /// Its time, in milliseconds since 1970, if it is known.
    pub at_ms: Option<u64>,
    /// The author.
    pub who: TranscriptAuthor,
    /// The agent's name.
    pub name: Option<String>,
    /// The text.
    pub text: String,
    /// Id of the product.
    pub product: Option<String>,
    /// Name of the product.
    pub product_name: Option<String>,
    /// Address of its manual.
    pub manual: Option<String>,
    /// The cited pages.
    pub pages: Vec<TranscriptPage>,
    /// Id of the picture in the message.
    pub upload: Option<String>,
    /// Address of the picture, while it is stored.
    pub picture: Option<String>,
}

/// A page of the manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Page)]
pub struct TranscriptPage {
    /// Number of the page.
    pub page: u32,
    /// The quoted words of the manual.
    pub quote: String,
}

/// The author of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Who)]
pub enum TranscriptAuthor {
    /// The visitor.
    Visitor,
    /// The assistant, from the manual.
    Machine,
    /// An agent.
    Agent,
    /// None: an event.
    Event,
}

impl TranscriptLine {
    /// A line of this author with text only.
    pub fn new(at_ms: Option<u64>, who: TranscriptAuthor, text: impl Into<String>) -> Self {
        Self {
            at_ms,
            who,
            name: None,
            text: text.into(),
            product: None,
            product_name: None,
            manual: None,
            pages: Vec::new(),
            upload: None,
            picture: None,
        }
    }

    /// An agent joined.
    pub fn joined(at_ms: Option<u64>, name: &str) -> Self {
        Self::new(at_ms, TranscriptAuthor::Event, format!("{name} joined."))
    }

    /// An agent left.
    pub fn left(at_ms: Option<u64>, name: &str) -> Self {
        Self::new(at_ms, TranscriptAuthor::Event, format!("{name} left."))
    }

    /// The conversation was closed.
    pub fn closed(at_ms: Option<u64>) -> Self {
        Self::new(at_ms, TranscriptAuthor::Event, "The conversation was closed.")
    }
}

/// The lines of log entries. `times` are the archive's times by offset, for entries that have none.
pub fn transcript_lines(entries: &[LogEntry], times: &HashMap<u64, u64>) -> Vec<TranscriptLine> {
    let mut lines = Vec::new();
    // The chunks of an answer precede its end, which names the question.
    let mut answer = String::new();
    for LogEntry { offset, at_ms, event, .. } in entries {
        let at_ms = at_ms.or_else(|| times.get(offset).copied());
        match event {
            ConversationEvent::AnswerChunk { content } => answer.push_str(content),
            ConversationEvent::AnswerCompleted(completed) => {
                let AnswerCompleted { question, product, citations, .. } = &**completed;
                let product = product.clone();
                if let Some(question) = question {
                    let question = TranscriptLine::new(at_ms, TranscriptAuthor::Visitor, question);
                    lines.push(TranscriptLine { product: product.clone(), ..question });
                }
                let words = std::mem::take(&mut answer);
                if !words.trim().is_empty() {
                    let pages = citations.iter().cloned().map(TranscriptPage::from).collect();
                    lines.push(TranscriptLine {
                        product,
                        pages,
                        ..TranscriptLine::new(at_ms, TranscriptAuthor::Machine, words)
                    });
                }
            }
            ConversationEvent::MessageSent(message) => {
                let who = match message.from {
                    Speaker::Agent => TranscriptAuthor::Agent,
                    Speaker::Visitor => TranscriptAuthor::Visitor,
                };
                lines.push(TranscriptLine {
                    name: message.agent.as_ref().map(|agent| agent.name.clone()),
                    pages: message.citations.iter().cloned().map(TranscriptPage::from).collect(),
                    upload: message.upload.clone(),
                    ..TranscriptLine::new(Some(message.at_ms), who, &*message.content)
                });
            }
            ConversationEvent::AgentJoined { agent } => {
                lines.push(TranscriptLine::joined(at_ms, &agent.name));
            }
            ConversationEvent::AgentLeft { agent, .. } => {
                lines.push(TranscriptLine::left(at_ms, &agent.name));
            }
            ConversationEvent::ConversationClosed { .. } => {
                lines.push(TranscriptLine::closed(at_ms))
            }
            _ => {}
        }
    }
    lines
}

impl From<Citation> for TranscriptPage {
    fn from(Citation { page, quote, .. }: Citation) -> Self {
        Self { page, quote }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::log::StoredEntry;

    #[test]
    fn chunks_become_one_answer_after_its_question_and_agents_are_named() {
        let frames = [
            json!({"type": "answer_chunk", "content": "It weighs "}),
            json!({"type": "answer_chunk", "content": "7.5 kg [MANUAL: page 4]."}),
            json!({"type": "context", "data": {"brand": {}, "related_items": [], "scenario": "general"}}),
            json!({"type": "final_answer", "answerer": "llm", "question": "How heavy?", "product_id": "nl", "citations":
                [{"page": 4, "quote": "Weight 7.5 kg", "url": "/manuals/nl#page=4", "score": 0.5}]}),
            json!({"type": "agent_joined", "agent": {"id": "1", "name": "Ada"}}),
            json!({"type": "message", "from": "agent", "agent": {"id": "1", "name": "Ada"},
                "content": "Hello", "html": "<p>Hello</p>", "at_ms": 7, "citations": [], "upload": "u"}),
            json!({"type": "handoff", "state": "closed"}),
        ];
        let entries: Vec<LogEntry> = (1..)
            .zip(&frames)
            .map(|(offset, frame)| StoredEntry { offset, text: frame.to_string().into() })
            .map(|stored| stored.read().expect("a frame of the version before"))
            .collect();
        let lines = transcript_lines(&entries, &HashMap::from([(4, 99)]));
        let read: Vec<_> = lines.iter().map(|it| (it.who, it.at_ms, it.text.as_str())).collect();
        assert_eq!(
            read,
            [
                (TranscriptAuthor::Visitor, Some(99), "How heavy?"),
                (TranscriptAuthor::Machine, Some(99), "It weighs 7.5 kg [MANUAL: page 4]."),
                (TranscriptAuthor::Event, None, "Ada joined."),
                (TranscriptAuthor::Agent, Some(7), "Hello"),
                (TranscriptAuthor::Event, None, "The conversation was closed."),
            ]
        );
        assert_eq!(lines[1].pages, [TranscriptPage { page: 4, quote: "Weight 7.5 kg".to_owned() }]);
        assert_eq!(
            (lines[3].name.as_deref(), lines[3].upload.as_deref()),
            (Some("Ada"), Some("u"))
        );
    }
}
