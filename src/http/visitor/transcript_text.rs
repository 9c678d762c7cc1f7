//! The transcript of a conversation, and its plain text for any mail program or editor.

use hsc_conversation::{TranscriptAuthor, TranscriptLine};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The transcript of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TranscriptText {
    /// The conversation.
    pub(super) conversation: String,
    /// False if the beginning is missing: it is not stored any more, or beyond the limit.
    pub(super) whole: bool,
    /// Messages and events, in order.
    pub(super) lines: Vec<TranscriptLine>,
}

/// The mail that confirms an address. It contains nothing of the conversation: its reader may not be the visitor.
pub(super) fn confirmation(code: &str) -> String {
    format!(
        "Your code is {code}\n\nType it into the chat in which you asked for the transcript of a conversation. It \
         is valid for 15 minutes. If you did not ask for this, ignore this message.\n"
    )
}

/// The text. `own` is our address, if links may use it.
pub(super) fn text(transcript: &TranscriptText, own: Option<&str>) -> String {
    let at = own.map(|own| format!(" at {own}")).unwrap_or_default();
    let mut text = format!("Conversation {}{at}\n", transcript.conversation);
    if !transcript.whole {
        text.push_str("Its beginning is left out or not kept any more.\n");
    }
    for line in &transcript.lines {
        text.push('\n');
        text.push_str(&one(line));
    }
    text
}

fn one(line: &TranscriptLine) -> String {
    let at = line.at_ms.map(|at_ms| format!("[{}] ", time(at_ms))).unwrap_or_default();
    let who = match (line.who, &line.name) {
        (TranscriptAuthor::Event, _) => return format!("{at}-- {} --\n", line.text),
        (TranscriptAuthor::Visitor, _) => "You",
        (TranscriptAuthor::Machine, _) => "The manual",
        (TranscriptAuthor::Agent, Some(name)) => name,
        (TranscriptAuthor::Agent, None) => "A person",
    };
    let about = match (&line.product_name, line.who) {
        (Some(name), TranscriptAuthor::Visitor) => format!(" (about {name})"),
        _ => String::new(),
    };
    let mut text = format!("{at}{who}{about}:\n");
    if !line.text.trim().is_empty() {
        text.push_str(plain(&line.text).trim());
        text.push('\n');
    }
    if let Some(manual) = line.manual.as_ref().filter(|_| line.who == TranscriptAuthor::Machine) {
        text.push_str(&format!("Manual: {manual}\n"));
    }
    if let Some(picture) = &line.picture {
        text.push_str(&format!("Picture, as long as it is kept: {picture}\n"));
    }
    text
}

/// To the minute.
fn time(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// The text with its markers made readable: `[MANUAL: page 12]` becomes `[page 12]`, an accessory becomes its name,
/// and a tip is labelled as one.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once('[') {
        plain.push_str(before);
        rest = marked;
        let (inside, after) = marked.split_once(']').unwrap_or_default();
        match inside.split_once(": ") {
            Some(("MANUAL", page)) => plain.push_str(&format!("[{page}]")),
            Some(("SUGGESTION", name)) => plain.push_str(name),
            Some(("PRO TIP", tip)) => plain.push_str(&format!("Tip: {tip}")),
            _ => {
                plain.push('[');
                continue;
            }
        }
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_replaced_by_text() {
        for (marked, read) in [
            ("Hold it [MANUAL: page 12]. [PRO TIP: twice]", "Hold it [page 12]. Tip: twice"),
            ("Take a [SUGGESTION: TP-1].", "Take a TP-1."),
            ("[a] [MANUAL: page", "[a] [MANUAL: page"),
            ("[[MANUAL: page 3]]", "[[page 3]]"),
            ("<b>[</b>", "<b>[</b>"),
        ] {
            assert_eq!(plain(marked), read);
        }
    }

    #[test]
    fn a_time_is_formatted_to_the_minute() {
        assert_eq!(time(1_790_000_000_000), "2026-09-21 14:13 UTC");
        assert_eq!(time(u64::MAX), "");
    }
}
