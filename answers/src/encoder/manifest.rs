//! `manifest.json` of a model: its source and the SHA-256 of each of its files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ring::digest::{Context, SHA256};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::ModelError;

/// The manifest's file name. A model without one is used unchecked; a model with one must match it.
pub const MANIFEST: &str = "manifest.json";

/// The required files of a model, in the order of its fingerprint.
pub(crate) const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// The source of a model and the digests of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The publisher's address, with the revision.
    pub source: String,
    /// SHA-256 of each file, in hexadecimal.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest of the files of `dir`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn of(dir: &Path, source: &str) -> Result<Self, ModelError> {
        let files = FILES
            .iter()
            .map(|name| Ok(((*name).to_owned(), digest_of(&dir.join(name))?)))
            .collect::<Result<_, ModelError>>()?;
        Ok(Self { source: source.to_owned(), files })
    }
}

/// SHA-256 of the file `path`, in hexadecimal.
///
/// # Errors
/// Where the file cannot be read.
pub fn digest_of(path: &Path) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(ModelError::unreadable(path))?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(ModelError::unreadable(path))? {
            0 => return Ok(hex(context.finish().as_ref())),
            count => context.update(&buffer[..count]),
        }
    }
}

/// Checks the files of `dir` against its manifest, if it has one. Returns the digests of all, joined.
pub(crate) fn verify(dir: &Path) -> Result<String, ModelError> {
    let manifest: Option<Manifest> = read_json(&dir.join(MANIFEST))?;
    let mut digests = String::new();
    for name in FILES {
        let path = dir.join(name);
        if !path.exists() {
            return Err(ModelError::damaged(&path, "it is not there"));
        }
        let digest = digest_of(&path)?;
        if let Some(expected) = manifest.as_ref().and_then(|manifest| manifest.files.get(name))
            && *expected != digest
        {
            return Err(ModelError::damaged(&path, "its SHA-256 is not the one of the manifest"));
        }
        digests.push_str(&digest);
    }
    Ok(digests)
}

/// SHA-256 of `text`, in hexadecimal.
pub(crate) fn fingerprint(text: &str) -> String {
    hex(ring::digest::digest(&SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a JSON file; `None` if it does not exist.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ModelError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| ModelError::damaged(path, error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(ModelError::Unreadable { path: path.to_owned(), cause }),
    }
}
