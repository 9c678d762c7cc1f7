//! The visitor's language: its detection, and the assistant's fixed sentences in it.
//!
//! The sentences have one file per language, in `phrases/`. Another language is another file and its line in
//! [`LANGUAGES`]. Texts that a program reads (statuses, errors of the protocol) are not here: they are part of the
//! protocol.
//!
//! Detected are the languages that have phrases: by script, and by words that occur in every sentence. Short or mixed
//! texts give no result, so a model number does not change the language.

use std::sync::LazyLock;

use hsc_catalogs::language_of;
use serde::Deserialize;

use crate::desk::HandoffUnavailable;

/// The phrases of each language. The first is the default.
const LANGUAGES: [(&str, &str); 2] =
    [("en", include_str!("phrases/en.json")), ("he", include_str!("phrases/he.json"))];
/// Fewest letters for a result.
const LETTERS: usize = 6;
/// Words of English that no other language of the pages shares.
const ENGLISH: [&str; 14] = [
    "how", "what", "why", "when", "where", "does", "the", "this", "with", "my", "can", "you",
    "not", "and",
];
/// Longest language tag that is stored.
const TAG_BYTES: usize = 35;

/// The phrases of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    /// The product has no manual. In English the exact text of part 1.
    pub(super) no_manual: Box<str>,
    /// The manual does not answer the question.
    pub(super) unknown: Box<str>,
    /// The answerer failed.
    pub(super) lost: Box<str>,
    /// The repeated answer differs from the part that was sent.
    pub(super) cut_off: Box<str>,
    /// The question had a picture that was too large to be stored at a takeover.
    pub(super) no_picture: Box<str>,
    /// The question had a picture, and there is no manual to answer from.
    pub(super) picture_unseen: Box<str>,
    /// The question had a picture, and the budget for pictures is used up.
    pub(super) too_many_pictures: Box<str>,
    /// The answer queue is full.
    pub(super) busy: Box<str>,
    /// No agent is available: [`HandoffUnavailable::Closed`].
    desk_closed: Box<str>,
    /// [`HandoffUnavailable::NobodyThere`].
    desk_empty: Box<str>,
    /// [`HandoffUnavailable::Full`].
    desk_full: Box<str>,
    /// [`HandoffUnavailable::TooMany`].
    desk_too_many: Box<str>,
    /// [`HandoffUnavailable::Away`].
    desk_away: Box<str>,
    /// The visitor left the queue by being disconnected.
    pub(super) was_away: Box<str>,
    /// The agent did not answer; the conversation is offered again.
    pub(super) no_answer: Box<str>,
}

static SPOKEN: LazyLock<[(&str, Phrases); 2]> = LazyLock::new(|| {
    LANGUAGES.map(|(language, file)| {
        (language, serde_json::from_str(file).expect("a test reads every file of this list"))
    })
});

impl Phrases {
    /// The phrases of a conversation's language.
    pub(super) fn of(locale: Option<&str>) -> &'static Self {
        let language = locale.map(language_of).unwrap_or_default();
        let spoken = SPOKEN.iter().find(|(name, _)| *name == language);
        &spoken.unwrap_or(&SPOKEN[0]).1
    }

    /// The sentence for this reason.
    pub(super) fn unavailable(&self, why: HandoffUnavailable) -> &str {
        match why {
            HandoffUnavailable::Closed => &self.desk_closed,
            HandoffUnavailable::NobodyThere => &self.desk_empty,
            HandoffUnavailable::Full => &self.desk_full,
            HandoffUnavailable::TooMany => &self.desk_too_many,
            HandoffUnavailable::Away => &self.desk_away,
        }
    }
}

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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_language_has_every_phrase() {
        for (language, file) in LANGUAGES {
            let phrases: BTreeMap<String, String> =
                serde_json::from_str(file).expect("a phrase to each name");
            assert!(phrases.values().all(|phrase| !phrase.trim().is_empty()), "{language}");
            serde_json::from_str::<Phrases>(file)
                .unwrap_or_else(|error| panic!("{language}: {error}"));
        }
    }

    #[test]
    fn an_unknown_language_uses_the_phrases_of_part_1() {
        for locale in [None, Some("fr"), Some("en-GB"), Some("")] {
            let phrases = &Phrases::of(locale).no_manual;
            assert_eq!(&**phrases, "Manual unavailable for this product.", "{locale:?}");
        }
        assert_eq!(&*Phrases::of(Some("iw-IL")).no_manual, "אין מדריך זמין למוצר הזה.");
    }

    #[test]
    fn the_english_reason_of_an_unavailable_handoff_is_that_of_the_server_log() {
        for why in [
            HandoffUnavailable::Closed,
            HandoffUnavailable::NobodyThere,
            HandoffUnavailable::Full,
            HandoffUnavailable::TooMany,
            HandoffUnavailable::Away,
        ] {
            assert_eq!(Phrases::of(None).unavailable(why), why.to_string());
        }
    }

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
