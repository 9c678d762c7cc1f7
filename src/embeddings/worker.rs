//! The task behind [`Embeddings`]: it loads the model and embeds queued manuals.
//!
//! Owns      the receiving end of the queue; one manual is embedded at a time, by the configured threads.
//! Calls     Redis, to find vectors of another pod or its claim to make them.
//! Never     delays a question: questions have a thread of their own in the encoder.
//! On crash  loses the manual in work; the next question about it queues it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use hsc_actors::ports::Claim;
use hsc_actors::supervision::{Care, ChildSpec};
use hsc_answers::encoder::{EncoderSet, ManualTexts, ManualVectors, ModelError};
use hsc_conversation::BoxError;
use hsc_monitoring::Metrics;
use log::{info, warn};
use tokio::time::{Instant, sleep, timeout};

use super::service::{Embeddings, ModelState, Progress, Shared, vector_key};

/// Windows embedded at once: a second of work, so that progress is visible and a stop takes effect.
const SLICE: usize = 16;
/// Interval at which a manual that another pod embeds is looked up again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The priority of the threads that embed: below everything that serves.
const NICE: i32 = 10;

/// The worker, for the tree.
pub fn worker(embeddings: &Embeddings, care: Care, metrics: &Arc<Metrics>) -> ChildSpec {
    let shared = Arc::clone(&embeddings.shared);
    ChildSpec::worker("embeddings", "embeddings", care, metrics, move |_| run(Arc::clone(&shared)))
}

async fn run(shared: Arc<Shared>) -> Result<(), BoxError> {
    // The manual that the previous run was at.
    if let Some(current) = shared.state().current.take() {
        end(&shared, &current, None);
    }
    let look_every = Duration::from_millis(shared.settings.check_interval_ms);
    let mut seen = None;
    let mut next_look = Instant::now();
    loop {
        if shared.settings.enabled && Instant::now() >= next_look {
            look(&shared, &mut seen).await;
            next_look = Instant::now() + look_every;
        }
        let model = ModelState::clone(&shared.model.load());
        let next = match &model {
            ModelState::Ready(_) => {
                let mut state = shared.state();
                state.current = state.waiting.pop_front();
                state.current.clone()
            }
            _ => None,
        };
        match (model, next) {
            (ModelState::Ready(set), Some(manual)) => embed(&shared, &set, &manual).await,
            _ => drop(timeout(look_every, shared.wake.notified()).await),
        }
    }
}

/// The files of a model directory with their sizes and times: a changed list is a changed model.
type Seen = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Loads the model if the directory has changed.
async fn look(shared: &Arc<Shared>, seen: &mut Option<Seen>) {
    let (dir, threads) = (PathBuf::from(&shared.settings.dir), shared.settings.threads);
    let there = files(&dir);
    if seen.as_ref() == Some(&there) {
        return;
    }
    let loaded =
        tokio::task::spawn_blocking(move || EncoderSet::load(&dir, threads, lower_priority)).await;
    *seen = Some(there);
    let state = match loaded {
        Ok(Ok(set)) => {
            let models: Vec<_> =
                set.members().iter().map(|member| member.name().to_owned()).collect();
            info!(models:% = models.join(", "), id:% = set.id(), mib = set.bytes() >> 20; "the sentence encoder is loaded");
            shared.metrics.encoder.models(models.len());
            ModelState::Ready(Arc::new(set))
        }
        Ok(Err(ModelError::Missing { dir })) => {
            info!(dir:% = dir.display(); "no model of the sentence encoder found: passages are ranked by words alone");
            shared.metrics.encoder.models(0);
            ModelState::Missing
        }
        Ok(Err(error)) => damaged(shared, &error.to_string()),
        Err(error) => damaged(shared, &format!("loading it failed: {error}")),
    };
    shared.model.store(Arc::new(state));
    shared.looked.store(true, Ordering::Release);
}

fn damaged(shared: &Shared, why: &str) -> ModelState {
    warn!(cause:% = why; "the model of the sentence encoder cannot be used: passages are ranked by words alone");
    shared.metrics.encoder.models(0);
    ModelState::Damaged(why.into())
}

fn files(dir: &Path) -> Seen {
    let list = |dir: &Path| -> Vec<std::fs::DirEntry> {
        std::fs::read_dir(dir).map(|entries| entries.flatten().collect()).unwrap_or_default()
    };
    let mut seen: Seen = list(dir)
        .into_iter()
        // Hidden folders are incomplete downloads.
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .flat_map(|entry| if entry.path().is_dir() { list(&entry.path()) } else { vec![entry] })
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((entry.path(), metadata.len(), metadata.modified().ok()))
        })
        .collect();
    seen.sort();
    seen
}

/// Threads that embed run only when a core is idle.
fn lower_priority() {
    // Refused in some containers: then they share cores like any other thread.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Gets the vectors of a manual from disk, from another pod, or by embedding it.
async fn embed(shared: &Arc<Shared>, set: &Arc<EncoderSet>, manual: &Arc<ManualTexts>) {
    let key = vector_key(set, manual);
    let fits = |vectors: &ManualVectors| set.fits(vectors, manual);
    let (store, of_disk) = (shared.store.clone(), key.clone());
    let stored =
        tokio::task::spawn_blocking(move || store.get(&of_disk)).await.ok().flatten().filter(fits);
    if let Some(vectors) = stored {
        shared.metrics.encoder.manual("disk");
        return end(shared, manual, Some((key, vectors)));
    }
    let mut right = None;
    if let Some(pods) = &shared.pods {
        loop {
            let bytes = pods.get(key.clone()).await;
            if let Some(vectors) =
                bytes.and_then(|bytes| ManualVectors::from_bytes(&bytes)).filter(fits)
            {
                keep(shared, &key, &vectors).await;
                shared.metrics.encoder.manual("shared");
                return end(shared, manual, Some((key, vectors)));
            }
            match pods.claim(key.clone()).await {
                Claim::Ours(it) if right.is_none() => right = Some(it),
                Claim::Ours(_) => break,
                Claim::Theirs if right.is_some() => break,
                Claim::Theirs if give_way(shared, manual) => return sleep(LOOK_AGAIN / 10).await,
                Claim::Theirs => sleep(LOOK_AGAIN).await,
            }
            // Once more with the claim held: another pod may have stored them just before it released the claim.
        }
    }
    let mut vectors = ManualVectors::default();
    let mut done = 0;
    for slice in manual.texts().chunks(SLICE) {
        let (set, texts) = (Arc::clone(set), slice.to_vec());
        let big = manual.big().saturating_sub(done);
        let made = tokio::task::spawn_blocking(move || set.embed_passages(&texts, big)).await;
        let Ok(more) = made else {
            warn!(manual:% = manual.name(); "a manual cannot be embedded");
            shared.metrics.encoder.manual("failed");
            return end(shared, manual, None);
        };
        vectors.append(more);
        done += slice.len();
        shared.metrics.encoder.windows(slice.len());
        let progress = Progress { done, total: manual.texts().len() };
        shared.state().named.put(manual.name().to_owned(), progress);
    }
    let bytes = keep(shared, &key, &vectors).await;
    if let Some(pods) = &shared.pods {
        pods.put(key.clone(), bytes).await;
    }
    shared.metrics.encoder.manual("embedded");
    end(shared, manual, Some((key, vectors)));
    drop(right);
}

/// Lets the next manual of the queue pass one that another pod embeds. False when none is queued.
fn give_way(shared: &Shared, manual: &Arc<ManualTexts>) -> bool {
    let mut state = shared.state();
    if state.waiting.is_empty() {
        return false;
    }
    state.waiting.push_back(Arc::clone(manual));
    state.current = None;
    true
}

/// Stores vectors on disk; returns their bytes.
async fn keep(shared: &Arc<Shared>, key: &str, vectors: &ManualVectors) -> Vec<u8> {
    let (store, key, bytes) = (shared.store.clone(), key.to_owned(), vectors.to_bytes());
    let write = move || {
        store.put(&key, &bytes);
        bytes
    };
    tokio::task::spawn_blocking(write).await.unwrap_or_default()
}

/// Removes a manual from the queue, with its vectors and their key or without.
fn end(shared: &Shared, manual: &ManualTexts, made: Option<(String, ManualVectors)>) {
    let mut state = shared.state();
    state.current = None;
    state.unfinished.remove(manual.key());
    if let Some((key, vectors)) = made {
        let total = manual.texts().len();
        state.named.put(manual.name().to_owned(), Progress { done: total, total });
        state.held.put(key, Arc::new(vectors));
    }
    shared.metrics.encoder.waiting(state.unfinished.len());
}
