//! The handle of the encoder: questions are embedded at once, manuals are looked up or queued.

use std::collections::{HashSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use hsc_actors::ports::{EncoderHealth, EncoderStatus, SharedVectors};
use hsc_answers::encoder::{Embedder, EncoderSet, ManualTexts, ManualVectors, QueryVectors};
use hsc_config::EncoderSettings;
use hsc_monitoring::Metrics;
use lru::LruCache;
use tokio::sync::Notify;

use super::store::Store;

/// Capacity of the queue in manuals. Beyond it a request is dropped; the next question about the manual
/// queues it again.
const MOST_WAITING: usize = 1_024;
/// Manuals whose vectors are kept in memory: some two hundred megabytes of manuals of a hundred pages.
const MOST_HELD: NonZeroUsize = NonZeroUsize::new(192).expect("it is not zero");
/// Names whose progress is remembered.
const MOST_NAMED: NonZeroUsize = NonZeroUsize::new(16_384).expect("it is not zero");

/// State of the model.
#[derive(Clone, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ModelState {
    /// Disabled by the settings.
    Disabled,
    /// The directory has no model, or was not read yet.
    Missing,
    /// It cannot be used, and why.
    Damaged(Arc<str>),
    /// The models are loaded.
    Ready(Arc<EncoderSet>),
}

impl ModelState {
    /// The state for operators: `disabled`, `missing`, `damaged` or `ready`.
    pub fn word(&self) -> &'static str {
        self.into()
    }
}

/// Embedding progress of a manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Windows that have a vector.
    pub(super) done: usize,
    /// Windows of the manual.
    pub(super) total: usize,
}

/// The encoder. Cheap to clone.
#[derive(Clone)]
pub struct Embeddings {
    pub(super) shared: Arc<Shared>,
}

/// Shared by the handles and the worker.
pub(super) struct Shared {
    pub(super) settings: EncoderSettings,
    pub(super) store: Store,
    pub(super) pods: Option<Arc<dyn SharedVectors>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) model: ArcSwap<ModelState>,
    pub(super) wake: Notify,
    /// Whether the directory was read.
    pub(super) looked: AtomicBool,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    /// By key of texts and model.
    pub(super) held: LruCache<String, Arc<ManualVectors>>,
    pub(super) waiting: VecDeque<Arc<ManualTexts>>,
    /// The manual that is being embedded.
    pub(super) current: Option<Arc<ManualTexts>>,
    /// Keys of the texts of the queued manuals and of the one that is being embedded.
    pub(super) unfinished: HashSet<String>,
    /// Progress of the last texts of a manual with this name.
    pub(super) named: LruCache<String, Progress>,
}

impl Embeddings {
    /// The configured encoder; `pods` is where pods share vectors. Works once its [`worker`](fn@super::worker) runs.
    pub fn new(
        settings: &EncoderSettings,
        pods: Option<Arc<dyn SharedVectors>>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let model = if settings.enabled { ModelState::Missing } else { ModelState::Disabled };
        Self {
            shared: Arc::new(Shared {
                settings: settings.clone(),
                store: Store::new(&settings.vectors_dir, settings.vectors_max_bytes),
                pods,
                metrics: Arc::clone(metrics),
                model: ArcSwap::from_pointee(model),
                wake: Notify::new(),
                looked: AtomicBool::new(false),
                state: Mutex::new(State {
                    held: LruCache::new(MOST_HELD),
                    waiting: VecDeque::new(),
                    current: None,
                    unfinished: HashSet::new(),
                    named: LruCache::new(MOST_NAMED),
                }),
            }),
        }
    }

    /// State of the model.
    pub fn model(&self) -> ModelState {
        ModelState::clone(&self.shared.model.load())
    }

    /// Whether the model directory was read: before that, `Missing` is not certain.
    pub fn has_looked(&self) -> bool {
        self.shared.looked.load(Ordering::Acquire)
    }

    /// Manuals that are queued or being embedded.
    pub fn waiting(&self) -> usize {
        self.shared.state().unfinished.len()
    }
}

impl EncoderStatus for Embeddings {
    fn health(&self) -> EncoderHealth {
        let model = self.model();
        let models = match &model {
            ModelState::Ready(set) => {
                set.members().iter().map(|member| member.name().to_owned()).collect()
            }
            _ => Vec::new(),
        };
        EncoderHealth { state: model.word(), models, waiting: self.waiting() }
    }

    fn damage(&self) -> Option<String> {
        match self.model() {
            ModelState::Damaged(why) => Some(why.to_string()),
            _ => None,
        }
    }

    fn progress(&self, location: &str) -> Option<(usize, usize)> {
        let progress = self.shared.state().named.peek(location).copied()?;
        Some((progress.done, progress.total))
    }
}

impl Embedder for Embeddings {
    fn multilingual(&self) -> Vec<bool> {
        let ModelState::Ready(set) = self.model() else { return Vec::new() };
        set.members().iter().map(|member| member.multilingual()).collect()
    }

    fn query(&self, text: &str) -> Option<QueryVectors> {
        let ModelState::Ready(set) = self.model() else { return None };
        let begin = Instant::now();
        let vectors = set.embed_query(text);
        self.shared.metrics.encoder.query(begin.elapsed());
        Some(vectors)
    }

    fn vectors(&self, manual: &Arc<ManualTexts>) -> Option<Arc<ManualVectors>> {
        if !self.shared.settings.enabled {
            return None;
        }
        let mut state = self.shared.state();
        if let ModelState::Ready(set) = &**self.shared.model.load()
            && let Some(vectors) = state.held.get(&vector_key(set, manual))
        {
            return Some(Arc::clone(vectors));
        }
        if state.unfinished.contains(manual.key()) {
            return None;
        }
        if state.waiting.len() >= MOST_WAITING {
            self.shared.metrics.encoder.manual("dropped");
            return None;
        }
        state.unfinished.insert(manual.key().to_owned());
        let progress = Progress { done: 0, total: manual.texts().len() };
        state.named.put(manual.name().to_owned(), progress);
        state.waiting.push_back(Arc::clone(manual));
        self.shared.metrics.encoder.waiting(state.unfinished.len());
        drop(state);
        self.shared.wake.notify_one();
        None
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of vectors: a fingerprint of the texts and one of the model.
pub(super) fn vector_key(set: &EncoderSet, manual: &ManualTexts) -> String {
    format!("{}-{}", manual.key(), set.id())
}
