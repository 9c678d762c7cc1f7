//! Meanings of words, read from the files in `language/`: one file per language, one format.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::token::{stem, tokens, without_prefix};

/// The files, English first. A new language is a new file and a line here.
const FILES: [&str; 2] = [include_str!("language/en.txt"), include_str!("language/he.txt")];

/// Words of the longest phrase.
const LONGEST_PHRASE: usize = 3;

/// A meaning that is shared by words of several languages.
pub(super) type Concept = u16;

/// The words of all languages.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    names: HashMap<String, Concept>,
    /// The concepts of a word or a phrase, its words stemmed and joined by spaces.
    forms: HashMap<String, Vec<Concept>>,
    /// Kinds of products that are accessories of another one.
    pub(super) accessories: HashSet<Concept>,
    /// Properties of products of many kinds.
    pub(super) attributes: HashSet<Concept>,
    /// For each concept its narrower concepts, at any depth.
    narrower: HashMap<Concept, Vec<Concept>>,
    units: HashMap<String, String>,
    numbers: HashMap<String, String>,
    /// Words before the number of a revision: `mark`.
    pub(super) revisions: HashSet<String>,
    /// Words without information about a product.
    pub(super) function_words: HashSet<String>,
    /// Words that indicate a question.
    pub(super) question_words: HashSet<String>,
    /// Words that are removed together with the name that follows them: `my`, `of the`.
    pub(super) articles: HashSet<String>,
}

/// The concepts of a phrase, and its number of words.
pub(super) struct Phrase {
    pub(super) concepts: Vec<Concept>,
    pub(super) words: usize,
}

impl Vocabulary {
    /// The built-in vocabulary.
    pub(super) fn shared() -> &'static Vocabulary {
        static SHARED: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::read(&FILES));
        &SHARED
    }

    fn read(files: &[&str]) -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        let mut broader = Vec::new();
        for file in files {
            let mut section = "";
            for line in file.lines().map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                if let Some(name) = line.strip_prefix('[') {
                    section = name.trim_end_matches(']');
                    continue;
                }
                if section == "broader" {
                    if let Some((narrow, broad)) = line.split_once('<') {
                        broader.push((
                            vocabulary.named(narrow.trim()),
                            vocabulary.named(broad.trim()),
                        ));
                    }
                    continue;
                }
                vocabulary.line(section, line);
            }
        }
        vocabulary.close(&broader);
        vocabulary
    }

    fn line(&mut self, section: &str, line: &str) {
        let (name, forms) = line.split_once(':').unwrap_or(("", line));
        let forms = forms.split(',').map(normal).filter(|form| !form.is_empty());
        match section {
            "kinds" | "attributes" | "accessories" => {
                let concept = self.named(name.trim());
                if section == "attributes" {
                    self.attributes.insert(concept);
                }
                if section == "accessories" {
                    self.accessories.insert(concept);
                }
                for form in forms {
                    // `in ear` is also written `in-ear`, which is one word.
                    for form in [form.replace(' ', ""), form] {
                        let concepts = self.forms.entry(form).or_default();
                        if !concepts.contains(&concept) {
                            concepts.push(concept);
                        }
                    }
                }
            }
            "units" => self.units.extend(forms.map(|form| (form, name.trim().to_owned()))),
            "numbers" => self.numbers.extend(forms.map(|form| (form, name.trim().to_owned()))),
            "revisions" => self.revisions.extend(forms),
            "function words" => self.function_words.extend(forms),
            "question words" => self.question_words.extend(forms),
            "articles" => self.articles.extend(forms),
            _ => {}
        }
    }

    fn named(&mut self, name: &str) -> Concept {
        let next = self.names.len() as Concept;
        *self.names.entry(name.to_owned()).or_insert(next)
    }

    /// Computes the transitive closure of `broader`: a line array is a speaker because it is a PA.
    fn close(&mut self, broader: &[(Concept, Concept)]) {
        for &concept in self.names.values() {
            let mut found = vec![concept];
            let mut at = 0;
            while let Some(&broad) = found.get(at) {
                let narrow = broader.iter().filter(|pair| pair.1 == broad).map(|pair| pair.0);
                for narrow in narrow {
                    if !found.contains(&narrow) {
                        found.push(narrow);
                    }
                }
                at += 1;
            }
            found.remove(0);
            if !found.is_empty() {
                self.narrower.insert(concept, found);
            }
        }
    }

    /// The longest phrase that begins at `words[at]`, by its stems; each word may have prefix letters.
    pub(super) fn phrase(&self, words: &[String], at: usize) -> Option<Phrase> {
        let longest = LONGEST_PHRASE.min(words.len() - at);
        (1..=longest).rev().find_map(|count| {
            let mut keys = vec![String::new()];
            for word in &words[at..at + count] {
                let mut next = Vec::with_capacity(keys.len() * 2);
                for key in &keys {
                    let space = if key.is_empty() { "" } else { " " };
                    next.push(format!("{key}{space}{word}"));
                    if let Some(bare) = without_prefix(word) {
                        next.push(format!("{key}{space}{bare}"));
                    }
                }
                keys = next;
            }
            let concepts = keys.iter().find_map(|key| self.forms.get(key))?;
            Some(Phrase { concepts: concepts.clone(), words: count })
        })
    }

    /// The narrower concepts.
    pub(super) fn narrower(&self, concept: Concept) -> &[Concept] {
        self.narrower.get(&concept).map_or(&[], Vec::as_slice)
    }

    /// Whether the word has a concept or is a function word.
    pub(super) fn knows(&self, stem: &str) -> bool {
        self.forms.contains_key(stem)
            || self.function_words.contains(stem)
            || without_prefix(stem).is_some_and(|bare| self.forms.contains_key(bare))
    }

    /// The unit that a stem names.
    pub(super) fn unit(&self, stem: &str) -> Option<&str> {
        self.units.get(stem).map(String::as_str)
    }

    /// The digits of a number word.
    pub(super) fn number(&self, stem: &str) -> Option<&str> {
        self.numbers.get(stem).map(String::as_str)
    }
}

/// A form as texts are compared: its words stemmed.
fn normal(form: &str) -> String {
    let words = tokens(form).into_iter().map(|token| stem(&token.text));
    words.collect::<Vec<_>>().join(" ")
}
