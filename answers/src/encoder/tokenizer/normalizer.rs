//! The normalizers of a `tokenizer.json`: applied to a text before it is split into pieces.

use super::super::error::ModelError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One step, or several in order.
pub(crate) enum Normalizer {
    Sequence(Vec<Self>),
    /// BERT: removes control characters, separates Chinese characters, removes accents, lower case.
    Bert {
        clean: bool,
        chinese: bool,
        strip_accents: bool,
        lowercase: bool,
    },
    /// SentencePiece's compiled rules.
    Precompiled(Charsmap),
    /// Canonical composition of compatible characters.
    Nfkc,
    /// Control characters removed; every kind of space is a space.
    Nmt,
    Lowercase,
}

impl Normalizer {
    pub(crate) fn read(path: &Path, value: &Value) -> Result<Self, ModelError> {
        let flag = |name: &str| value[name].as_bool();
        Ok(match value["type"].as_str() {
            None if value.is_null() => Self::Sequence(Vec::new()),
            Some("Sequence") => Self::Sequence(
                value["normalizers"]
                    .as_array()
                    .ok_or_else(|| ModelError::damaged(path, "its normalizers are no list"))?
                    .iter()
                    .map(|step| Self::read(path, step))
                    .collect::<Result<_, _>>()?,
            ),
            Some("BertNormalizer") => {
                let lowercase = flag("lowercase").unwrap_or(true);
                Self::Bert {
                    clean: flag("clean_text").unwrap_or(true),
                    chinese: flag("handle_chinese_chars").unwrap_or(true),
                    strip_accents: flag("strip_accents").unwrap_or(lowercase),
                    lowercase,
                }
            }
            Some("Precompiled") => value["precompiled_charsmap"]
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok())
                .and_then(|bytes| Charsmap::read(&bytes))
                .map(Self::Precompiled)
                .ok_or_else(|| ModelError::damaged(path, "its precompiled_charsmap"))?,
            Some("NFKC") => Self::Nfkc,
            Some("Nmt") => Self::Nmt,
            Some("Lowercase") => Self::Lowercase,
            // Runs of spaces become one when words are split, whatever this step does.
            Some("Replace") if value["content"] == " " => Self::Sequence(Vec::new()),
            Some("Strip") => Self::Sequence(Vec::new()),
            other => {
                return Err(ModelError::unsupported(
                    path,
                    format!("a normalizer of type {other:?}"),
                ));
            }
        })
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        match self {
            Self::Sequence(steps) => {
                steps.iter().fold(text.to_owned(), |text, step| step.apply(&text))
            }
            Self::Bert { clean, chinese, strip_accents, lowercase } => {
                bert(text, *clean, *chinese, *strip_accents, *lowercase)
            }
            Self::Precompiled(map) => map.apply(text),
            Self::Nfkc => text.nfkc().collect(),
            Self::Nmt => text.chars().filter_map(nmt).collect(),
            Self::Lowercase => text.to_lowercase(),
        }
    }
}

/// SentencePiece's rules of machine translation: control characters are removed, every space becomes a plain space.
fn nmt(character: char) -> Option<char> {
    match character {
        '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}' => None,
        '\t'
        | '\n'
        | '\u{c}'
        | '\r'
        | '\u{1680}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2581}'
        | '\u{feff}'
        | '\u{fffd}' => Some(' '),
        other => Some(other),
    }
}

fn bert(text: &str, clean: bool, chinese: bool, strip_accents: bool, lowercase: bool) -> String {
    let mut spaced = String::with_capacity(text.len());
    for character in text.chars() {
        if clean && (character == '\0' || character == '\u{fffd}' || is_control(character)) {
            continue;
        }
        if clean && character.is_whitespace() {
            spaced.push(' ');
        } else if chinese && is_chinese(character) {
            spaced.extend([' ', character, ' ']);
        } else {
            spaced.push(character);
        }
    }
    let bare: String = if strip_accents {
        spaced.nfd().filter(|c| c.general_category() != GeneralCategory::NonspacingMark).collect()
    } else {
        spaced
    };
    if lowercase { bare.chars().flat_map(char::to_lowercase).collect() } else { bare }
}

/// Control, format, unassigned and private characters, except the three that are white space.
fn is_control(character: char) -> bool {
    !matches!(character, '\t' | '\n' | '\r')
        && matches!(
            character.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Unassigned
                | GeneralCategory::PrivateUse
        )
}

/// The blocks of Chinese characters, each of which BERT treats as a word.
fn is_chinese(character: char) -> bool {
    matches!(
        character as u32,
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

/// SentencePiece's compiled normalization rules: the longest rule at each position of the text.
///
/// The blob is the length of a double-array trie, the trie (32-bit units), and the replacements, each ended
/// by a zero byte. The value of a match is the start of its replacement.
pub(crate) struct Charsmap {
    units: Vec<u32>,
    replacements: Vec<u8>,
}

impl Charsmap {
    /// `None` for a truncated blob.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*head) as usize)?;
        let units: Vec<u32> =
            trie.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        (!units.is_empty()).then(|| Self { units, replacements: replacements.to_vec() })
    }

    fn apply(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.longest(rest.as_bytes()) {
                Some((length, replacement)) if rest.is_char_boundary(length) => {
                    normal.push_str(replacement);
                    rest = &rest[length..];
                }
                _ => {
                    normal.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        normal
    }

    /// The longest rule that is a prefix of `key`: its length and its replacement.
    fn longest(&self, key: &[u8]) -> Option<(usize, &str)> {
        let mut found = None;
        let mut node = offset(*self.units.first()?);
        for (index, byte) in key.iter().enumerate() {
            if *byte == 0 {
                break;
            }
            node ^= *byte as usize;
            let Some(unit) = self.units.get(node) else { break };
            if unit & 0x8000_00ff != u32::from(*byte) {
                break;
            }
            node ^= offset(*unit);
            if unit >> 8 & 1 == 1
                && let Some(leaf) = self.units.get(node)
            {
                found = Some((index + 1, (leaf & 0x7fff_ffff) as usize));
            }
        }
        let (length, begin) = found?;
        let replacement = self.replacements.get(begin..)?.split(|byte| *byte == 0).next()?;
        Some((length, std::str::from_utf8(replacement).ok()?))
    }
}

/// The position of the children of a unit, relative to it.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 0x200) >> 6)) as usize
}
