//! Names of people: of a visitor, of an agent, and of a canned reply. They are shown beside other text, in pages,
//! mails, logs and terminals.

/// The name on one line: without control characters, line separators and the characters that reorder text
/// (`Bidi_Control` of Unicode). With those a name could look like another one, or reorder the text beside it. Spaces
/// at both ends are removed. Letters of every script, combining marks and joiners stay.
///
/// ```
/// assert_eq!(hsc_conversation::clean_name(" Noa \u{202e}nimda "), "Noa nimda");
/// ```
pub fn clean_name(text: &str) -> String {
    let allowed =
        text.chars().filter(|letter| !letter.is_control() && !reorders_or_breaks(*letter));
    allowed.collect::<String>().trim().to_owned()
}

/// True for a text that [`clean_name`] does not change.
pub fn is_clean_name(text: &str) -> bool {
    clean_name(text) == text
}

fn reorders_or_breaks(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separator, and the byte order mark.
            | '\u{2028}' | '\u{2029}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_reorder_the_text_beside_it() {
        let reordering = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
            \u{2066}\u{2067}\u{2068}\u{2069}\u{2028}\u{2029}\u{feff}\u{7}\r\n\u{85}";
        for letter in reordering.chars() {
            let name = format!("Ya{letter}el");
            assert_eq!(clean_name(&name), "Yael", "{letter:?}");
            assert!(!is_clean_name(&name));
        }
        assert_eq!(clean_name(reordering), "");
    }

    #[test]
    fn names_of_every_script_are_unchanged() {
        for name in
            ["Noa Levi", "נועה לוי", "علی‌رضا", "O’Neil", "李小龙", "Zoë 👩\u{200d}🔧", "José"]
        {
            assert!(is_clean_name(name), "{name}");
        }
    }
}
