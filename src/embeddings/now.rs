//! Embeds a manual while the caller waits, for an evaluation: without a queue or a background task.
//!
//! Vectors are stored on disk in the server's format, so that a second evaluation embeds nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hsc_answers::encoder::{
    Embedder, EncoderSet, ManualTexts, ManualVectors, ModelError, QueryVectors,
};
use hsc_config::EncoderSettings;

use super::service::vector_key;
use super::store::Store;

/// An encoder that embeds on request.
pub struct EmbedNow {
    set: EncoderSet,
    store: Store,
    held: Mutex<BTreeMap<String, Arc<ManualVectors>>>,
}

impl EmbedNow {
    /// Loads the configured model, for as many threads as the machine has cores.
    ///
    /// # Errors
    /// Why the model cannot be used.
    pub fn load(settings: &EncoderSettings) -> Result<Self, ModelError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            set: EncoderSet::load(Path::new(&settings.dir), threads, || ())?,
            store: Store::new(&settings.vectors_dir, settings.vectors_max_bytes),
            held: Mutex::default(),
        })
    }

    fn make(&self, manual: &ManualTexts) -> ManualVectors {
        let key = vector_key(&self.set, manual);
        let stored = self.store.get(&key).filter(|it| self.set.fits(it, manual));
        stored.unwrap_or_else(|| {
            let vectors = self.set.embed_passages(manual.texts(), manual.big());
            self.store.put(&key, &vectors.to_bytes());
            vectors
        })
    }
}

impl Embedder for EmbedNow {
    fn query(&self, text: &str) -> Option<QueryVectors> {
        Some(self.set.embed_query(text))
    }

    fn multilingual(&self) -> Vec<bool> {
        self.set.members().iter().map(|member| member.multilingual()).collect()
    }

    fn vectors(&self, manual: &Arc<ManualTexts>) -> Option<Arc<ManualVectors>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let vectors = held.entry(manual.key().to_owned());
        Some(Arc::clone(vectors.or_insert_with(|| Arc::new(self.make(manual)))))
    }
}
