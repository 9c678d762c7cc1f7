//! A tiny model of random weights, for tests of programs that use the encoder: it loads in a
//! millisecond and gives the same vectors every time.

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::weights::header;

/// Sizes of the tiny model.
const HIDDEN: usize = 32;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const WIDE: usize = 64;
const POSITIONS: usize = 96;

/// The kind of tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Letters as pieces: a model of one language.
    WordPiece,
    /// Letters as pieces with scores: a model of many languages.
    Unigram,
}

/// Writes a model into the folder `dir`; another `seed` gives other weights.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(dir: &Path, vocabulary: Vocabulary, seed: u64) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let (tokenizer, words) = tokenizer(vocabulary);
    let config = json!({
        "model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "intermediate_size": WIDE, "max_position_embeddings": POSITIONS,
        "vocab_size": words, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
    });
    std::fs::write(dir.join("config.json"), config.to_string())?;
    std::fs::write(dir.join("tokenizer.json"), tokenizer.to_string())?;
    let mut random = Random::new(seed);
    let mut tensors = Vec::new();
    let mut matrix = |name: &str, rows: usize, columns: usize| {
        tensors.push((
            format!("{name}.weight"),
            vec![rows, columns],
            random.values(rows * columns, 0.3),
        ));
    };
    matrix("embeddings.word_embeddings", words, HIDDEN);
    matrix("embeddings.position_embeddings", POSITIONS, HIDDEN);
    matrix("embeddings.token_type_embeddings", 2, HIDDEN);
    let layers: Vec<_> = (0..LAYERS).map(|layer| format!("encoder.layer.{layer}")).collect();
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    let mut biases = Vec::new();
    for layer in &layers {
        for (part, outputs, inputs) in [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", WIDE, HIDDEN),
            ("output.dense", HIDDEN, WIDE),
        ] {
            matrix(&format!("{layer}.{part}"), outputs, inputs);
            biases.push((format!("{layer}.{part}.bias"), outputs));
        }
        norms.extend([
            format!("{layer}.attention.output.LayerNorm"),
            format!("{layer}.output.LayerNorm"),
        ]);
    }
    for (name, outputs) in biases {
        tensors.push((name, vec![outputs], random.values(outputs, 0.1)));
    }
    for norm in norms {
        tensors.push((format!("{norm}.weight"), vec![HIDDEN], vec![1.0; HIDDEN]));
        tensors.push((format!("{norm}.bias"), vec![HIDDEN], random.values(HIDDEN, 0.1)));
    }
    write_tensors(&dir.join("model.safetensors"), &tensors)
}

/// Writes float tensors as a `safetensors` file.
pub(crate) fn write_tensors(
    path: &Path,
    tensors: &[(String, Vec<usize>, Vec<f32>)],
) -> io::Result<()> {
    let entries = tensors
        .iter()
        .map(|(name, shape, values)| (name.clone(), "F32", shape.clone(), values.len() * 4));
    let mut bytes = header(entries);
    bytes.extend(
        tensors.iter().flat_map(|(.., values)| values).flat_map(|value| value.to_le_bytes()),
    );
    std::fs::write(path, bytes)
}

/// A `tokenizer.json` and its number of tokens.
fn tokenizer(vocabulary: Vocabulary) -> (Value, usize) {
    let letters: Vec<char> =
        ('a'..='z').chain('0'..='9').chain(['.', ',', '?', '\'', '-']).collect();
    let brackets = |begin: &str, end: &str, ids: [usize; 2]| {
        let part = |name: &str| json!({ "SpecialToken": { "id": name, "type_id": 0 } });
        json!({
            "type": "TemplateProcessing",
            "single": [part(begin), { "Sequence": { "id": "A", "type_id": 0 } }, part(end)],
            "special_tokens": { (begin): { "ids": [ids[0]] }, (end): { "ids": [ids[1]] } },
        })
    };
    match vocabulary {
        Vocabulary::WordPiece => {
            let mut pieces = vec![
                "[PAD]".to_owned(),
                "[UNK]".to_owned(),
                "[CLS]".to_owned(),
                "[SEP]".to_owned(),
            ];
            pieces.extend(letters.iter().map(char::to_string));
            pieces.extend(letters.iter().map(|letter| format!("##{letter}")));
            let vocab: serde_json::Map<_, _> = pieces
                .iter()
                .enumerate()
                .map(|(number, piece)| (piece.clone(), json!(number)))
                .collect();
            let value = json!({
                "normalizer": { "type": "BertNormalizer", "lowercase": true },
                "post_processor": brackets("[CLS]", "[SEP]", [2, 3]),
                "model": { "type": "WordPiece", "unk_token": "[UNK]", "vocab": vocab },
            });
            (value, pieces.len())
        }
        Vocabulary::Unigram => {
            let mut pieces = vec![
                ("<s>".to_owned(), 0.0),
                ("<pad>".to_owned(), 0.0),
                ("</s>".to_owned(), 0.0),
                ("<unk>".to_owned(), 0.0),
                ("\u{2581}".to_owned(), -2.0),
            ];
            pieces.extend(letters.iter().map(|letter| (letter.to_string(), -3.0)));
            pieces.extend(letters.iter().map(|letter| (format!("\u{2581}{letter}"), -4.0)));
            let value = json!({
                "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Nmt" }, { "type": "NFKC" }] },
                "post_processor": brackets("<s>", "</s>", [0, 2]),
                "model": { "type": "Unigram", "unk_id": 3, "vocab": pieces },
            });
            (value, pieces.len())
        }
    }
}

/// Deterministic pseudo-random numbers (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Values between `-most` and `most`.
    pub(crate) fn values(&mut self, count: usize, most: f32) -> Vec<f32> {
        (0..count)
            .map(|_| ((self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * most)
            .collect()
    }
}
