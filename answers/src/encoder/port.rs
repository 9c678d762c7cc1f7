//! The interface between the ranking and the encoder.

use std::sync::Arc;

use super::manifest::fingerprint;
use super::vectors::{ManualVectors, QueryVectors};

/// Embeds in the background. A trait because the implementation is in the server, above this crate.
pub trait Embedder: Send + Sync + 'static {
    /// The vectors of a question. Blocks for 10 to 30 milliseconds. `None` without a model.
    fn query(&self, text: &str) -> Option<QueryVectors>;

    /// For each member of the set, in order: whether it is multilingual. Empty without a model.
    fn multilingual(&self) -> Vec<bool>;

    /// The vectors of a manual's windows, if they exist. Otherwise starts to make them and returns at
    /// once: no question waits for a manual to be embedded.
    fn vectors(&self, manual: &Arc<ManualTexts>) -> Option<Arc<ManualVectors>>;
}

/// The input of an encoder for a manual: the text of each of its windows.
#[derive(Debug, PartialEq, Eq)]
pub struct ManualTexts {
    name: String,
    key: String,
    texts: Vec<String>,
    big: usize,
}

impl ManualTexts {
    /// The windows' texts of the manual called `name` (for operators: its address or path); the first `big` of them
    /// are big windows, the others parts of those.
    #[must_use]
    pub fn new(name: &str, texts: Vec<String>, big: usize) -> Self {
        let mut all = format!("{big}\n");
        for text in &texts {
            // Includes the length, so that texts with other boundaries have another key.
            all.push_str(&format!("{}:{text}", text.len()));
        }
        Self { name: name.to_owned(), key: fingerprint(&all), texts, big }
    }

    /// The manual's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A fingerprint of the texts: the key of stored vectors.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The texts, one per window.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Number of big windows.
    #[must_use]
    pub fn big(&self) -> usize {
        self.big
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_of_the_texts_and_of_how_they_are_cut() {
        let key_of = |texts: &[&str], big: usize| {
            ManualTexts::new("a", texts.iter().map(|text| (*text).to_owned()).collect(), big)
                .key()
                .to_owned()
        };
        let key = |texts: &[&str]| key_of(texts, 1);
        assert_ne!(key_of(&["one", "two"], 1), key_of(&["one", "two"], 2));
        assert_eq!(key(&["one", "two"]), key(&["one", "two"]));
        assert_ne!(key(&["one", "two"]), key(&["onetwo"]));
        assert_ne!(key(&["one", "two"]), key(&["two", "one"]));
        assert_ne!(key(&["a1:b"]), key(&["a", "b"]));
    }
}
