//! Text for clients of the earlier system, which send no `hello`.
//!
//! Such a client marks the names of related products in an answer with one regular expression per name, `\b(name)\b`
//! without regard to case, in a loop that never ends once one of them matches: its tab freezes. So the text must not
//! contain an exact name, inside or outside of a marker. An invisible character breaks each name: a no-break space
//! replaces its first space, or a word joiner follows its first character.

/// Replaces a space.
const NO_BREAK_SPACE: char = '\u{a0}';
/// Has no width and allows no line break.
const WORD_JOINER: char = '\u{2060}';
/// From a printable ASCII character to its full-width form.
const FULL_WIDTH: u32 = 0xfee0;

/// Breaks names in a text that arrives in pieces. The output does not depend on where the pieces are cut.
#[derive(Debug)]
pub(super) struct NameBreaker {
    names: Vec<Vec<char>>,
    /// Characters that may still become a name, or a name whose next character is not known.
    held: Vec<char>,
    /// The last character that was returned.
    before: Option<char>,
}

impl NameBreaker {
    /// Breaks these names; none if the list is empty.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let names = names.into_iter().filter(|name| !name.is_empty());
        let mut names: Vec<Vec<char>> = names.map(|name| name.chars().collect()).collect();
        // The longest first, as the earlier client does it.
        names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        names.dedup();
        (!names.is_empty()).then_some(Self { names, held: Vec::new(), before: None })
    }

    /// Takes a piece and returns the text that may be sent.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.held.extend(piece.chars());
        let (text, names) = (&self.held, &self.names);
        let mut safe = text.len();
        let mut found: Vec<(usize, usize)> = Vec::new();
        for at in 0..text.len() {
            for name in names {
                let length = common(&text[at..], name);
                if at + length == text.len() {
                    safe = safe.min(at);
                } else if length == name.len() {
                    found.push((at, at + length));
                }
            }
        }
        // A name is broken whole, or held whole.
        while let Some((at, _)) = found.iter().find(|(at, end)| *at < safe && safe < *end) {
            safe = *at;
        }
        let rest = self.held.split_off(safe);
        let ready = std::mem::replace(&mut self.held, rest);
        self.broken(ready)
    }

    /// The remaining text at the end of the input.
    pub(super) fn finish(&mut self) -> String {
        let ready = std::mem::take(&mut self.held);
        self.broken(ready)
    }

    fn broken(&mut self, mut text: Vec<char>) -> String {
        let next = self.held.first().copied();
        // Breaking one name may create another at its end, so the scan repeats there.
        let mut at = 0;
        while at < text.len() {
            let before = at.checked_sub(1).map_or(self.before, |at| Some(text[at]));
            let matches = |name: &&Vec<char>| {
                let end = at + name.len();
                common(&text[at..], name) == name.len()
                    && is_boundary(before, text.get(at).copied())
                    && is_boundary(text.get(end - 1).copied(), text.get(end).copied().or(next))
            };
            match self.names.iter().find(matches).map(Vec::len) {
                Some(length) => at = break_name(&mut text, at, length),
                None => at += 1,
            }
        }
        self.before = text.last().copied().or(self.before);
        text.into_iter().collect()
    }
}

/// Breaks the name at this position; returns the position from which to scan again.
fn break_name(text: &mut Vec<char>, at: usize, length: usize) -> usize {
    let name = &mut text[at..at + length];
    if let Some(space) = name.iter_mut().find(|c| **c == ' ') {
        *space = NO_BREAK_SPACE;
        return at;
    }
    if length > 1 {
        text.insert(at + 1, WORD_JOINER);
        // Its first character may be a name of its own.
        return at;
    }
    // A name of one character cannot be broken; it is replaced, or separated from the word before it.
    if text[at].is_ascii_alphanumeric() {
        text[at] = char::from_u32(u32::from(text[at]) + FULL_WIDTH).unwrap_or(WORD_JOINER);
        return at;
    }
    text.insert(at, WORD_JOINER);
    at + 2
}

/// Number of characters that two texts have in common at their beginning, compared as a regular expression without
/// regard to case does it.
fn common(text: &[char], name: &[char]) -> usize {
    text.iter().zip(name).take_while(|(a, b)| is_same(**a, **b)).count()
}

fn is_same(a: char, b: char) -> bool {
    a == b || (a.is_ascii() && b.is_ascii() && a.eq_ignore_ascii_case(&b)) || {
        !(a.is_ascii() && b.is_ascii()) && a.to_uppercase().eq(b.to_uppercase())
    }
}

/// `\b` of JavaScript: exactly one of the two is an ASCII word character.
fn is_boundary(before: Option<char>, after: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word(before) != is_word(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(names: &[&str], pieces: &[&str]) -> String {
        let mut breaker = NameBreaker::new(names.iter().copied()).expect("there are names");
        let mut out: String = pieces.iter().map(|piece| breaker.push(piece)).collect();
        out += &breaker.finish();
        out
    }

    /// True if the earlier client's expression finds a name.
    fn finds(text: &str, name: &str) -> bool {
        let (text, name): (Vec<char>, Vec<char>) = (text.chars().collect(), name.chars().collect());
        (0..text.len()).any(|at| {
            let end = at + name.len();
            end <= text.len()
                && text[at..end]
                    .iter()
                    .flat_map(|c| c.to_uppercase())
                    .eq(name.iter().flat_map(|c| c.to_uppercase()))
                && is_boundary(at.checked_sub(1).map(|at| text[at]), Some(text[at]))
                && is_boundary(Some(text[end - 1]), text.get(end).copied())
        })
    }

    #[test]
    fn a_name_has_a_no_break_space_or_a_word_joiner() {
        let names = ["Own Pedal", "PDX-8"];
        assert_eq!(broken(&names, &["[SUGGESTION: Own Pedal]"]), "[SUGGESTION: Own\u{a0}Pedal]");
        assert_eq!(
            broken(&names, &["the own PEDAL, the pdx-8."]),
            "the own\u{a0}PEDAL, the p\u{2060}dx-8."
        );
        assert_eq!(
            broken(&names, &["Town Pedals, PDX-80"]),
            "Town Pedals, PDX-80",
            "these are other words"
        );
    }

    #[test]
    fn a_name_split_over_chunks_is_found_and_little_text_is_buffered() {
        assert_eq!(
            broken(&["Own Pedal"], &["an O", "wn", " ", "Peda", "l", "."]),
            "an Own\u{a0}Pedal."
        );
        let mut breaker = NameBreaker::new(["Own Pedal"]).expect("there is one");
        assert_eq!(breaker.push("Press it. Own"), "Press it. ");
        assert_eq!(breaker.push("ers know."), "Owners know.");
    }

    #[test]
    fn names_inside_of_names_and_of_one_character_are_broken_too() {
        let names = ["Own Pedal Pro", "Own Pedal", "Pedal", "edal", "P", "é"];
        let text = broken(&names, &["An Own Pedal Pro, a pedal, P, xé."]);
        for name in names {
            assert!(!finds(&text, name), "{name} is in {text:?}");
        }
    }

    #[test]
    fn without_names_there_is_no_breaker() {
        assert!(NameBreaker::new([]).is_none() && NameBreaker::new([""]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_name_stays_unbroken_in_any_chunking(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "Own", "own", "Pedal", "Pro", " ", "-", ".", "é", "x", "[SUGGESTION: ", "]", "Own Pedal",
            ]), 0..16),
            names in proptest::collection::vec(proptest::sample::select(vec![
                "Own Pedal", "Own Pedal Pro", "Pedal", "Pro", "Own-Own", "é", "x", "xé", "Pedal.",
            ]), 1..5),
        ) {
            let text = words.concat();
            let whole = broken(&names, &[&text]);
            for name in &names {
                proptest::prop_assert!(!finds(&whole, name), "{} is in {:?}", name, whole);
            }
            let chars: Vec<String> = text.chars().map(String::from).collect();
            let single: Vec<&str> = chars.iter().map(String::as_str).collect();
            proptest::prop_assert_eq!(broken(&names, &single), whole);
        }
    }
}
