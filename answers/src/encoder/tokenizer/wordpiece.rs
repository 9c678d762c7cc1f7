//! `WordPiece`: the longest piece first, word by word.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::super::error::ModelError;

pub(crate) struct WordPiece {
    vocabulary: HashMap<String, u32>,
    unknown: u32,
    continuing: String,
    longest_word: usize,
}

#[derive(Deserialize)]
struct File {
    unk_token: String,
    #[serde(default = "default_continuing")]
    continuing_subword_prefix: String,
    #[serde(default = "default_longest_word")]
    max_input_chars_per_word: usize,
    vocab: HashMap<String, u32>,
}

fn default_continuing() -> String {
    "##".to_owned()
}

fn default_longest_word() -> usize {
    100
}

impl WordPiece {
    pub(crate) fn read(path: &Path, model: &RawValue) -> Result<Self, ModelError> {
        let file: File = serde_json::from_str(model.get())
            .map_err(|error| ModelError::damaged(path, error.to_string()))?;
        let unknown = *file.vocab.get(&file.unk_token).ok_or_else(|| {
            ModelError::damaged(path, "its unknown token is not in its vocabulary")
        })?;
        Ok(Self {
            vocabulary: file.vocab,
            unknown,
            continuing: file.continuing_subword_prefix,
            longest_word: file.max_input_chars_per_word,
        })
    }

    pub(crate) fn largest(&self) -> u32 {
        self.vocabulary.values().copied().max().unwrap_or(0)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.vocabulary.keys().map(|piece| piece.len() + 40).sum()
    }

    /// Appends the tokens of normalised `text`, and stops past `limit` of them.
    pub(crate) fn encode(&self, text: &str, limit: usize, into: &mut Vec<u32>) {
        let most = into.len() + limit;
        let mut word = String::new();
        for character in text.chars() {
            if into.len() > most {
                return;
            }
            if character.is_whitespace() {
                self.word(&mut word, into);
            } else if is_punctuation(character) {
                self.word(&mut word, into);
                word.push(character);
                self.word(&mut word, into);
            } else {
                word.push(character);
            }
        }
        self.word(&mut word, into);
    }

    /// Appends the tokens of one word and empties it.
    fn word(&self, word: &mut String, into: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        if word.chars().count() > self.longest_word {
            into.push(self.unknown);
            word.clear();
            return;
        }
        let begin = into.len();
        let mut piece = String::new();
        let mut start = 0;
        while start < word.len() {
            let mut end = word.len();
            let found = loop {
                piece.clear();
                if start > 0 {
                    piece.push_str(&self.continuing);
                }
                piece.push_str(&word[start..end]);
                if let Some(token) = self.vocabulary.get(&piece) {
                    break Some(*token);
                }
                match word[start..end].char_indices().next_back() {
                    Some((last, _)) if last > 0 => end = start + last,
                    _ => break None,
                }
            };
            match found {
                Some(token) => into.push(token),
                // A word with one unknown part is unknown as a whole.
                None => {
                    into.truncate(begin);
                    into.push(self.unknown);
                    break;
                }
            }
            start = end;
        }
        word.clear();
    }
}

/// Characters that BERT splits off as words: all ASCII signs, and Unicode punctuation.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation()
        || character.general_category_group() == GeneralCategoryGroup::Punctuation
}
