//! Validates people's input: a mail address, a text without control characters.

use hsc_conversation::is_clean_name;

/// Longest address that a mail server takes (RFC 5321, 4.5.3.1.3, without the brackets).
const LONGEST: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// The address, if it is valid. Only a mail can tell whether it exists.
pub(super) fn mail_address(text: &str) -> Option<String> {
    let text = text.trim();
    if !is_clean_name(text) {
        return None;
    }
    let (local, domain) = text.split_once('@')?;
    // No quoting and no comments: such addresses are not in use, and many readers fail on them.
    let plain = |c: char| {
        !c.is_control()
            && !c.is_whitespace()
            && !matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']')
    };
    let label = |label: &str| {
        let ends_well = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && ends_well && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let fits = text.len() <= LONGEST
        && (1..=LONGEST_LOCAL).contains(&local.len())
        && local.chars().all(plain)
        && domain.contains('.')
        && domain.split('.').all(label);
    fits.then(|| text.to_owned())
}

/// A person's text without control characters, except line breaks.
pub(crate) fn words(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let allowed = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    allowed.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deliverable_mail_address_is_accepted() {
        for good in [
            "yael@example.test",
            " a.b+c@sub.example.test ",
            "o'neil@example.test",
            "דנה@דוגמה.test",
        ] {
            assert_eq!(mail_address(good).as_deref(), Some(good.trim()), "{good}");
        }
        let long = format!("{}@example.test", "a".repeat(65));
        for bad in [
            "",
            "yael",
            "@example.test",
            "yael@",
            "yael@localhost",
            "a b@example.test",
            "a@b@example.test",
            "yael@example..test",
            "yael@-example.test",
            "<yael@example.test>",
            "a@example.test\nBcc: b@example.test",
            "a,b@example.test",
            "ya\u{202e}el@example.test",
            &long,
        ] {
            assert_eq!(mail_address(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn text_retains_lines_and_symbols_without_control_characters() {
        assert_eq!(words(" a\r\nb\t<b>c</b>\u{1b}[31m\0 "), "a\nb\t<b>c</b>[31m");
    }
}
