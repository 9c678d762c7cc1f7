//! Detects the visitor's language among those that have phrases: by script, and by words that occur in every
//! sentence. Short or mixed texts give no result, so a model number does not change the language.

use hsc_catalogs::language_of;

/// Fewest letters for a result.
const LETTERS: usize = 6;
/// Words of English that no other language of the pages shares.
const ENGLISH: [&str; 14] = [
    "how", "what", "why", "when", "where", "does", "the", "this", "with", "my", "can", "you",
    "not", "and",
];

/// Longest language tag that is stored.
const TAG_BYTES: usize = 35;

/// True for a text in the form of a language tag (RFC 5646): agents see it beside other text.
pub(super) fn is_tag(locale: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    locale.len() <= TAG_BYTES && locale.bytes().all(fits)
}

/// The language of a text; none when it is uncertain.
pub(super) fn spoken(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|letter| letter.is_alphabetic());
    let (mut all, mut hebrew) = (0_usize, 0_usize);
    for letter in letters {
        all += 1;
        hebrew += usize::from(('\u{5d0}'..='\u{5ea}').contains(&letter));
    }
    if all < LETTERS {
        return None;
    }
    // Product names stand in Latin letters in a Hebrew sentence, never the reverse.
    if hebrew * 2 > all {
        return Some("he");
    }
    let words = text.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let english = words.iter().filter(|word| ENGLISH.contains(&word.as_str())).count();
    (hebrew == 0 && english >= 2 && english * 5 >= words.len()).then_some("en")
}

/// The language of a conversation after this text. A certain detection wins over the page's language; a regional
/// variant of the same language stays; English is not set if no language was set before.
pub(super) fn after(locale: Option<String>, text: &str) -> Option<String> {
    let Some(spoken) = spoken(text) else { return locale };
    let declared = language_of(locale.as_deref().unwrap_or("en"));
    if declared == spoken { locale } else { Some(spoken.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_language_is_detected() {
        for (text, language) in [
            ("איך מאפסים את ה-TD-17?", Some("he")),
            ("How do I reset the pads and the module?", Some("en")),
            ("TD-17", None),
            ("ok", None),
            ("כן", None),
            ("Wie setze ich das Modul zurück?", None),
            ("Comment réinitialiser le module ?", None),
        ] {
            assert_eq!(spoken(text), language, "{text}");
        }
    }

    #[test]
    fn the_language_of_the_question_overrides_the_page_and_a_region_stays() {
        let after = |locale: Option<&str>, text| after(locale.map(str::to_owned), text);
        let (hebrew, english) = ("איך מאפסים את זה?", "how do I reset the pads with this?");
        assert_eq!(after(Some("en-GB"), hebrew).as_deref(), Some("he"));
        assert_eq!(after(Some("he-IL"), hebrew).as_deref(), Some("he-IL"));
        assert_eq!(after(Some("iw"), hebrew).as_deref(), Some("iw"));
        assert_eq!(after(Some("he"), english).as_deref(), Some("en"));
        assert_eq!(after(Some("he"), "TD-17 reset").as_deref(), Some("he"));
        assert_eq!(after(None, hebrew).as_deref(), Some("he"));
        assert_eq!(after(None, english), None);
    }
}
