//! Synonyms: the words that customers type and those that manuals print.
//!
//! They are data, one file per language in `answers/synonyms/`. These are part of the program; the files of the folder
//! `answers.synonyms` are read at the start and add to them. The syntax is described at the top of `en.txt`. A synonym
//! has a lower weight than the word itself.
//!
//! The groups of a file apply to manuals in its language. One-way lines apply to every manual, so that a file may
//! translate: `מקלדת > keyboard`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::language::Language;
use super::words::WordReader;

/// The files that are part of the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("en", include_str!("../synonyms/en.txt")),
    ("he", include_str!("../synonyms/he.txt")),
    ("de", include_str!("../synonyms/de.txt")),
    ("es", include_str!("../synonyms/es.txt")),
    ("fr", include_str!("../synonyms/fr.txt")),
];

/// Why a file of synonyms cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SynonymsError {
    /// The folder or a file of it cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The folder or the file.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        cause: std::io::Error,
    },
    /// A line is neither a group nor a one-way line.
    #[error("{file}, line {line}: expected `word, word`, `words > words` or `! word`")]
    Syntax {
        /// The file's name.
        file: String,
        /// Line number from 1.
        line: usize,
    },
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// Words that are synonyms of each other.
    Group(Vec<String>),
    /// Words that name a feature, a part or a property.
    Topics(Vec<String>),
    /// A word or a phrase, and the words that a question with it also searches for.
    OneWay(String, Vec<String>),
}

/// All files that were read.
#[derive(Debug, Default)]
pub struct Thesaurus {
    lines: Vec<(String, Line)>,
    by_language: Mutex<HashMap<Language, Arc<Synonyms>>>,
}

/// The synonyms for manuals in one language, by normalised word.
#[derive(Debug, Default)]
pub(super) struct Synonyms {
    words: HashMap<String, Vec<String>>,
    phrases: Vec<(Vec<String>, Vec<String>)>,
    topics: HashSet<String>,
}

impl Thesaurus {
    /// The built-in synonyms.
    pub fn built_in() -> Self {
        let mut thesaurus = Self::default();
        for (language, text) in BUILT_IN {
            let file = format!("{language}.txt");
            thesaurus.add(language, &file, text).expect("a test reads every file of this list");
        }
        thesaurus
    }

    /// The built-in synonyms, and the files `<language>.txt` of a folder if one is given.
    pub fn with_folder(folder: Option<&Path>) -> Result<Self, SynonymsError> {
        let mut thesaurus = Self::built_in();
        let Some(folder) = folder else { return Ok(thesaurus) };
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |cause| SynonymsError::Unreadable { path, cause }
        };
        let entries = std::fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|it| it == "txt"))
            .collect();
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            let language = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            thesaurus.add(&language, &path.to_string_lossy(), &text)?;
        }
        Ok(thesaurus)
    }

    fn add(&mut self, language: &str, file: &str, text: &str) -> Result<(), SynonymsError> {
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let wrong = || SynonymsError::Syntax { file: file.to_owned(), line: number };
            let line = parse(line).ok_or_else(wrong)?;
            self.lines.push((language.to_owned(), line));
        }
        Ok(())
    }

    /// The synonyms for manuals in `language`.
    pub(super) fn of(&self, language: Language) -> Arc<Synonyms> {
        let mut known = self.by_language.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(Synonyms::of(&self.lines, language));
        Arc::clone(known.entry(language).or_insert_with(make))
    }
}

fn parse(line: &str) -> Option<Line> {
    let list = |text: &str, at: fn(char) -> bool| -> Vec<String> {
        let words = text.split(at).map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    if let Some(topics) = line.strip_prefix('!') {
        let topics = list(topics, |c| c == ',');
        return (!topics.is_empty()).then_some(Line::Topics(topics));
    }
    match line.split_once('>') {
        Some((from, to)) => {
            let (from, to) = (from.trim(), list(to, |c| c == ',' || c.is_whitespace()));
            (!from.is_empty() && !to.is_empty()).then(|| Line::OneWay(from.to_owned(), to))
        }
        None => {
            let group = list(line, |c| c == ',');
            (group.len() > 1).then_some(Line::Group(group))
        }
    }
}

impl Synonyms {
    fn of(lines: &[(String, Line)], language: Language) -> Self {
        let reader = WordReader::new(language);
        let terms = |text: &str| -> Vec<String> {
            let words = reader.words(text).into_iter().filter(|word| !word.extra);
            words.map(|word| word.term).collect()
        };
        let mut all = Self::default();
        for (of, line) in lines {
            match line {
                Line::Group(group) if of == language.code() => {
                    let members: Vec<Vec<String>> = group.iter().map(|it| terms(it)).collect();
                    for (at, member) in members.iter().enumerate() {
                        let others = members.iter().enumerate().filter(|(other, _)| *other != at);
                        let others = others.flat_map(|(_, other)| other.iter().cloned()).collect();
                        all.add(member, others);
                    }
                }
                Line::Topics(topics) if of == language.code() => {
                    all.topics.extend(topics.iter().flat_map(|topic| terms(topic)));
                }
                Line::Group(_) | Line::Topics(_) => {}
                Line::OneWay(from, to) => {
                    let others = to.iter().flat_map(|word| terms(word)).collect();
                    all.add(&terms(from), others);
                }
            }
        }
        all
    }

    fn add(&mut self, from: &[String], others: Vec<String>) {
        match from {
            [] => {}
            [word] => {
                let known = self.words.entry(word.clone()).or_default();
                for other in others.into_iter().filter(|other| other != word) {
                    if !known.contains(&other) {
                        known.push(other);
                    }
                }
            }
            phrase => self.phrases.push((phrase.to_vec(), others)),
        }
    }

    /// The synonyms of a normalised word.
    pub(super) fn of_word(&self, term: &str) -> &[String] {
        self.words.get(term).map_or(&[], Vec::as_slice)
    }

    /// True for a word that names a feature, a part or a property.
    pub(super) fn is_topic(&self, term: &str) -> bool {
        self.topics.contains(term)
    }

    /// The synonyms of the phrases in a question.
    pub(super) fn of_phrases<'a>(
        &'a self,
        question: &'a [String],
    ) -> impl Iterator<Item = &'a [String]> {
        let stands = |phrase: &[String]| question.windows(phrase.len()).any(|part| part == phrase);
        self.phrases.iter().filter(move |(phrase, _)| stands(phrase)).map(|(_, to)| to.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Arc<Synonyms> {
        Thesaurus::built_in().of(Language::English)
    }

    #[test]
    fn a_word_has_the_others_of_its_groups_as_synonyms() {
        let synonyms = english();
        assert!(synonyms.of_word("reset").iter().any(|it| it == "restor"));
        assert!(synonyms.of_word("pair").iter().any(|it| it == "link"));
        assert!(synonyms.of_word("sourdough").is_empty());
    }

    #[test]
    fn a_phrase_in_a_question_is_expanded_in_one_direction_only() {
        let synonyms = english();
        let reader = WordReader::new(Language::English);
        let found = |question: &str| -> Vec<String> {
            let words: Vec<String> =
                reader.words(question).into_iter().map(|word| word.term).collect();
            synonyms.of_phrases(&words).flatten().cloned().collect()
        };
        assert!(found("how do i get rid of a loop").iter().any(|it| it == "delet"));
        assert!(found("how do i delete a loop").is_empty());
    }

    #[test]
    fn a_translation_of_another_language_applies_to_every_manual() {
        let mut thesaurus = Thesaurus::default();
        thesaurus.add("xx", "xx.txt", "gewicht > weight\nalpha, beta").expect("right lines");
        let synonyms = thesaurus.of(Language::English);
        assert_eq!(synonyms.of_word("gewicht"), ["weight"]);
        assert!(synonyms.of_word("alpha").is_empty(), "a group serves its own language");
    }

    #[test]
    fn a_folder_adds_synonyms_and_an_invalid_line_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("en.txt"), "# ours\nflux, capacitor\n").expect("written");
        let thesaurus = Thesaurus::with_folder(Some(folder.path())).expect("right files");
        let synonyms = thesaurus.of(Language::English);
        assert_eq!(synonyms.of_word("flux"), ["capacitor"]);
        assert!(!synonyms.of_word("reset").is_empty());
        std::fs::write(folder.path().join("en.txt"), "good, fine\nalone\n").expect("written");
        let error = Thesaurus::with_folder(Some(folder.path())).expect_err("a wrong line");
        assert!(error.to_string().contains("line 2"), "{error}");
        let missing = Thesaurus::with_folder(Some(&folder.path().join("none")));
        assert!(matches!(missing, Err(SynonymsError::Unreadable { .. })));
    }
}
