//! The vocabulary of generated catalogs: `words.json`.

use std::sync::LazyLock;

use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// All words. A list that names a word several times gives it that much more often.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"), deny_unknown_fields)]
pub(super) struct Words {
    /// Syllables of invented brands, in Latin and in Hebrew letters.
    pub(super) syllables: Vec<(&'static str, &'static str)>,
    /// Optional suffixes of brand names.
    pub(super) endings: Vec<&'static str>,
    /// Cities of brands, and countries of brands and of production.
    pub(super) places: Vec<(&'static str, &'static str)>,
    /// Names of product lines.
    pub(super) lines: Vec<&'static str>,
    /// Suffixes of models that come in several forms.
    pub(super) forms: Vec<&'static str>,
    pub(super) kinds: Vec<Kind>,
}

/// A kind of product.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    /// Its name in English, which is also the category.
    pub(super) name: &'static str,
    pub(super) hebrew: &'static str,
    /// Names of its accessories, in English and in Hebrew.
    pub(super) extras: Vec<(&'static str, &'static str)>,
    /// Price range, in whole euros.
    pub(super) price: (u32, u32),
    /// Parts that its manual mentions.
    pub(super) parts: Vec<&'static str>,
    /// Settings: name, unit, minimum, maximum.
    pub(super) settings: Vec<(&'static str, &'static str, u32, u32)>,
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    serde_json::from_str(include_str!("words.json")).expect("each test of a plan reads the file")
});

/// A random one of a list, which is not empty: no list of words is.
pub(super) fn one_of<'a, T>(chance: &mut ChaCha8Rng, list: &'a [T]) -> &'a T {
    list.choose(chance).expect("the list is not empty")
}
