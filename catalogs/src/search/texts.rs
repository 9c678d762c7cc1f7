//! The original texts of the products, for marking matches.

use std::collections::HashMap;
use std::ops::Range;

use super::document::FieldNumber;

/// The texts of all documents, concatenated.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: String,
    /// For each document the ranges of its texts in `bytes`.
    spans: Vec<(FieldNumber, u32, u32)>,
    starts: Vec<u32>,
    /// Brands and categories, which many documents share.
    shared: HashMap<Box<str>, (u32, u32)>,
}

impl Texts {
    /// Adds a text of the current document.
    pub(crate) fn add(&mut self, field: FieldNumber, text: &str) {
        let from = self.bytes.len() as u32;
        self.bytes.push_str(text);
        self.spans.push((field, from, self.bytes.len() as u32));
    }

    /// The same for a text that other documents share.
    pub(crate) fn add_shared(&mut self, field: FieldNumber, text: &str) {
        let span = match self.shared.get(text) {
            Some(&span) => span,
            None => {
                let from = self.bytes.len() as u32;
                self.bytes.push_str(text);
                let span = (from, self.bytes.len() as u32);
                self.shared.insert(text.into(), span);
                span
            }
        };
        self.spans.push((field, span.0, span.1));
    }

    /// A text of a document, by its final position; may be empty.
    pub(crate) fn get(&self, document: usize, field: FieldNumber) -> &str {
        let spans = &self.spans[self.starts[document] as usize..self.starts[document + 1] as usize];
        spans
            .iter()
            .find(|span| span.0 == field)
            .map_or("", |&(_, from, to)| &self.bytes[from as usize..to as usize])
    }

    /// The position of the next text.
    pub(crate) fn noted(&self) -> usize {
        self.spans.len()
    }

    /// Reorders the documents, each given by its range.
    pub(crate) fn reorder(&mut self, documents: impl Iterator<Item = Range<usize>>) {
        let mut spans = Vec::with_capacity(self.spans.len());
        self.starts.clear();
        for noted in documents {
            self.starts.push(spans.len() as u32);
            spans.extend_from_slice(&self.spans[noted]);
        }
        self.starts.push(spans.len() as u32);
        self.spans = spans;
        self.shared = HashMap::new();
        self.bytes.shrink_to_fit();
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
            + self.spans.capacity() * size_of::<(FieldNumber, u32, u32)>()
            + self.starts.capacity() * size_of::<u32>()
    }
}
