//! One encoder: a BERT model with mean pooling.

use std::path::Path;

use rten_gemm::{GemmInputA, GemmInputB, GemmOptions};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};
use serde::Deserialize;

use super::error::ModelError;
use super::linear::{Kernels, Linear, QuantisedRows, Table};
use super::manifest::read_json;
use super::tokenizer::Tokenizer;
use super::weights::Tensors;

/// Tokens of one pass: enough that weights are rarely read from memory, few enough that activations stay in
/// the L2 cache of the processor.
const BATCH_TOKENS: usize = 384;

/// A sentence encoder: text to an L2-normalised vector.
pub struct Encoder {
    name: String,
    tokenizer: Tokenizer,
    query_prompt: String,
    passage_prompt: String,
    max_tokens: usize,
    config: Config,
    words: Table,
    positions: Vec<f32>,
    embedding_norm: Norm,
    layers: Vec<Layer>,
}

#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    vocab_size: usize,
    type_vocab_size: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    position_embedding_type: Option<String>,
}

/// `config_sentence_transformers.json`: the prefixes of questions and passages.
#[derive(Debug, Default, Deserialize)]
struct SentenceConfig {
    prompts: Option<Prompts>,
}

#[derive(Debug, Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    query: String,
    #[serde(default, alias = "document")]
    passage: String,
}

/// `sentence_bert_config.json`.
#[derive(Debug, Default, Deserialize)]
struct LengthConfig {
    max_seq_length: Option<usize>,
}

/// `1_Pooling/config.json`.
#[derive(Debug, Default, Deserialize)]
struct PoolingConfig {
    pooling_mode_mean_tokens: Option<bool>,
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

struct Layer {
    /// Query, key and value of every head, side by side.
    attention: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    expand: Linear,
    contract: Linear,
    output_norm: Norm,
}

impl Encoder {
    /// Loads the model of the folder `dir`; its name is the folder's.
    ///
    /// # Errors
    /// As [`ModelError`] lists them.
    pub fn load(dir: &Path) -> Result<Self, ModelError> {
        let config_path = dir.join("config.json");
        let config: Config =
            read_json(&config_path)?.ok_or_else(|| ModelError::Missing { dir: dir.to_owned() })?;
        config.check(&config_path)?;
        let sentence: SentenceConfig =
            read_json(&dir.join("config_sentence_transformers.json"))?.unwrap_or_default();
        let length: LengthConfig =
            read_json(&dir.join("sentence_bert_config.json"))?.unwrap_or_default();
        let pooling_path = dir.join("1_Pooling").join("config.json");
        let pooling: PoolingConfig = read_json(&pooling_path)?.unwrap_or_default();
        if pooling.pooling_mode_mean_tokens == Some(false) {
            return Err(ModelError::unsupported(
                &pooling_path,
                "it pools otherwise than by the mean",
            ));
        }
        let tokenizer = Tokenizer::read(&dir.join("tokenizer.json"), config.vocab_size)?;
        let path = dir.join("model.safetensors");
        let tensors = Tensors::open(&path)?;
        let kernels = Kernels::new();
        let hidden = config.hidden_size;
        // A checkpoint of the whole network has a prefix that one of the encoder alone has not.
        let prefix =
            if tensors.contains("embeddings.word_embeddings.weight") { "" } else { "bert." };
        let embeddings = format!("{prefix}embeddings");
        let words = Table::read(
            &tensors,
            &format!("{embeddings}.word_embeddings.weight"),
            config.vocab_size,
            hidden,
        )?;
        // Every token is of the first type, so its vector is added to every position once.
        let kinds = tensors.vector(
            &format!("{embeddings}.token_type_embeddings.weight"),
            config.type_vocab_size * hidden,
        )?;
        let mut positions = tensors.vector(
            &format!("{embeddings}.position_embeddings.weight"),
            config.max_position_embeddings * hidden,
        )?;
        for position in positions.chunks_exact_mut(hidden) {
            position.iter_mut().zip(&kinds).for_each(|(value, kind)| *value += kind);
        }
        let embedding_norm = Norm::read(&tensors, &format!("{embeddings}.LayerNorm"), &config)?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| {
                Layer::read(&tensors, &kernels, &format!("{prefix}encoder.layer.{index}"), &config)
            })
            .collect::<Result<_, _>>()?;
        let prompts = sentence.prompts.unwrap_or_default();
        let limit = config.max_position_embeddings;
        Ok(Self {
            name: dir
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            tokenizer,
            query_prompt: prompts.query,
            passage_prompt: prompts.passage,
            max_tokens: length.max_seq_length.map_or(limit, |length| length.min(limit)),
            config,
            words,
            positions,
            embedding_norm,
            layers,
        })
    }

    /// The name of the model's folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the model is multilingual (its vocabulary consists of `Unigram` pieces).
    pub fn multilingual(&self) -> bool {
        self.tokenizer.is_multilingual()
    }

    /// The length of a vector.
    pub fn dims(&self) -> usize {
        self.config.hidden_size
    }

    /// Memory in bytes: weights and vocabulary.
    pub fn bytes(&self) -> usize {
        let config = &self.config;
        let layer = 4 * config.hidden_size * config.hidden_size
            + 2 * config.hidden_size * config.intermediate_size;
        self.words.bytes()
            + self.positions.len() * 4
            + config.num_hidden_layers * layer
            + self.tokenizer.bytes()
    }

    /// The token numbers of `text`, with the start and end tokens. For tests and tools.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode(text, self.max_tokens)
    }

    /// The vector of a question.
    pub fn embed_query(&self, text: &str) -> Vec<f32> {
        let tokens = self.tokens(&format!("{}{text}", self.query_prompt));
        let mut vectors = self.forward(&[&tokens]);
        vectors.pop().expect("one text has one vector")
    }

    /// The vectors of passages, in order. Text past the model's length is ignored.
    pub fn embed_passages<T: AsRef<str>>(&self, texts: &[T]) -> Vec<Vec<f32>> {
        let tokens: Vec<_> = texts
            .iter()
            .map(|text| self.tokens(&format!("{}{}", self.passage_prompt, text.as_ref())))
            .collect();
        let mut vectors = Vec::with_capacity(texts.len());
        let mut first = 0;
        while first < tokens.len() {
            let mut sum = tokens[first].len();
            let mut end = first + 1;
            while end < tokens.len() && sum + tokens[end].len() <= BATCH_TOKENS {
                sum += tokens[end].len();
                end += 1;
            }
            let batch: Vec<&[u32]> = tokens[first..end].iter().map(Vec::as_slice).collect();
            vectors.extend(self.forward(&batch));
            first = end;
        }
        vectors
    }

    /// One pass. The tokens of all texts are concatenated: layers take them as one matrix, only
    /// attention is computed per text, so there is no padding.
    fn forward(&self, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let hidden = self.config.hidden_size;
        let mut state =
            Vec::with_capacity(texts.iter().map(|text| text.len()).sum::<usize>() * hidden);
        for text in texts {
            for (position, token) in text.iter().enumerate() {
                let begin = state.len();
                self.words.append(*token as usize, &mut state);
                let added = &self.positions[position * hidden..][..hidden];
                state[begin..].iter_mut().zip(added).for_each(|(value, added)| *value += added);
            }
        }
        self.embedding_norm.apply(&mut state);
        // Created for each pass, at no cost: they must not move between threads.
        let kernels = Kernels::new();
        let (mut quantised, mut joint, mut context, mut output) =
            (QuantisedRows::default(), Vec::new(), Vec::new(), Vec::new());
        for layer in &self.layers {
            quantised.set(&state, hidden);
            layer.attention.forward(&kernels, &mut quantised, &mut joint);
            self.attend(&kernels, texts, &joint, &mut context);
            quantised.set(&context, hidden);
            layer.attention_output.forward(&kernels, &mut quantised, &mut output);
            layer.attention_norm.add(&mut state, &output);
            quantised.set(&state, hidden);
            layer.expand.forward(&kernels, &mut quantised, &mut joint);
            Gelu {}.map_mut(&mut joint);
            quantised.set(&joint, self.config.intermediate_size);
            layer.contract.forward(&kernels, &mut quantised, &mut output);
            layer.output_norm.add(&mut state, &output);
        }
        let mut rest = &state[..];
        texts
            .iter()
            .map(|text| {
                let (own, after) = rest.split_at(text.len() * hidden);
                rest = after;
                pool(own, hidden)
            })
            .collect()
    }

    /// Scaled dot-product attention of every head within each text: `joint` has query, key and value of
    /// each token side by side.
    fn attend(&self, kernels: &Kernels, texts: &[&[u32]], joint: &[f32], context: &mut Vec<f32>) {
        let (hidden, heads) = (self.config.hidden_size, self.config.num_attention_heads);
        let (width, stride) = (hidden / heads, 3 * hidden);
        context.clear();
        context.resize(joint.len() / 3, 0.0);
        let gemm = &kernels.float;
        let (mut weights, mut mixed) = (Vec::new(), Vec::new());
        let mut first = 0;
        for text in texts {
            let length = text.len();
            let own = &joint[first * stride..][..length * stride];
            // The columns of one head; `part` is 0 for queries, 1 for keys, 2 for values.
            let columns = |part: usize, head: usize| {
                let begin = part * hidden + head * width;
                let end = (length - 1) * stride + begin + width;
                NdTensorView::from_slice_with_strides(
                    [length, width],
                    &own[begin..end],
                    [stride, 1],
                )
                .expect("the columns of a head lie within the rows")
            };
            weights.resize(length * length, 0.0);
            mixed.resize(length * width, 0.0);
            for head in 0..heads {
                let scale =
                    GemmOptions { alpha: 1.0 / (width as f32).sqrt(), ..GemmOptions::default() };
                gemm.gemm(
                    &mut weights,
                    GemmInputA::Unpacked(columns(0, head)),
                    GemmInputB::Unpacked(columns(1, head).transposed()),
                    scale,
                )
                .expect("queries and keys have the same width");
                for row in weights.chunks_exact_mut(length) {
                    Softmax::new_mut(row).dispatch();
                }
                gemm.gemm(
                    &mut mixed,
                    GemmInputA::Unpacked(NdTensorView::from_data([length, length], &weights[..])),
                    GemmInputB::Unpacked(columns(2, head)),
                    GemmOptions::default(),
                )
                .expect("there is a weight for every value");
                for (token, values) in mixed.chunks_exact(width).enumerate() {
                    let begin = (first + token) * hidden + head * width;
                    context[begin..begin + width].copy_from_slice(values);
                }
            }
            first += length;
        }
    }
}

impl Config {
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let unsupported = |what: String| Err(ModelError::unsupported(path, what));
        if self.model_type != "bert" {
            return unsupported(format!("model_type is {}, not bert", self.model_type));
        }
        if self.hidden_act != "gelu" {
            return unsupported(format!("hidden_act is {}, not gelu", self.hidden_act));
        }
        if self.position_embedding_type.as_deref().is_some_and(|kind| kind != "absolute") {
            return unsupported("position_embedding_type is not absolute".to_owned());
        }
        let bounded = |value: usize, most: usize| value > 0 && value <= most;
        // Large enough for every BERT model; without bounds a damaged number would request all memory.
        let sane = bounded(self.hidden_size, 4_096)
            && bounded(self.num_hidden_layers, 64)
            && bounded(self.num_attention_heads, 128)
            && bounded(self.intermediate_size, 16_384)
            && bounded(self.max_position_embeddings, 8_192)
            && self.max_position_embeddings > 2
            && bounded(self.vocab_size, 1 << 21)
            && bounded(self.type_vocab_size, 16)
            && self.hidden_size.is_multiple_of(self.num_attention_heads)
            && self.layer_norm_eps >= 0.0
            && self.layer_norm_eps < 1.0;
        if !sane {
            return Err(ModelError::damaged(path, "its sizes are no sizes of a model"));
        }
        Ok(())
    }
}

impl Layer {
    fn read(
        tensors: &Tensors,
        kernels: &Kernels,
        name: &str,
        config: &Config,
    ) -> Result<Self, ModelError> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let linear = |names: &[&str], inputs: usize, outputs: usize| {
            let names: Vec<_> = names.iter().map(|part| format!("{name}.{part}")).collect();
            Linear::read(tensors, kernels, &names, inputs, outputs)
        };
        let norm = |part: &str| Norm::read(tensors, &format!("{name}.{part}.LayerNorm"), config);
        Ok(Self {
            attention: linear(
                &["attention.self.query", "attention.self.key", "attention.self.value"],
                hidden,
                hidden,
            )?,
            attention_output: linear(&["attention.output.dense"], hidden, hidden)?,
            attention_norm: norm("attention.output")?,
            expand: linear(&["intermediate.dense"], hidden, wide)?,
            contract: linear(&["output.dense"], wide, hidden)?,
            output_norm: norm("output")?,
        })
    }
}

impl Norm {
    fn read(tensors: &Tensors, name: &str, config: &Config) -> Result<Self, ModelError> {
        Ok(Self {
            weight: tensors.vector(&format!("{name}.weight"), config.hidden_size)?,
            bias: tensors.vector(&format!("{name}.bias"), config.hidden_size)?,
            epsilon: config.layer_norm_eps,
        })
    }

    /// `state = normalised(state + added)`.
    fn add(&self, state: &mut [f32], added: &[f32]) {
        state.iter_mut().zip(added).for_each(|(value, added)| *value += added);
        self.apply(state);
    }

    fn apply(&self, state: &mut [f32]) {
        let width = self.weight.len();
        for row in state.chunks_exact_mut(width) {
            let mean = Sum::new(row).dispatch() / width as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / width as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + self.epsilon).sqrt(),
                element_scale: Some(&self.weight),
                element_bias: Some(&self.bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

/// The mean of all tokens, L2-normalised.
fn pool(state: &[f32], hidden: usize) -> Vec<f32> {
    let mut sum = vec![0.0f32; hidden];
    for row in state.chunks_exact(hidden) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let norm = sum.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    sum.iter_mut().for_each(|value| *value /= norm);
    sum
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{Vocabulary, write};
    use super::*;

    /// The reference network in plain float arithmetic, as in the papers.
    struct Plain {
        tensors: Tensors,
        hidden: usize,
        wide: usize,
        heads: usize,
        layers: usize,
    }

    impl Plain {
        fn matrix(&self, name: &str, rows: usize, columns: usize) -> Vec<Vec<f32>> {
            let mut matrix = Vec::new();
            self.tensors
                .rows(name, rows, columns, |_, row| matrix.push(row.to_vec()))
                .expect("it is there");
            matrix
        }

        fn linear(&self, name: &str, input: &[Vec<f32>], outputs: usize) -> Vec<Vec<f32>> {
            let weights = self.matrix(&format!("{name}.weight"), outputs, input[0].len());
            let bias = self.tensors.vector(&format!("{name}.bias"), outputs).expect("it is there");
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            input
                .iter()
                .map(|row| weights.iter().zip(&bias).map(|(w, b)| dot(w, row) + b).collect())
                .collect()
        }

        fn norm(&self, name: &str, input: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
            let weight =
                self.tensors.vector(&format!("{name}.weight"), self.hidden).expect("it is there");
            let bias =
                self.tensors.vector(&format!("{name}.bias"), self.hidden).expect("it is there");
            let normal = |row: Vec<f32>| {
                let mean = row.iter().sum::<f32>() / row.len() as f32;
                let variance =
                    row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / row.len() as f32;
                let parts = row.iter().zip(weight.iter().zip(&bias));
                parts.map(|(x, (w, b))| (x - mean) / (variance + 1e-12).sqrt() * w + b).collect()
            };
            input.into_iter().map(normal).collect()
        }

        fn embed(&self, tokens: &[u32], words: usize, positions: usize) -> Vec<f32> {
            let add = |a: &[Vec<f32>], b: &[Vec<f32>]| -> Vec<Vec<f32>> {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect())
                    .collect()
            };
            let word = self.matrix("embeddings.word_embeddings.weight", words, self.hidden);
            let position =
                self.matrix("embeddings.position_embeddings.weight", positions, self.hidden);
            let kind = self.matrix("embeddings.token_type_embeddings.weight", 2, self.hidden);
            let rows: Vec<_> = tokens.iter().map(|token| word[*token as usize].clone()).collect();
            let kinds = vec![kind[0].clone(); tokens.len()];
            let mut state = self.norm("embeddings.LayerNorm", add(&add(&rows, &position), &kinds));
            let width = self.hidden / self.heads;
            for layer in 0..self.layers {
                let name = |part: &str| format!("encoder.layer.{layer}.{part}");
                let query = self.linear(&name("attention.self.query"), &state, self.hidden);
                let key = self.linear(&name("attention.self.key"), &state, self.hidden);
                let value = self.linear(&name("attention.self.value"), &state, self.hidden);
                let mut context = vec![vec![0.0f32; self.hidden]; tokens.len()];
                for head in 0..self.heads {
                    let part = head * width..(head + 1) * width;
                    for at in 0..tokens.len() {
                        let dot = |other: &Vec<f32>| {
                            part.clone().map(|i| query[at][i] * other[i]).sum::<f32>()
                                / (width as f32).sqrt()
                        };
                        let weights: Vec<f32> = key.iter().map(|other| dot(other).exp()).collect();
                        let sum: f32 = weights.iter().sum();
                        for i in part.clone() {
                            context[at][i] =
                                weights.iter().zip(&value).map(|(w, v)| w / sum * v[i]).sum();
                        }
                    }
                }
                let output = self.linear(&name("attention.output.dense"), &context, self.hidden);
                state = self.norm(&name("attention.output.LayerNorm"), add(&state, &output));
                let mut inner = self.linear(&name("intermediate.dense"), &state, self.wide);
                inner
                    .iter_mut()
                    .flatten()
                    .for_each(|x| *x = *x * 0.5 * (1.0 + erf(*x / 2f32.sqrt())));
                let output = self.linear(&name("output.dense"), &inner, self.hidden);
                state = self.norm(&name("output.LayerNorm"), add(&state, &output));
            }
            pool(&state.concat(), self.hidden)
        }
    }

    /// The error function by its series (for small x), with the accuracy of a numeric integral of 1e-7.
    fn erf(x: f32) -> f32 {
        let (x, sign) = (f64::from(x.abs()), x.signum());
        let t = 1.0 / (1.0 + 0.327_591_1 * x);
        let series = t
            * (0.254_829_592
                + t * (-0.284_496_736
                    + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
        sign * (1.0 - series * (-x * x).exp()) as f32
    }

    fn model(vocabulary: Vocabulary) -> (tempfile::TempDir, Encoder) {
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), vocabulary, 3).expect("written");
        let encoder = Encoder::load(dir.path()).expect("it loads");
        (dir, encoder)
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_vector_equals_that_of_the_reference_network() {
        let (dir, encoder) = model(Vocabulary::WordPiece);
        let config = &encoder.config;
        let plain = Plain {
            tensors: Tensors::open(&dir.path().join("model.safetensors")).expect("it is whole"),
            hidden: config.hidden_size,
            wide: config.intermediate_size,
            heads: config.num_attention_heads,
            layers: config.num_hidden_layers,
        };
        for text in ["a", "press and hold the power button", "it turns off after 5 minutes, why?"] {
            let tokens = encoder.tokens(text);
            let exact = plain.embed(&tokens, config.vocab_size, config.max_position_embeddings);
            let similarity = cosine(&encoder.embed_query(text), &exact);
            assert!(similarity > 0.999, "{text:?}: {similarity}");
        }
    }

    #[test]
    fn a_vector_does_not_depend_on_its_neighbours() {
        let (_dir, encoder) = model(Vocabulary::Unigram);
        let texts: Vec<String> =
            (0..40).map(|n| format!("passage {n} of {}", "some words ".repeat(n % 7))).collect();
        let together = encoder.embed_passages(&texts);
        for (text, vector) in texts.iter().zip(&together) {
            let alone = &encoder.embed_passages(&[text])[0];
            assert!(cosine(alone, vector) > 0.999_99, "{text:?}");
        }
    }

    #[test]
    fn a_text_above_the_length_of_the_model_is_truncated() {
        let (_dir, encoder) = model(Vocabulary::WordPiece);
        let long = "word ".repeat(5_000);
        assert_eq!(encoder.tokens(&long).len(), 96);
        assert_eq!(encoder.embed_query(&long).len(), 32);
    }

    #[test]
    fn an_empty_text_has_a_vector() {
        for vocabulary in [Vocabulary::WordPiece, Vocabulary::Unigram] {
            let (_dir, encoder) = model(vocabulary);
            for text in ["", "   ", "\u{0}\u{1}", "\u{1f600}"] {
                let norm = cosine(&encoder.embed_query(text), &encoder.embed_query(text));
                assert!((norm - 1.0).abs() < 1e-3, "{text:?}: {norm}");
            }
        }
    }
}
