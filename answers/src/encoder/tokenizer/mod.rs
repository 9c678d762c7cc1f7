//! Text to token numbers, as a `tokenizer.json` describes it.
//!
//! A reader of our own and not the crate `tokenizers`: that one stores the 250,000 pieces of a multilingual
//! vocabulary in hash maps of some hundred megabytes, which is more than the model. Supported: the models
//! `WordPiece` and `Unigram`; the normalizers of BERT and of SentencePiece; special tokens around a text.
//! Special tokens within a text (`[MASK]`) are plain text: a visitor must not be able to write one.

mod normalizer;
mod unigram;
mod wordpiece;

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use self::normalizer::Normalizer;
use self::unigram::Unigram;
use self::wordpiece::WordPiece;
use super::error::ModelError;

/// A tokenizer and its start and end tokens.
pub(crate) struct Tokenizer {
    normalizer: Normalizer,
    model: Model,
    begin: u32,
    end: u32,
}

enum Model {
    WordPiece(WordPiece),
    Unigram(Unigram),
}

#[derive(Deserialize)]
struct File<'a> {
    normalizer: Option<Value>,
    post_processor: Option<Value>,
    #[serde(borrow)]
    model: &'a RawValue,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: String,
}

impl Tokenizer {
    /// Reads a tokenizer whose numbers are all below `rows`.
    pub(crate) fn read(path: &Path, rows: usize) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(ModelError::unreadable(path))?;
        let damaged = |error: serde_json::Error| ModelError::damaged(path, error.to_string());
        let file: File<'_> = serde_json::from_slice(&bytes).map_err(damaged)?;
        let normalizer = Normalizer::read(path, file.normalizer.as_ref().unwrap_or(&Value::Null))?;
        let kind: Kind = serde_json::from_str(file.model.get()).map_err(damaged)?;
        let model = match kind.kind.as_str() {
            "WordPiece" => Model::WordPiece(WordPiece::read(path, file.model)?),
            "Unigram" => Model::Unigram(Unigram::read(path, file.model)?),
            other => {
                return Err(ModelError::unsupported(
                    path,
                    format!("a tokenizer of type {other:?}"),
                ));
            }
        };
        let (begin, end) = file
            .post_processor
            .as_ref()
            .and_then(brackets)
            .ok_or_else(|| ModelError::unsupported(path, "its post_processor"))?;
        let tokenizer = Self { normalizer, model, begin, end };
        let largest = match &tokenizer.model {
            Model::WordPiece(model) => model.largest(),
            Model::Unigram(model) => model.largest(),
        };
        if largest.max(begin).max(end) as usize >= rows {
            return Err(ModelError::damaged(
                path,
                format!("it has tokens past the {rows} of the model"),
            ));
        }
        Ok(tokenizer)
    }

    /// The tokens of `text`, at most `limit`, including the start and end tokens.
    pub(crate) fn encode(&self, text: &str, limit: usize) -> Vec<u32> {
        let content = limit.saturating_sub(2);
        let mut tokens = vec![self.begin];
        let text = self.normalizer.apply(text);
        match &self.model {
            Model::WordPiece(model) => model.encode(&text, content, &mut tokens),
            Model::Unigram(model) => model.encode(&text, content, &mut tokens),
        }
        tokens.truncate(content + 1);
        tokens.push(self.end);
        tokens
    }

    /// SentencePiece vocabularies are multilingual, `WordPiece` ones are not.
    pub(crate) fn is_multilingual(&self) -> bool {
        matches!(self.model, Model::Unigram(_))
    }

    pub(crate) fn bytes(&self) -> usize {
        match &self.model {
            Model::WordPiece(model) => model.bytes(),
            Model::Unigram(model) => model.bytes(),
        }
    }
}

/// The first and the last special token of a single text.
fn brackets(processor: &Value) -> Option<(u32, u32)> {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    match processor["type"].as_str()? {
        "TemplateProcessing" => {
            let single = processor["single"].as_array()?;
            let id = |part: &Value| {
                let name = part["SpecialToken"]["id"].as_str()?;
                number(&processor["special_tokens"][name]["ids"][0])
            };
            Some((id(single.first()?)?, id(single.last()?)?))
        }
        "BertProcessing" | "RobertaProcessing" => {
            Some((number(&processor["cls"][1])?, number(&processor["sep"][1])?))
        }
        _ => None,
    }
}
