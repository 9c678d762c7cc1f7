//! The marks by which a text begins an item of a list, a step or a note.

/// The bullets of list items.
const BULLET_SIGNS: [char; 28] = [
    '•', '●', '○', '◦', '▪', '■', '□', '▸', '►', '▶', '➤', '➢', '✓', '✔', '❖', '·', '∙', '‣', '⁃',
    '–', '—', '-', '*', '+', '◆', '◇', '★', '→',
];

pub(super) fn is_bullet_sign(sign: char) -> bool {
    BULLET_SIGNS.contains(&sign)
}

/// True for a text that is only a bullet.
pub(super) fn is_bullet_mark(text: &str) -> bool {
    let mut signs = text.chars();
    signs.next().is_some_and(is_bullet_sign) && signs.next().is_none()
}

pub(super) fn is_bullet(text: &str) -> bool {
    let mut signs = text.chars();
    let Some(sign) = signs.next().filter(|sign| is_bullet_sign(*sign)) else { return false };
    let rest = signs.as_str();
    // A minus or a star may be attached to its word (`-5 °C`, `*args`); a dot never is.
    let glued = matches!(sign, '-' | '*' | '+' | '–' | '—' | '→');
    rest.starts_with(' ') && rest.chars().any(char::is_alphanumeric) || (!glued && !rest.is_empty())
}

/// `3. Press Enter`, `3) …`, `(3) …`, `Step 3: …`, `b) …`, and `10.Press Enter`.
pub(super) fn is_step(text: &str) -> bool {
    if attached_number(text).is_some() {
        return true;
    }
    let Some((first, rest)) = text.split_once(' ') else { return false };
    if !rest.chars().any(char::is_alphabetic) {
        return false;
    }
    let core = first.trim_start_matches('(').trim_end_matches([')', '.']);
    let marked = core.len() < first.len() && first.ends_with([')', '.']);
    let digits = (1..=2).contains(&core.len()) && core.chars().all(|c| c.is_ascii_digit());
    let letter =
        core.len() == 1 && core.chars().all(|c| c.is_ascii_lowercase()) && first.ends_with(')');
    let word = ["step", "schritt", "étape", "שלב"].contains(&first.to_lowercase().as_str())
        && rest.starts_with(|c: char| c.is_ascii_digit());
    (marked && (digits || letter)) || word
}

/// The end of a step's number that its first word is attached to.
pub(super) fn attached_number(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text[digits..].strip_prefix(['.', ')'])?;
    let mut letters = rest.chars();
    let is_word = letters.next().is_some_and(char::is_uppercase)
        && letters.next().is_some_and(char::is_lowercase);
    ((1..=2).contains(&digits) && is_word).then_some(digits + 1)
}

/// The words that begin a note, a language a line.
#[rustfmt::skip]
const NOTE_WORDS: &[&str] = &[
    "note", "notes", "tip", "tips", "pro tip", "hint", "caution", "warning", "important", "danger",
    "attention", "notice", "remark",
    "hinweis", "achtung", "warnung", "tipp",
    "remarque", "avertissement", "conseil",
    "nota", "advertencia", "consejo",
    "הערה", "טיפ", "אזהרה", "זהירות", "חשוב",
    "注意", "警告",
];

pub(super) fn is_note(text: &str) -> bool {
    if note_word_alone(text) {
        return true;
    }
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    text.find([':', '!', '：'])
        .is_some_and(|at| NOTE_WORDS.contains(&text[..at].trim().to_lowercase().as_str()))
}

/// A label is not written in small letters: `note.` on a line of its own is the end of a sentence.
pub(super) fn note_word_alone(text: &str) -> bool {
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    !word.starts_with(char::is_lowercase) && NOTE_WORDS.contains(&word.to_lowercase().as_str())
}

/// True for a text that begins with a mark which may also stand within a sentence: the sign of a sum or a range, the
/// number of another step than the first.
pub(super) fn may_go_on(text: &str) -> bool {
    match text.chars().next() {
        Some('+' | '-' | '–' | '—' | '→' | '*') => true,
        Some(first) if first.is_ascii_digit() => !text.starts_with("1.") && !text.starts_with("1)"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_number_is_not_a_bullet_and_a_version_is_not_a_step() {
        assert!(!is_bullet("-5 °C to 40 °C"));
        assert!(!is_step("3.5 mm jack"));
        assert!(is_step("12) Close the lid"));
        assert!(is_step("10.Press ENTER"));
        assert!(!is_step("2.X and later") && !is_step("10.5 mm") && !is_step("100.Press it"));
        assert!(note_word_alone("NOTE:") && note_word_alone("Note"));
        assert!(!note_word_alone("note."));
    }
}
