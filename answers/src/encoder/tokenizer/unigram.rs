//! `Unigram`: the most probable segmentation of a word into pieces.
//!
//! All pieces are in one string, found by an open hash table of numbers: some eight megabytes for 250,000 pieces.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error::ModelError;

/// SentencePiece's replacement of a space.
const SPACE: char = '\u{2581}';
/// Penalty of an unknown character relative to the least probable piece. SentencePiece's constant.
const UNKNOWN_PENALTY: f64 = 10.0;
/// Characters of a word that are segmented at once: the search takes memory for each. Longer words are split.
const LONGEST_WORD: usize = 1_000;

pub(crate) struct Unigram {
    /// All pieces, concatenated.
    text: String,
    /// The start of each piece, and the end of the last one.
    starts: Vec<u32>,
    scores: Vec<f32>,
    /// Piece number plus one by hash; 0 is empty. Its length is a power of two.
    table: Vec<u32>,
    unknown: u32,
    unknown_score: f64,
    longest_piece: usize,
}

#[derive(Deserialize)]
struct File {
    unk_id: u32,
    vocab: Vec<(String, f64)>,
}

impl Unigram {
    pub(crate) fn read(path: &Path, model: &RawValue) -> Result<Self, ModelError> {
        let file: File = serde_json::from_str(model.get())
            .map_err(|error| ModelError::damaged(path, error.to_string()))?;
        if file.unk_id as usize >= file.vocab.len() {
            return Err(ModelError::damaged(path, "its unknown token is not in its vocabulary"));
        }
        if file.vocab.iter().any(|(_, score)| !score.is_finite()) {
            return Err(ModelError::damaged(path, "a piece has no finite score"));
        }
        let text: String = file.vocab.iter().map(|(piece, _)| piece.as_str()).collect();
        let mut starts = vec![0];
        let mut end = 0;
        for (piece, _) in &file.vocab {
            end += piece.len();
            starts.push(
                u32::try_from(end)
                    .map_err(|_| ModelError::damaged(path, "its vocabulary is too long"))?,
            );
        }
        let lowest = file.vocab.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        let mut unigram = Self {
            text,
            starts,
            scores: file.vocab.iter().map(|(_, score)| *score as f32).collect(),
            table: vec![0; (file.vocab.len() * 2).next_power_of_two()],
            unknown: file.unk_id,
            unknown_score: lowest - UNKNOWN_PENALTY,
            longest_piece: file.vocab.iter().map(|(piece, _)| piece.len()).max().unwrap_or(0),
        };
        for (number, (piece, _)) in file.vocab.iter().enumerate() {
            if piece.is_empty() || number == file.unk_id as usize {
                continue;
            }
            let mut slot = unigram.slot(hash(piece.as_bytes()));
            while unigram.table[slot] != 0 {
                slot = (slot + 1) & (unigram.table.len() - 1);
            }
            unigram.table[slot] = number as u32 + 1;
        }
        Ok(unigram)
    }

    pub(crate) fn largest(&self) -> u32 {
        self.scores.len() as u32 - 1
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + 4 * (self.starts.len() + self.scores.len() + self.table.len())
    }

    fn slot(&self, hash: u64) -> usize {
        (hash ^ (hash >> 32)) as usize & (self.table.len() - 1)
    }

    fn find(&self, piece: &[u8], hash: u64) -> Option<u32> {
        let mut slot = self.slot(hash);
        loop {
            let number = self.table[slot].checked_sub(1)?;
            let bytes =
                self.starts[number as usize] as usize..self.starts[number as usize + 1] as usize;
            if &self.text.as_bytes()[bytes] == piece {
                return Some(number);
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
    }

    /// Appends the tokens of normalised `text`, and stops past `limit` of them.
    pub(crate) fn encode(&self, text: &str, limit: usize, into: &mut Vec<u32>) {
        let most = into.len() + limit;
        let mut word = String::new();
        for part in text.split_whitespace() {
            if into.len() > most {
                return;
            }
            let mut rest = part;
            let mut first = true;
            while !rest.is_empty() {
                let end = rest.char_indices().nth(LONGEST_WORD).map_or(rest.len(), |(at, _)| at);
                word.clear();
                if first {
                    word.push(SPACE);
                }
                word.push_str(&rest[..end]);
                self.word(&word, into);
                rest = &rest[end..];
                first = false;
            }
        }
    }

    /// Appends the most probable pieces of one word.
    fn word(&self, word: &str, into: &mut Vec<u32>) {
        let starts: Vec<usize> =
            word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        let count = starts.len() - 1;
        // For each end: the best score up to it, the start of its last piece, and that piece.
        let mut best = vec![(f64::NEG_INFINITY, 0usize, self.unknown); count + 1];
        best[0].0 = 0.0;
        for begin in 0..count {
            let score = best[begin].0;
            let bytes = &word.as_bytes()[starts[begin]..];
            let mut state = HASH_SEED;
            let mut at = 0;
            for end in begin + 1..=count {
                let length = starts[end] - starts[begin];
                if length > self.longest_piece {
                    break;
                }
                while at < length {
                    state = step(state, bytes[at]);
                    at += 1;
                }
                if let Some(number) = self.find(&bytes[..length], state) {
                    let total = score + f64::from(self.scores[number as usize]);
                    if total > best[end].0 {
                        best[end] = (total, begin, number);
                    }
                }
            }
            let total = score + self.unknown_score;
            if total > best[begin + 1].0 {
                best[begin + 1] = (total, begin, self.unknown);
            }
        }
        let first = into.len();
        let mut end = count;
        while end > 0 {
            let (_, begin, number) = best[end];
            // A run of unknown characters is one token.
            if !(number == self.unknown && into.len() > first && into.last() == Some(&self.unknown))
            {
                into.push(number);
            }
            end = begin;
        }
        into[first..].reverse();
    }
}

/// The initial value of the FNV-1a hash, which is extended byte by byte.
const HASH_SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(HASH_SEED, |state, byte| step(state, *byte))
}
