//! Product search for whole sentences: a question that names a product, or a description of a kind.
//!
//! [`Index::search`](super::Index::search) compares letters, for a keystroke. This module compares words, once typing
//! pauses: words of a question that occur in no product do not count, words of several languages with the same meaning
//! are one *concept*, numbers keep their units, and a word may be spelled as it sounds.
//!
//! - `language`: concepts, units, numbers and function words; a file per language in `language/`.
//! - `token`: words of a text, their stems and their sound.
//! - `index`: [`DescriptionIndex`], built once per catalog.
//! - `rank`: how well a product fits the words.
//! - `first_box`: [`Understanding`], which combines this search with the letter search, and reads text that was typed
//!   with the wrong keyboard layout; a file per pair of layouts in `layouts/`.
//!
//! Never: a rule that names a product or a brand; those come from the catalog only.

mod first_box;
mod index;
mod language;
mod rank;
mod token;

#[cfg(test)]
mod tests;

pub use first_box::{Detected, Understanding, manuals_first, understand};
pub use index::{Described, DescriptionIndex};
