//! A visitor's turn: the question with everything that its answer depends on, and its kind: a question, a follow-up of
//! the previous one, or small talk.
//!
//! The words that tell the kind are data, one file per language in `turns/`. Another language is another file and its
//! line in [`LANGUAGES`]. A turn is small talk only if it consists of words of small talk: `hi, how do
//! I reset it` is a question.

use std::sync::LazyLock;

use hsc_catalogs::{Accessory, Exchange, Product, Scenario, language_of};
use serde::Deserialize;

use super::words::fold;

/// A question about one product.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The product.
    pub product: &'a Product,
    /// Its related products, the candidates for `[SUGGESTION: …]`.
    pub related: &'a [Accessory],
    /// The customer's words.
    pub text: &'a str,
    /// The previous questions about the same product with their answers, the newest last. They complete a
    /// follow-up such as `and how often?`.
    pub previous: &'a [Exchange],
    /// How the customer uses the product.
    pub scenario: Scenario,
    /// True when a picture was sent. The extractive answer cannot use it, and says so.
    pub has_image: bool,
    /// The customer's locale, e.g. `he-IL`, if the client sent it.
    pub locale: Option<&'a str>,
}

/// Each language and its words.
const LANGUAGES: [(&str, &str); 5] = [
    ("en", include_str!("turns/en.json")),
    ("he", include_str!("turns/he.json")),
    ("de", include_str!("turns/de.json")),
    ("es", include_str!("turns/es.json")),
    ("fr", include_str!("turns/fr.json")),
];
/// Most words of a follow-up that is recognised by its beginning; a longer one states its subject.
const FOLLOW_UP_WORDS: usize = 8;
/// Most words of a follow-up that is recognised by a word such as `it`.
const PRONOUN_WORDS: usize = 5;

/// The words of one language.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    greetings: Vec<String>,
    greeting: String,
    thanks: Vec<String>,
    thank: String,
    farewells: Vec<String>,
    farewell: String,
    identities: Vec<String>,
    identity: String,
    fillers: Vec<String>,
    leads: Vec<String>,
    pronouns: Vec<String>,
    /// Words of a follow-up that name no subject (`how long does it take`), folded.
    vague: Vec<String>,
    failures: Vec<String>,
    failed: String,
}

static SPOKEN: LazyLock<[(&str, Words); 5]> = LazyLock::new(|| {
    LANGUAGES.map(|(language, file)| {
        let words = serde_json::from_str(file);
        let mut words: Words = words.expect("a test reads every file of this list");
        words.vague = words.vague.iter().map(|word| fold(word)).collect();
        (language, words)
    })
});

/// The kind of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A question of its own.
    Question,
    /// A question that the previous one completes.
    FollowUp,
    /// The answer to the previous question did not help; with the introduction of other passages.
    Failed(&'static str),
    /// Small talk, and the reply to it.
    SmallTalk(&'static str),
}

impl Turn {
    /// The kind of the turn of `question`.
    pub fn of(question: &Question) -> Self {
        let has_previous = !question.previous.is_empty();
        Self::of_text(question.text, question.locale, has_previous)
    }

    fn of_text(text: &str, locale: Option<&str>, has_previous: bool) -> Self {
        let text = plain(text);
        let language = locale.map(language_of).unwrap_or_default();
        // The visitor's own language first: `ciao` and `hi` are words of several.
        let own = SPOKEN.iter().filter(|(name, _)| *name == language);
        let others = SPOKEN.iter().filter(|(name, _)| *name != language);
        let mut all = own.chain(others).map(|(_, words)| words);
        if let Some(reply) = all.clone().find_map(|words| words.reply(&text)) {
            return Self::SmallTalk(reply);
        }
        if !has_previous {
            return Self::Question;
        }
        if let Some(words) = all.clone().find(|words| words.says_failure(&text)) {
            return Self::Failed(&words.failed);
        }
        if all.any(|words| words.follows_up(&text)) { Self::FollowUp } else { Self::Question }
    }
}

/// The subject of the previous questions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Topic {
    /// The newest of them that is a question, after those that it follows up.
    pub text: String,
    /// Number of later turns in which the visitor said that the answer did not help.
    pub failures: usize,
}

/// True for a word, without case and accents, that names no subject in a follow-up.
pub(super) fn is_vague(word: &str) -> bool {
    SPOKEN.iter().any(|(_, words)| words.vague.iter().any(|vague| vague == word))
}

/// A question combined with the previous ones, as a text that stands alone.
pub fn standalone_text(question: &Question) -> String {
    match (Turn::of(question), topic(question)) {
        (Turn::Failed(_), Some(topic)) => topic.text,
        (Turn::FollowUp, Some(topic)) => format!("{} {}", topic.text, question.text),
        _ => question.text.to_owned(),
    }
}

/// The subject of the previous questions; `None` if there was only small talk.
pub(super) fn topic(question: &Question) -> Option<Topic> {
    topic_of(question.previous, question.locale)
}

fn topic_of(previous: &[Exchange], locale: Option<&str>) -> Option<Topic> {
    let (last, before) = previous.split_last()?;
    let earlier = topic_of(before, locale);
    let text = last.question.clone();
    match (Turn::of_text(&text, locale, !before.is_empty()), earlier) {
        (Turn::SmallTalk(_), earlier) => earlier,
        (Turn::Failed(_), Some(earlier)) => {
            Some(Topic { failures: earlier.failures + 1, ..earlier })
        }
        (Turn::FollowUp, Some(earlier)) => {
            Some(Topic { text: format!("{} {text}", earlier.text), failures: 0 })
        }
        _ => Some(Topic { text, failures: 0 }),
    }
}

impl Words {
    /// The reply to small talk.
    fn reply(&self, text: &str) -> Option<&str> {
        let kinds = [
            (&self.identities, &self.identity),
            (&self.thanks, &self.thank),
            (&self.farewells, &self.farewell),
            (&self.greetings, &self.greeting),
        ];
        let mut rest = format!(" {text} ");
        let mut reply = None;
        for (phrases, kind) in kinds {
            let mut phrases: Vec<String> = phrases.iter().map(|it| plain(it)).collect();
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
            for phrase in phrases {
                let phrase = format!(" {phrase} ");
                while let Some(at) = rest.find(&phrase) {
                    rest.replace_range(at..at + phrase.len(), " ");
                    reply.get_or_insert(kind.as_str());
                }
            }
        }
        let is_filler = |word: &str| self.fillers.iter().any(|filler| plain(filler) == word);
        reply.filter(|_| rest.split_whitespace().all(is_filler))
    }

    fn says_failure(&self, text: &str) -> bool {
        self.failures.iter().any(|failure| plain(failure) == text)
    }

    fn follows_up(&self, text: &str) -> bool {
        let words: Vec<&str> = text.split(' ').collect();
        let leads = |lead: &String| text.starts_with(&format!("{} ", plain(lead)));
        let refers = |word: &&str| self.pronouns.iter().any(|pronoun| pronoun == word);
        words.len() <= FOLLOW_UP_WORDS && self.leads.iter().any(leads)
            || words.len() <= PRONOUN_WORDS && words.iter().any(refers)
    }
}

/// Lower case, with spaces in place of everything except letters, digits and apostrophes.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace('’', "'");
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::question;
    use super::*;

    fn turn(text: &str, previous: Option<&str>) -> Turn {
        let previous = exchanges(previous.as_slice());
        Turn::of(&Question { previous: &previous, ..question(text) })
    }

    fn exchanges(questions: &[&str]) -> Vec<Exchange> {
        let exchange =
            |text: &&str| Exchange { question: (*text).to_owned(), answer: String::new() };
        questions.iter().map(exchange).collect()
    }

    #[test]
    fn follow_ups_extend_the_topic_and_small_talk_does_not_change_it() {
        let topic = |questions: &[&str]| topic_of(&exchanges(questions), None);
        let clean = "how do I clean the filter";
        let of = |text: &str, failures| Some(Topic { text: text.to_owned(), failures });
        assert_eq!(topic(&[]), None);
        assert_eq!(topic(&["hello"]), None);
        assert_eq!(topic(&["hello", clean, "thanks"]), of(clean, 0));
        assert_eq!(topic(&[clean, "and how often?"]), of(&format!("{clean} and how often?"), 0));
        assert_eq!(topic(&[clean, "it did not help", "it did not help"]), of(clean, 2));
        let other = "which batteries does the remote control take";
        assert_eq!(topic(&[clean, "it did not help", other]), of(other, 0));
    }

    #[test]
    fn a_follow_up_is_completed_with_its_topic_and_a_question_is_unchanged() {
        let clean = "how do I clean the filter";
        let previous = exchanges(&[clean]);
        let alone = |text| standalone_text(&Question { previous: &previous, ..question(text) });
        assert_eq!(alone("and how often?"), format!("{clean} and how often?"));
        assert_eq!(alone("it did not help"), clean);
        let other = "which batteries does the remote control take";
        assert_eq!(alone(other), other);
    }

    #[test]
    fn every_language_has_every_word() {
        for (language, file) in LANGUAGES {
            let words: Words =
                serde_json::from_str(file).unwrap_or_else(|error| panic!("{language}: {error}"));
            for list in
                [&words.greetings, &words.thanks, &words.identities, &words.vague, &words.failures]
            {
                assert!(!list.is_empty(), "{language}");
            }
        }
    }

    #[test]
    fn small_talk_gets_a_reply_in_its_language_and_a_question_does_not() {
        for (text, begins) in [
            ("Hi there!", "Hello!"),
            ("thank you so much", "You're welcome"),
            ("Hello, are you a robot?", "I'm an automatic"),
            ("שלום!", "שלום!"),
            ("תודה רבה", "בשמחה"),
            ("Vielen Dank!", "Gern"),
            ("bonjour", "Bonjour"),
        ] {
            let Turn::SmallTalk(reply) = turn(text, None) else { panic!("{text}") };
            assert!(reply.starts_with(begins), "{text}: {reply}");
        }
        for text in ["hi, how do I reset it", "thanks, and how often?", "robot voice", "reset"] {
            assert_eq!(turn(text, None), Turn::Question, "{text}");
        }
    }

    #[test]
    fn a_follow_up_needs_a_previous_question() {
        let before = Some("how do I clean the filter");
        for text in ["and how often?", "what about the other one?", "how long does it take"] {
            assert_eq!(turn(text, before), Turn::FollowUp, "{text}");
            assert_eq!(turn(text, None), Turn::Question, "{text}");
        }
        for text in ["it did not help", "It didn’t work!"] {
            assert!(matches!(turn(text, before), Turn::Failed(_)), "{text}");
        }
        let other = "how do I connect a phone to the wireless module";
        assert_eq!(turn(other, before), Turn::Question);
    }
}
