//! A complete answer with its metadata, and the fixed phrases of answers in the customer's language.
//!
//! The phrases are data, one file per language in `phrases/`. Another language is another file and its line in
//! [`LANGUAGES`].

use std::sync::LazyLock;

use hsc_catalogs::{Citation, language_of};
use serde::Deserialize;

use super::html;
use super::language::is_hebrew_letter;
use super::turn::Question;

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its outcome.
    pub outcome: Outcome,
    /// The whole text, the chunks joined.
    pub text: String,
    /// The whole text as sanitised HTML.
    pub html: String,
    /// The supporting pages, in the order of the text; for [`Outcome::Unknown`] the closest pages.
    pub citations: Vec<Citation>,
    /// The share of answers at this confidence that are right, 0 to 1.
    pub confidence: f32,
    /// True when a cited page supports every statement.
    pub grounded: bool,
    /// True when it comes from an older copy of the manual, because the manual's host did not respond.
    pub stale_manual: bool,
    /// Scanned pages of the manual that were not recognized yet.
    pub pages_pending: u32,
}

/// The outcome of an answer from an open manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The manual answers.
    Answered,
    /// The quoted passages may answer.
    Likely,
    /// The manual does not answer.
    Unknown,
}

impl Answer {
    /// A reply to small talk: fixed words, and no page of the manual.
    pub fn small_talk(reply: &str, question: &Question) -> Self {
        Self {
            outcome: Outcome::Answered,
            text: reply.to_owned(),
            html: html::render(reply, &question.product.id, &Phrases::of(question).page),
            citations: Vec::new(),
            confidence: 1.0,
            grounded: true,
            stale_manual: false,
            pages_pending: 0,
        }
    }
}

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
    pub fn of(question: &Question) -> &'static Self {
        let language = match question.locale {
            Some(locale) => language_of(locale),
            None if question.text.contains(is_hebrew_letter) => "he".to_owned(),
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
