//! Removes a model's reasoning and control tokens from a streamed answer.
//!
//! Most endpoints send reasoning in a field of its own. Others leave it in the text, in one of three
//! forms: `<think>…</think>`; the same without the opening tag, which the model's chat template
//! has already written; and the channels of `<|channel|>analysis<|message|>…<|end|>`. A tag may be
//! split over any number of pieces.

/// Names of the tags around reasoning.
const TAGS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];
/// Longest recognised control token, in bytes, brackets included.
const TOKEN_BYTES: usize = 40;
/// The channel of the answer; every other one is reasoning or a tool call.
const ANSWER_CHANNEL: &str = "final";

/// The kind of the current text.
#[derive(Debug, PartialEq, Eq)]
enum Mode {
    /// The answer.
    Answer,
    /// Reasoning up to its closing tag.
    Tagged,
    /// Assumed to be reasoning, because the endpoint's previous answer was. It is stored: without a
    /// closing tag it is the answer.
    Assumed(String),
    /// The header of a message: role and channel, up to `<|message|>`.
    Header(String),
    /// A channel that is not the answer's, up to the next control token.
    Channel,
}

/// A mark in the text, and its length in bytes.
#[derive(Debug, PartialEq, Eq)]
enum Mark<'a> {
    Open,
    Close,
    Token(&'a str),
}

/// Removes the reasoning of one answer.
#[derive(Debug)]
pub(super) struct ReasoningFilter {
    mode: Mode,
    /// The beginning of an incomplete mark.
    held: String,
    /// True when the answer began with reasoning without an opening tag.
    pub began_inside: bool,
}

/// Text that passed the filter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filtered {
    /// Text of the answer.
    pub text: String,
    /// True when all text that was returned before this was reasoning.
    pub retracts: bool,
}

impl ReasoningFilter {
    /// A filter for one answer. `begins_inside` means that the endpoint's previous answer began with
    /// reasoning without an opening tag.
    pub(super) fn new(begins_inside: bool) -> Self {
        let mode = if begins_inside { Mode::Assumed(String::new()) } else { Mode::Answer };
        Self { mode, held: String::new(), began_inside: false }
    }

    /// Adds the next piece and returns its part of the answer.
    pub(super) fn push(&mut self, piece: &str) -> Filtered {
        let mut out = Filtered::default();
        self.held.push_str(piece);
        let held = std::mem::take(&mut self.held);
        let mut rest = held.as_str();
        loop {
            match next_mark(rest) {
                Next::Mark { at, mark, length } => {
                    self.text(&rest[..at], &mut out);
                    self.mark(&mark, &mut out);
                    rest = &rest[at + length..];
                }
                Next::Partial { at } => {
                    self.text(&rest[..at], &mut out);
                    rest[at..].clone_into(&mut self.held);
                    return out;
                }
                Next::None => {
                    self.text(rest, &mut out);
                    return out;
                }
            }
        }
    }

    /// Returns the rest, at the end of the stream.
    pub(super) fn finish(&mut self) -> String {
        let mut out = Filtered::default();
        let held = std::mem::take(&mut self.held);
        self.text(&held, &mut out);
        match std::mem::replace(&mut self.mode, Mode::Answer) {
            Mode::Assumed(buffer) => buffer,
            _ => out.text,
        }
    }

    fn text(&mut self, text: &str, out: &mut Filtered) {
        match &mut self.mode {
            Mode::Answer => out.text.push_str(text),
            Mode::Assumed(buffer) | Mode::Header(buffer) => buffer.push_str(text),
            Mode::Tagged | Mode::Channel => {}
        }
    }

    fn mark(&mut self, mark: &Mark<'_>, out: &mut Filtered) {
        match (mark, &mut self.mode) {
            (Mark::Open, Mode::Answer | Mode::Assumed(_)) => self.mode = Mode::Tagged,
            (Mark::Close, Mode::Answer) => {
                self.began_inside = true;
                *out = Filtered { text: String::new(), retracts: true };
            }
            (Mark::Close, Mode::Assumed(_)) => {
                self.began_inside = true;
                self.mode = Mode::Answer;
            }
            (Mark::Close, Mode::Tagged) => self.mode = Mode::Answer,
            (Mark::Token("message"), Mode::Header(header)) => {
                let channel = header.split_once('\n').map(|(_, channel)| channel.trim_start());
                let is_answer = channel.is_none_or(|channel| channel.starts_with(ANSWER_CHANNEL));
                self.mode = if is_answer { Mode::Answer } else { Mode::Channel };
            }
            (Mark::Token("channel"), Mode::Header(header)) => header.push('\n'),
            (Mark::Token("channel"), Mode::Answer | Mode::Channel | Mode::Assumed(_)) => {
                self.mode = Mode::Header("\n".to_owned());
            }
            (Mark::Token("start"), Mode::Answer | Mode::Channel | Mode::Assumed(_)) => {
                self.mode = Mode::Header(String::new());
            }
            // Other tokens end or begin a turn; they are not text, and reasoning is dropped anyway.
            (Mark::Open | Mark::Close | Mark::Token(_), _) => {}
        }
    }
}

enum Next<'a> {
    Mark { at: usize, mark: Mark<'a>, length: usize },
    Partial { at: usize },
    None,
}

/// The first mark of a text, or the position from which it may become one.
fn next_mark(text: &str) -> Next<'_> {
    for (at, _) in text.match_indices('<') {
        let tail = &text[at..];
        let end = tail.find('>').map(|end| end + 1);
        let Some(length) = end else {
            if may_become_mark(tail) {
                return Next::Partial { at };
            }
            continue;
        };
        let inside = &tail[1..length - 1];
        let token = inside.strip_prefix('|').and_then(|inside| inside.strip_suffix('|'));
        if let Some(token) = token.filter(|token| is_token(token)) {
            return Next::Mark { at, mark: Mark::Token(token), length };
        }
        let (mark, name) = match inside.strip_prefix('/') {
            Some(name) => (Mark::Close, name),
            None => (Mark::Open, inside),
        };
        if TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(name)) {
            return Next::Mark { at, mark, length };
        }
    }
    Next::None
}

/// True when `tail`, which begins with `<` and has no `>`, may still become a mark.
fn may_become_mark(tail: &str) -> bool {
    let inside = tail[1..].to_ascii_lowercase();
    if let Some(token) = inside.strip_prefix('|') {
        return tail.len() < TOKEN_BYTES && is_token(token.strip_suffix('|').unwrap_or(token));
    }
    let name = inside.strip_prefix('/').unwrap_or(&inside);
    TAGS.iter().any(|tag| tag.starts_with(name))
}

fn is_token(token: &str) -> bool {
    token.len() < TOKEN_BYTES && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer that remains of `pieces`.
    fn answer(begins_inside: bool, pieces: &[&str]) -> String {
        let mut filter = ReasoningFilter::new(begins_inside);
        let mut out = String::new();
        for piece in pieces {
            let filtered = filter.push(piece);
            if filtered.retracts {
                out.clear();
            }
            out += &filtered.text;
        }
        out + &filter.finish()
    }

    #[test]
    fn reasoning_in_tags_is_removed() {
        assert_eq!(answer(false, &["<think>a\nb</think>Yes."]), "Yes.");
        assert_eq!(answer(false, &["No. <THINKING>a</thinking>Yes."]), "No. Yes.");
        assert_eq!(answer(false, &["<thought>never closed"]), "");
    }

    #[test]
    fn reasoning_without_an_opening_tag_retracts_the_text_before() {
        assert_eq!(
            answer(false, &["The user wants", " a reset.</think>", "Hold Init."]),
            "Hold Init."
        );
        assert_eq!(
            answer(true, &["The user wants", " a reset.</think>", "Hold Init."]),
            "Hold Init."
        );
        let mut filter = ReasoningFilter::new(true);
        assert_eq!(filter.push("The user wants a reset.").text, "");
    }

    #[test]
    fn assumed_reasoning_without_a_closing_tag_is_the_answer() {
        assert_eq!(answer(true, &["Hold ", "Init."]), "Hold Init.");
        assert_eq!(answer(true, &["<think>a</think>Hold Init."]), "Hold Init.");
    }

    #[test]
    fn channels_other_than_the_final_one_and_control_tokens_are_removed() {
        let text = "<|channel|>analysis<|message|>think<|end|><|start|>assistant<|channel|>final\
                    <|message|>Hold Init.<|return|>";
        assert_eq!(answer(false, &[text]), "Hold Init.");
        assert_eq!(answer(false, &["Hold Init.<|im_end|>"]), "Hold Init.");
    }

    #[test]
    fn other_angle_brackets_stay_and_are_not_buffered() {
        for text in ["a < b > c", "press <Enter>", "<thin", "x <| y |> z", "<b>bold</b>"] {
            assert_eq!(answer(false, &[text]), text);
        }
        let mut filter = ReasoningFilter::new(false);
        assert_eq!(filter.push("a < b").text, "a < b");
        assert_eq!(filter.push(" <Enter").text, " <Enter");
    }

    proptest::proptest! {
        #[test]
        fn the_answer_does_not_depend_on_chunk_boundaries(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<think>", "</think>", "<|channel|>", "<|message|>", "<|end|>", "final",
                    "<", ">", "|", "/", "é", "thinking", " a ",
                ]),
                0..12,
            ),
            begins_inside: bool,
        ) {
            let text = parts.concat();
            let chars: Vec<String> = text.chars().map(String::from).collect();
            let single: Vec<&str> = chars.iter().map(String::as_str).collect();
            proptest::prop_assert_eq!(answer(begins_inside, &single), answer(begins_inside, &[&text]));
        }
    }
}
