//! Reads tensors of a `safetensors` file.
//!
//! The file is eight bytes with the length of a JSON header, the header (name, type, shape and byte range
//! of each tensor), and the bytes. Rows are read a few at a time, so that a float32 model of 470 MB is never
//! in memory as a whole. The file is not mapped: that would need `unsafe`.
//!
//! A tensor of type `I8` is quantised: the tensor `NAME` has a companion `NAME_scale` of shape
//! `[rows, blocks]`, and the value at `(r, c)` is `int8 * scale[r, c / (columns / blocks)]`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::json;

use super::error::ModelError;

/// The longest header that is read: the largest models have some thousands of tensors.
const MAX_HEADER_BYTES: u64 = 16 << 20;
/// Bytes read at once: enough to amortise a read, few enough to fit the cache.
const CHUNK_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Dtype {
    F32,
    F16,
    BF16,
    I8,
    #[serde(other)]
    Other,
}

impl Dtype {
    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::I8 | Self::Other => 1,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The bytes before the tensors of a file: for each tensor its name, type, shape and length in bytes, in file order.
pub(crate) fn header<'a>(
    tensors: impl Iterator<Item = (String, &'a str, Vec<usize>, usize)>,
) -> Vec<u8> {
    let mut fields = serde_json::Map::new();
    fields.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut end = 0;
    for (name, dtype, shape, bytes) in tensors {
        fields.insert(
            name,
            json!({ "dtype": dtype, "shape": shape, "data_offsets": [end, end + bytes] }),
        );
        end += bytes;
    }
    let mut text = serde_json::Value::Object(fields).to_string().into_bytes();
    // Tensors begin at a multiple of eight, as the format requires.
    text.resize(text.len().next_multiple_of(8), b' ');
    [&(text.len() as u64).to_le_bytes(), &text[..]].concat()
}

/// The tensors of one file.
pub(crate) struct Tensors {
    path: PathBuf,
    file: Mutex<File>,
    /// The end of the header.
    base: u64,
    entries: HashMap<String, Entry>,
}

impl Tensors {
    /// Opens `path` and checks its header: every tensor is within the file and has the size of its shape.
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let mut file = File::open(path).map_err(ModelError::unreadable(path))?;
        let length = file.metadata().map_err(ModelError::unreadable(path))?.len();
        let mut head = [0; 8];
        file.read_exact(&mut head)
            .map_err(|_| ModelError::damaged(path, "it ends within its header"))?;
        let header = u64::from_le_bytes(head);
        if header > MAX_HEADER_BYTES || header + 8 > length {
            return Err(ModelError::damaged(path, format!("its header claims {header} bytes")));
        }
        let mut json = vec![0; header as usize];
        file.read_exact(&mut json).map_err(ModelError::unreadable(path))?;
        let raw: HashMap<String, serde_json::Value> =
            serde_json::from_slice(&json).map_err(|error| {
                ModelError::damaged(path, format!("its header is no JSON: {error}"))
            })?;
        let base = header + 8;
        let mut entries = HashMap::new();
        for (name, value) in raw {
            if name == "__metadata__" {
                continue;
            }
            let entry: Entry = serde_json::from_value(value)
                .map_err(|error| ModelError::damaged(path, format!("tensor {name}: {error}")))?;
            let (start, end) = entry.data_offsets;
            let expected = entry
                .shape
                .iter()
                .try_fold(entry.dtype.bytes(), |product, side| product.checked_mul(*side));
            let whole = start <= end && end <= length - base;
            if !whole || (entry.dtype != Dtype::Other && expected != Some((end - start) as usize)) {
                return Err(ModelError::damaged(
                    path,
                    format!("tensor {name} does not lie within the file of {length} bytes"),
                ));
            }
            entries.insert(name, entry);
        }
        Ok(Self { path: path.to_owned(), file: Mutex::new(file), base, entries })
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The whole of a tensor of `length` values.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let entry = self.entry(name)?;
        if entry.shape.iter().product::<usize>() != length {
            return Err(self.wrong_shape(name, &entry.shape, &format!("{length} values")));
        }
        let mut values = Vec::with_capacity(length);
        self.values(entry, name, 0, length, &mut values)?;
        Ok(values)
    }

    /// Calls `each` with the rows of a matrix of `rows` times `columns` values, in order.
    pub(crate) fn rows(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        mut each: impl FnMut(usize, &[f32]),
    ) -> Result<(), ModelError> {
        let entry = self.entry(name)?;
        if entry.shape != [rows, columns] {
            return Err(self.wrong_shape(name, &entry.shape, &format!("[{rows}, {columns}]")));
        }
        let scales = match entry.dtype {
            Dtype::I8 => Some(self.scales(name, rows, columns)?),
            _ => None,
        };
        let step = (CHUNK_BYTES / (columns * entry.dtype.bytes()).max(1)).max(1);
        let mut buffer = Vec::with_capacity(step * columns);
        let mut first = 0;
        while first < rows {
            let count = step.min(rows - first);
            buffer.clear();
            self.values(entry, name, first * columns, count * columns, &mut buffer)?;
            for (offset, row) in buffer.chunks_exact_mut(columns).enumerate() {
                if let Some((scales, blocks)) = &scales {
                    let of_row = &scales[(first + offset) * blocks..][..*blocks];
                    for (values, scale) in row.chunks_exact_mut(columns / blocks).zip(of_row) {
                        values.iter_mut().for_each(|value| *value *= scale);
                    }
                }
                each(first + offset, row);
            }
            first += count;
        }
        Ok(())
    }

    /// The scales of a quantised tensor and their number per row.
    fn scales(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<(Vec<f32>, usize), ModelError> {
        let scale_name = format!("{name}_scale");
        let entry = self.entry(&scale_name)?;
        match entry.shape[..] {
            [of_rows, blocks]
                if of_rows == rows && blocks > 0 && columns.is_multiple_of(blocks) =>
            {
                Ok((self.vector(&scale_name, rows * blocks)?, blocks))
            }
            _ => Err(self.wrong_shape(&scale_name, &entry.shape, &format!("[{rows}, blocks]"))),
        }
    }

    /// Appends `count` values, starting at `first`.
    fn values(
        &self,
        entry: &Entry,
        name: &str,
        first: usize,
        count: usize,
        into: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        let width = entry.dtype.bytes();
        let mut bytes = vec![0; count * width];
        {
            let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let start = self.base + entry.data_offsets.0 + (first * width) as u64;
            file.seek(SeekFrom::Start(start)).map_err(ModelError::unreadable(&self.path))?;
            file.read_exact(&mut bytes).map_err(ModelError::unreadable(&self.path))?;
        }
        let begin = into.len();
        match entry.dtype {
            Dtype::F32 => {
                into.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)))
            }
            Dtype::F16 => into.extend(
                bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()),
            ),
            Dtype::BF16 => into.extend(
                bytes.as_chunks::<2>().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()),
            ),
            Dtype::I8 => into.extend(bytes.iter().map(|b| f32::from(*b as i8))),
            Dtype::Other => {
                return Err(ModelError::unsupported(
                    &self.path,
                    format!("the type of tensor {name}"),
                ));
            }
        }
        // A single NaN would make every vector NaN, and every comparison with it false.
        if into[begin..].iter().any(|value| !value.is_finite()) {
            return Err(ModelError::damaged(
                &self.path,
                format!("tensor {name} holds no finite numbers"),
            ));
        }
        Ok(())
    }

    fn entry(&self, name: &str) -> Result<&Entry, ModelError> {
        self.entries
            .get(name)
            .ok_or_else(|| ModelError::damaged(&self.path, format!("it has no tensor {name}")))
    }

    fn wrong_shape(&self, name: &str, shape: &[usize], expected: &str) -> ModelError {
        ModelError::damaged(
            &self.path,
            format!("tensor {name} has the shape {shape:?}, not {expected}"),
        )
    }
}
