//! A conversation as lines: who said what, in order, without anything that is not the visitor's to read.

use std::collections::HashMap;

use hsc_actors::ports::archive::TranscriptEntry;
use hsc_catalogs::Citation;
use hsc_conversation::archive::{Author, HandoffRecordKind};
use hsc_conversation::protocol::Speaker;
use hsc_conversation::{AnswerCompleted, ConversationEvent, LogEntry};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that was said or happened.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TranscriptLine {
    /// When, in milliseconds since 1970, where that is known.
    pub(super) at_ms: Option<u64>,
    /// By whom.
    pub(super) who: Who,
    /// The agent's name.
    pub(super) name: Option<String>,
    /// The words.
    pub(super) text: String,
    /// Id of the product it is about.
    pub(super) product: Option<String>,
    /// Its name.
    pub(super) product_name: Option<String>,
    /// Where its manual is.
    pub(super) manual: Option<String>,
    /// The pages that the words rest on.
    pub(super) pages: Vec<Page>,
    /// Id of a picture that goes with it.
    pub(super) upload: Option<String>,
    /// Where the picture is, as long as it is kept.
    pub(super) picture: Option<String>,
}

/// A page of the manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Page {
    /// Its number.
    page: u32,
    /// The manual's own words.
    quote: String,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    /// The visitor.
    Visitor,
    /// The machine, out of the manual.
    Machine,
    /// A person of the team.
    Agent,
    /// Nobody: it happened.
    Event,
}

impl TranscriptLine {
    fn new(at_ms: Option<u64>, who: Who, text: impl Into<String>) -> Self {
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

    fn joined(at_ms: Option<u64>, name: &str) -> Self {
        Self::new(at_ms, Who::Event, format!("{name} joined."))
    }

    fn left(at_ms: Option<u64>, name: &str) -> Self {
        Self::new(at_ms, Who::Event, format!("{name} left."))
    }

    fn closed(at_ms: Option<u64>) -> Self {
        Self::new(at_ms, Who::Event, "The conversation was closed.")
    }
}

/// Out of the log. `times` are those of the archive, for entries that have none.
pub(super) fn of_log(entries: &[LogEntry], times: &HashMap<u64, u64>) -> Vec<TranscriptLine> {
    let mut lines = Vec::new();
    // An answer's pieces come before the question is named, with its end.
    let mut answer = String::new();
    for LogEntry { offset, at_ms, event, .. } in entries {
        let at_ms = at_ms.or_else(|| times.get(offset).copied());
        match event {
            ConversationEvent::AnswerChunk { content } => answer.push_str(content),
            ConversationEvent::AnswerCompleted(completed) => {
                let AnswerCompleted { question, product, citations, .. } = &**completed;
                let product = product.clone();
                if let Some(question) = question {
                    let question = TranscriptLine::new(at_ms, Who::Visitor, question);
                    lines.push(TranscriptLine { product: product.clone(), ..question });
                }
                let words = std::mem::take(&mut answer);
                if !words.trim().is_empty() {
                    let pages = citations.iter().cloned().map(Page::from).collect();
                    lines.push(TranscriptLine {
                        product,
                        pages,
                        ..TranscriptLine::new(at_ms, Who::Machine, words)
                    });
                }
            }
            ConversationEvent::MessageSent(message) => {
                let who = match message.from {
                    Speaker::Agent => Who::Agent,
                    Speaker::Visitor => Who::Visitor,
                };
                lines.push(TranscriptLine {
                    name: message.agent.as_ref().map(|agent| agent.name.clone()),
                    pages: message.citations.iter().cloned().map(Page::from).collect(),
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

/// Out of the archive: what the team said to the team stays there.
pub(super) fn of_archive(entries: Vec<TranscriptEntry>) -> Vec<TranscriptLine> {
    entries.into_iter().filter_map(of_entry).collect()
}

fn of_entry(entry: TranscriptEntry) -> Option<TranscriptLine> {
    Some(match entry {
        TranscriptEntry::Said {
            at_ms, author, agent, text, product, citations, upload, ..
        } => {
            let who = match author {
                Author::Visitor => Who::Visitor,
                Author::Machine => Who::Machine,
                Author::Agent => Who::Agent,
                Author::System => Who::Event,
                Author::Note => return None,
            };
            let pages = citations.into_iter().map(Page::from).collect();
            let name = agent.map(|agent| agent.name);
            TranscriptLine {
                name,
                product,
                pages,
                upload,
                ..TranscriptLine::new(Some(at_ms), who, text)
            }
        }
        TranscriptEntry::Turned { at_ms, turn, agent, .. } => match (turn, agent) {
            (HandoffRecordKind::Taken, Some(agent)) => {
                TranscriptLine::joined(Some(at_ms), &agent.name)
            }
            (
                HandoffRecordKind::Handed | HandoffRecordKind::Returned | HandoffRecordKind::Left,
                Some(agent),
            ) => TranscriptLine::left(Some(at_ms), &agent.name),
            (HandoffRecordKind::Ended, _) => TranscriptLine::closed(Some(at_ms)),
            _ => return None,
        },
    })
}

impl From<Citation> for Page {
    fn from(Citation { page, quote, .. }: Citation) -> Self {
        Self { page, quote }
    }
}

#[cfg(test)]
mod tests {
    use hsc_conversation::archive::AgentRef;
    use hsc_conversation::log::StoredEntry;
    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_become_one_answer_behind_its_question_and_persons_have_names() {
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
        let lines = of_log(&entries, &HashMap::from([(4, 99)]));
        let told: Vec<_> = lines.iter().map(|it| (it.who, it.at_ms, it.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (Who::Visitor, Some(99), "How heavy?"),
                (Who::Machine, Some(99), "It weighs 7.5 kg [MANUAL: page 4]."),
                (Who::Event, None, "Ada joined."),
                (Who::Agent, Some(7), "Hello"),
                (Who::Event, None, "The conversation was closed."),
            ]
        );
        assert_eq!(lines[1].pages, [Page { page: 4, quote: "Weight 7.5 kg".to_owned() }]);
        assert_eq!(
            (lines[3].name.as_deref(), lines[3].upload.as_deref()),
            (Some("Ada"), Some("u"))
        );
    }

    #[test]
    fn what_the_team_says_to_the_team_is_never_told() {
        let said = |author, text: &str| TranscriptEntry::Said {
            at_ms: 1,
            author,
            agent: Some(AgentRef { id: "1".to_owned(), name: "Ada".to_owned() }),
            offset: None,
            text: text.to_owned(),
            html: String::new(),
            product: None,
            outcome: None,
            confidence: None,
            citations: Vec::new(),
            thumb: None,
            comment: None,
            upload: None,
        };
        let lines = of_archive(vec![said(Author::Note, "rude"), said(Author::Agent, "Hello")]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, "Hello");
    }
}
