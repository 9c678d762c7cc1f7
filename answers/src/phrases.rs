//! The fixed phrases of an answer, in the customer's language.
//!
//! One file per language, in `phrases/`. Another language is another file and its line in [`LANGUAGES`].

use std::sync::LazyLock;

use hsc_catalogs::language_of;
use serde::Deserialize;

use super::question::Question;

/// Each language and its phrases. The first is the default.
const LANGUAGES: [(&str, &str); 2] =
    [("en", include_str!("phrases/en.json")), ("he", include_str!("phrases/he.json"))];

/// Fixed phrases in one language.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    /// The question came with a picture, which extractive answers cannot use.
    pub picture: Box<str>,
    /// Nothing in the manual fits.
    pub unknown: Box<str>,
    /// Before likely passages.
    pub likely: Box<str>,
    /// Before words of a manual in another language than the visitor's.
    pub other_language: Box<str>,
    /// Before the closest pages.
    pub closest: Box<str>,
    /// The offer of an agent after them.
    pub person: Box<str>,
    /// The same without a close page.
    pub only_person: Box<str>,
    /// Nothing fits, and pages of the manual are not recognized yet.
    pub scans_pending: Box<str>,
    /// Before further pages.
    pub see_also: Box<str>,
    /// The product has no manual, and that of `{product}` answers.
    pub of_owner: Box<str>,
    /// Before an accessory.
    pub accessory: Box<str>,
    /// The model failed; the extractive answer follows.
    pub fallback: Box<str>,
    /// The model's answer was interrupted; the extractive answer follows.
    pub broke_off: Box<str>,
    /// A limit of the model is reached; the extractive answer follows.
    pub limited: Box<str>,
    /// Before a quote of a page, in HTML: the word for page.
    pub page: Box<str>,
}

static SPOKEN: LazyLock<[(&str, Phrases); 2]> = LazyLock::new(|| {
    LANGUAGES.map(|(language, file)| {
        (language, serde_json::from_str(file).expect("a test reads every file of this list"))
    })
});

impl Phrases {
    /// By the locale of the conversation, else by the script of the question.
    #[must_use]
    pub fn of(question: &Question) -> &'static Self {
        let language = match question.locale {
            Some(locale) => language_of(locale),
            None if question.text.chars().any(|it| ('\u{5d0}'..='\u{5ea}').contains(&it)) => {
                "he".to_owned()
            }
            None => String::new(),
        };
        let spoken = SPOKEN.iter().find(|(name, _)| *name == language);
        &spoken.unwrap_or(&SPOKEN[0]).1
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
    fn a_language_is_found_by_its_first_subtag_and_by_its_older_code() {
        let of = |locale: &str| {
            let locale = Some(locale);
            Phrases::of(&Question { locale, ..super::super::fixture::question("reset") })
        };
        for locale in ["he", "he-IL", "HE_il", "iw"] {
            assert_eq!(&*of(locale).page, "עמוד", "{locale}");
        }
        for locale in ["en-GB", "fr", ""] {
            assert_eq!(&*of(locale).page, "page", "{locale}");
        }
    }
}
