//! Vectors of a question and of a manual, and the interface through which the ranking gets them.
//!
//! Those of a manual are stored as 8-bit integers with a scale per row: 388 bytes instead of 1,536, and a
//! cosine that differs by less than 0.002.

use std::sync::Arc;

use super::linear::quantise_row;
use super::manifest::fingerprint;

/// Embeds in the background. A trait because the implementation is in the server, above this crate.
pub trait Embedder: Send + Sync + 'static {
    /// The vectors of a question. Blocks for 10 to 30 milliseconds. `None` without a model.
    fn query(&self, text: &str) -> Option<QueryVectors>;

    /// For each member of the set, in order: whether it is multilingual. Empty without a model.
    fn multilingual(&self) -> Vec<bool>;

    /// The vectors of a manual's windows, if they exist. Otherwise starts to make them and returns at
    /// once: no question waits for a manual to be embedded.
    fn vectors(&self, manual: &Arc<ManualTexts>) -> Option<Arc<ManualVectors>>;
}

/// The input of an encoder for a manual: the text of each of its windows.
#[derive(Debug, PartialEq, Eq)]
pub struct ManualTexts {
    name: String,
    key: String,
    texts: Vec<String>,
    big: usize,
}

impl ManualTexts {
    /// The windows' texts of the manual called `name` (for operators: its address or path); the first `big` of them
    /// are big windows, the others parts of those.
    pub fn new(name: &str, texts: Vec<String>, big: usize) -> Self {
        let mut all = format!("{big}\n");
        for text in &texts {
            // Includes the length, so that texts with other boundaries have another key.
            all.push_str(&format!("{}:{text}", text.len()));
        }
        Self { name: name.to_owned(), key: fingerprint(&all), texts, big }
    }

    /// The manual's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A fingerprint of the texts: the key of stored vectors.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The texts, one per window.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Number of big windows.
    pub fn big(&self) -> usize {
        self.big
    }
}

/// The vectors of a question: one L2-normalised vector per member of the set, in the order of its members.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryVectors(pub Vec<Vec<f32>>);

/// The vectors of a manual's windows: one matrix per member of the set, in the order of its members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManualVectors {
    /// One matrix per member; each has one row per window that the member reads, in window order.
    pub members: Vec<Vectors>,
}

/// L2-normalised rows, as 8-bit integers with a scale each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vectors {
    dims: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
}

/// The first bytes of stored vectors; the last is the version of the format.
const MAGIC: &[u8; 8] = b"HSCVEC\0\x01";

impl Vectors {
    /// An empty matrix of rows of `dims` values.
    pub fn new(dims: usize) -> Self {
        Self { dims, ..Self::default() }
    }

    /// Appends a row.
    ///
    /// # Panics
    /// When the row has another length than the matrix.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dims, "a row of another model");
        self.scales.push(quantise_row(row, 127.0, &mut self.values));
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// The length of a row.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The cosine of each row with `query`, which is L2-normalised. Empty for a query of another length.
    pub fn scores(&self, query: &[f32]) -> Vec<f32> {
        if query.len() != self.dims || self.dims == 0 {
            return Vec::new();
        }
        self.values
            .chunks_exact(self.dims)
            .zip(&self.scales)
            .map(|(row, scale)| {
                // Sixteen sums at once, so that the compiler emits vector instructions.
                let mut sums = [0.0f32; 16];
                let (rows, queries) = (row.as_chunks::<16>(), query.as_chunks::<16>());
                for (values, weights) in rows.0.iter().zip(queries.0) {
                    for lane in 0..16 {
                        sums[lane] += f32::from(values[lane]) * weights[lane];
                    }
                }
                let rest: f32 = rows
                    .1
                    .iter()
                    .zip(queries.1)
                    .map(|(value, weight)| f32::from(*value) * weight)
                    .sum();
                (sums.iter().sum::<f32>() + rest) * scale
            })
            .collect()
    }

    /// Memory in bytes.
    pub fn bytes(&self) -> usize {
        self.values.len() + self.scales.len() * 4
    }
}

impl ManualVectors {
    /// Number of windows.
    pub fn windows(&self) -> usize {
        self.members.iter().map(Vectors::rows).max().unwrap_or(0)
    }

    /// Memory in bytes.
    pub fn bytes(&self) -> usize {
        self.members.iter().map(Vectors::bytes).sum()
    }

    /// Appends the rows of `more`, made by the same members.
    pub fn append(&mut self, more: Self) {
        if self.members.is_empty() {
            *self = more;
            return;
        }
        for (member, more) in self.members.iter_mut().zip(more.members) {
            member.values.extend(more.values);
            member.scales.extend(more.scales);
        }
    }

    /// The format on disk and in Redis.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.members.len() as u32).to_le_bytes());
        for member in &self.members {
            bytes.extend((member.dims as u32).to_le_bytes());
            bytes.extend((member.rows() as u32).to_le_bytes());
            bytes.extend(member.scales.iter().flat_map(|scale| scale.to_le_bytes()));
            bytes.extend(member.values.iter().map(|value| *value as u8));
        }
        bytes
    }

    /// Reads [`to_bytes`](Self::to_bytes). `None` for incomplete data: the manual is embedded again.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let number = |rest: &mut &[u8]| {
            Some(u32::from_le_bytes(rest.split_off(..4)?.try_into().ok()?) as usize)
        };
        let count = number(&mut rest)?;
        // Ten models would not fit in memory; a larger count is damage.
        if count > 16 {
            return None;
        }
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            let (dims, rows) = (number(&mut rest)?, number(&mut rest)?);
            let scales: Vec<f32> = rest
                .split_off(..rows.checked_mul(4)?)?
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect();
            let values =
                rest.split_off(..rows.checked_mul(dims)?)?.iter().map(|byte| *byte as i8).collect();
            if scales.iter().any(|scale| !scale.is_finite()) {
                return None;
            }
            members.push(Vectors { dims, values, scales });
        }
        rest.is_empty().then_some(Self { members })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_of_the_texts_and_of_how_they_are_cut() {
        let key_of = |texts: &[&str], big: usize| {
            ManualTexts::new("a", texts.iter().map(|text| (*text).to_owned()).collect(), big)
                .key()
                .to_owned()
        };
        let key = |texts: &[&str]| key_of(texts, 1);
        assert_ne!(key_of(&["one", "two"], 1), key_of(&["one", "two"], 2));
        assert_eq!(key(&["one", "two"]), key(&["one", "two"]));
        assert_ne!(key(&["one", "two"]), key(&["onetwo"]));
        assert_ne!(key(&["one", "two"]), key(&["two", "one"]));
        assert_ne!(key(&["a1:b"]), key(&["a", "b"]));
    }

    fn row(seed: u32) -> Vec<f32> {
        let raw: Vec<f32> = (0..384u32)
            .map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0)
            .collect();
        let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
        raw.iter().map(|value| value / norm).collect()
    }

    fn matrix(rows: u32) -> Vectors {
        let mut vectors = Vectors::new(384);
        (0..rows).for_each(|seed| vectors.push(&row(seed)));
        vectors
    }

    #[test]
    fn a_score_is_the_cosine() {
        let (vectors, query) = (matrix(20), row(99));
        let scores = vectors.scores(&query);
        assert_eq!(scores.len(), 20);
        for (seed, score) in scores.iter().enumerate() {
            let exact: f32 = row(seed as u32).iter().zip(&query).map(|(a, b)| a * b).sum();
            assert!((score - exact).abs() < 0.002, "row {seed}: {score}, not {exact}");
        }
        assert!(vectors.scores(&[1.0; 8]).is_empty(), "a query of another model has no scores");
    }

    #[test]
    fn stored_vectors_survive_a_round_trip() {
        let vectors = ManualVectors { members: vec![matrix(3), matrix(3)] };
        assert_eq!(ManualVectors::from_bytes(&vectors.to_bytes()), Some(vectors));
    }

    #[test]
    fn damaged_vectors_are_refused() {
        let whole = ManualVectors { members: vec![matrix(3)] }.to_bytes();
        for length in 0..whole.len() {
            assert_eq!(ManualVectors::from_bytes(&whole[..length]), None, "cut at {length}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(ManualVectors::from_bytes(&longer), None);
        let mut other_version = whole.clone();
        other_version[7] = 9;
        assert_eq!(ManualVectors::from_bytes(&other_version), None);
        let mut huge = whole;
        huge[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(ManualVectors::from_bytes(&huge), None);
    }

    #[test]
    fn slices_of_a_manual_are_joined_in_order() {
        let mut joined = ManualVectors::default();
        let mut second = Vectors::new(384);
        second.push(&row(2));
        joined.append(ManualVectors { members: vec![matrix(2)] });
        joined.append(ManualVectors { members: vec![second] });
        assert_eq!(joined, ManualVectors { members: vec![matrix(3)] });
    }
}
