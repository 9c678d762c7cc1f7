//! A catalog entry as it was in its file.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

/// A JSON object stored as text: small in memory, sent to clients without being parsed again, and
/// with every field of its file, including unknown ones.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry(Arc<str>);

impl Entry {
    /// Serialises a map.
    #[must_use]
    pub fn from_map(map: &Map<String, Value>) -> Self {
        Self(serde_json::to_string(map).expect("a JSON map is JSON").into())
    }

    /// The JSON text, always one object.
    #[must_use]
    pub fn as_raw(&self) -> &str {
        &self.0
    }

    /// The parsed object.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).expect("an entry was made from a JSON map")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
