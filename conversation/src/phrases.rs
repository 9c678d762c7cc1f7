//! The assistant's fixed sentences, in the visitor's language.
//!
//! One file per language, in `phrases/`. Another language is another file and its line in [`LANGUAGES`]. Texts that a
//! program reads (statuses, errors of the protocol) are not here: they are part of the protocol.

use std::sync::LazyLock;

use hsc_catalogs::language_of;
use serde::Deserialize;

use crate::desk::HandoffUnavailable;

/// The phrases of each language. The first is the default.
const LANGUAGES: [(&str, &str); 2] =
    [("en", include_str!("phrases/en.json")), ("he", include_str!("phrases/he.json"))];

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
}
