//! The lines of a conversation whose log does not contain its beginning any more: they come from the archive's rows.
//! Otherwise they are a projection of the log's events (`conversation/src/transcript_lines.rs`).

use hsc_actors::ports::archive::TranscriptEntry;
use hsc_conversation::archive::{Author, HandoffRecordKind};
use hsc_conversation::{TranscriptAuthor, TranscriptLine, TranscriptPage};

/// The lines of archive rows, without notes, which are for the team.
pub(super) fn of_archive(entries: Vec<TranscriptEntry>) -> Vec<TranscriptLine> {
    entries.into_iter().filter_map(of_entry).collect()
}

fn of_entry(entry: TranscriptEntry) -> Option<TranscriptLine> {
    Some(match entry {
        TranscriptEntry::Message {
            at_ms, author, agent, text, product, citations, upload, ..
        } => {
            let who = match author {
                Author::Visitor => TranscriptAuthor::Visitor,
                Author::Machine => TranscriptAuthor::Machine,
                Author::Agent => TranscriptAuthor::Agent,
                Author::System => TranscriptAuthor::Event,
                Author::Note => return None,
            };
            let pages = citations.into_iter().map(TranscriptPage::from).collect();
            let name = agent.map(|agent| agent.name);
            TranscriptLine {
                name,
                product,
                pages,
                upload,
                ..TranscriptLine::new(Some(at_ms), who, text)
            }
        }
        TranscriptEntry::Handoff { at_ms, turn, agent, .. } => match (turn, agent) {
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

#[cfg(test)]
mod tests {
    use hsc_conversation::archive::AgentRef;

    use super::*;

    #[test]
    fn notes_of_the_team_are_not_in_the_transcript() {
        let message = |author, text: &str| TranscriptEntry::Message {
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
        let lines =
            of_archive(vec![message(Author::Note, "rude"), message(Author::Agent, "Hello")]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].text, "Hello");
    }
}
