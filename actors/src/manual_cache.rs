//! The cache of read manuals: one load of a manual at a time, however many callers wait for it.
//!
//! A [`Cache`] of manuals, filled by the [`ManualLoader`] of the server. The cache bounds how long a load may take
//! and how many run at once, and turns a load that panics into an error of its callers; here loads are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::FutureExt as _;
use hsc_catalogs::Manual;
use hsc_monitoring::Metrics;

use crate::cache::{Cache, CacheLimits, CacheTag, Contents, L2Cache, L2Policy, LoadFailure};
use crate::cached_results::l2_policy_of;
use crate::ports::{ManualError, ManualLoader, ManualReply};
use crate::span::Span;
use crate::supervision::{Care, ChildSpec, Root, SupervisionConfig, Threads};
use hsc_conversation::TraceContext;
use hsc_conversation::answer::ManualRequest;

/// Handle of the manual cache. Cheap to clone.
#[derive(Clone)]
pub struct ManualCache {
    pub(crate) cache: Cache<ManualContents>,
    metrics: Arc<Metrics>,
}

/// Manuals as the contents of a cache.
pub struct ManualContents {
    loader: Arc<dyn ManualLoader>,
    counters: Arc<LoadCounters>,
}

/// Counts of loads since the start of the process.
#[derive(Debug, Default)]
struct LoadCounters {
    under_way: AtomicU64,
    loaded: AtomicU64,
    failed: AtomicU64,
}

/// A load that counts as running until it is dropped.
struct CountedLoad {
    counters: Arc<LoadCounters>,
    succeeded: bool,
}

impl CountedLoad {
    fn begin(counters: &Arc<LoadCounters>) -> Self {
        counters.under_way.fetch_add(1, Relaxed);
        Self { counters: Arc::clone(counters), succeeded: false }
    }

    fn end(mut self, succeeded: bool) {
        self.succeeded = succeeded;
    }
}

impl Drop for CountedLoad {
    fn drop(&mut self) {
        let LoadCounters { under_way, loaded, failed } = &*self.counters;
        under_way.fetch_sub(1, Relaxed);
        let ended = if self.succeeded { loaded } else { failed };
        ended.fetch_add(1, Relaxed);
    }
}

impl ManualCache {
    /// A manual cache whose shards, [`ManualCache::children`], are yet to be put into a tree.
    pub fn new(
        loader: Arc<dyn ManualLoader>,
        second: Option<Arc<dyn L2Cache<ManualContents>>>,
        limits: CacheLimits,
        care: Care,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let manuals = ManualContents { loader, counters: Arc::default() };
        let cache = Cache::new("manuals", manuals, second, limits, care, metrics);
        Self { cache, metrics: Arc::clone(metrics) }
    }

    /// A manual cache on its own, for a program without a pod; it works as long as its root is held.
    ///
    /// # Panics
    /// Outside an actix system.
    #[must_use]
    pub fn start(
        loader: Arc<dyn ManualLoader>,
        limits: CacheLimits,
        supervision: &SupervisionConfig,
        metrics: &Arc<Metrics>,
    ) -> (Self, Root) {
        let manual_cache = Self::new(loader, None, limits, supervision.care, metrics);
        let threads = Arc::new(Threads::start(supervision.threads));
        let root = Root::start(manual_cache.children(), supervision, threads, metrics);
        (manual_cache, root)
    }

    /// The manual, loaded if it is not cached; the first caller starts the load and later
    /// callers wait for the same one.
    ///
    /// # Errors
    /// Why the load failed, the same for all callers that waited.
    pub async fn open(&self, request: ManualRequest) -> Result<Arc<Manual>, ManualError> {
        self.cache.get(request).await
    }

    /// Its shards, for the tree.
    #[must_use]
    pub fn children(&self) -> Vec<ChildSpec> {
        self.cache.children()
    }

    /// Loads since the start, for an operator: running, loaded, failed.
    pub(crate) fn observed(&self) -> serde_json::Value {
        let LoadCounters { under_way, loaded, failed } = &*self.cache.contents().counters;
        serde_json::json!({
            "loads_under_way": under_way.load(Relaxed),
            "loaded": loaded.load(Relaxed),
            "failed": failed.load(Relaxed),
        })
    }
}

impl ManualLoader for ManualCache {
    /// The span `cache`, and within it on a miss `manual.load`: the wait for a load, which another question may have
    /// started.
    fn load(
        &self,
        request: ManualRequest,
        trace: Option<TraceContext>,
    ) -> ManualReply<Arc<Manual>> {
        let manual_cache = self.clone();
        async move {
            let mut lookup = Span::start(&manual_cache.metrics, "cache", trace);
            if !lookup.is_recorded() {
                return manual_cache.open(request).await;
            }
            let is_hit = manual_cache.cache.peek(&request).is_some();
            lookup.set("hit", is_hit);
            let within = lookup.context().filter(|_| !is_hit);
            let mut load = Span::start(&manual_cache.metrics, "manual.load", within);
            let outcome = manual_cache.open(request).await;
            if let Err(error) = &outcome {
                // A remembered failure is a hit.
                let failed = if is_hit { &mut lookup } else { &mut load };
                failed.set("error", error.code);
                failed.fail();
            }
            outcome
        }
        .boxed()
    }

    fn revalidate(&self, request: &ManualRequest) {
        self.cache.contents().loader.revalidate(request);
    }
}

impl Contents for ManualContents {
    type Key = ManualRequest;
    type Value = Arc<Manual>;
    type Error = ManualError;

    fn load(&self, request: ManualRequest) -> ManualReply<Arc<Manual>> {
        let counted = CountedLoad::begin(&self.counters);
        // Without a trace: a load serves every question that waits for it.
        let load = self.loader.load(request, None);
        async move {
            let outcome = load.await;
            counted.end(outcome.is_ok());
            outcome
        }
        .boxed()
    }

    fn weight(&self, _: &ManualRequest, manual: &Arc<Manual>) -> usize {
        weight(manual)
    }

    /// Not on the catalog: the contents of a manual do not change with the catalog that names it.
    fn tags(key: &ManualRequest) -> Vec<CacheTag> {
        vec![CacheTag::Manual(key.clone())]
    }

    fn sharing(key: &ManualRequest) -> L2Policy {
        l2_policy_of(key)
    }

    fn is_degraded(&self, manual: &Arc<Manual>) -> bool {
        manual.source.stale || !manual.source.pending.is_empty()
    }

    fn aged(&self, manual: Arc<Manual>) -> Arc<Manual> {
        let mut aged = Arc::unwrap_or_clone(manual);
        aged.source.stale = true;
        Arc::new(aged)
    }
}

impl From<LoadFailure> for ManualError {
    fn from(why: LoadFailure) -> Self {
        let words = match why {
            LoadFailure::Overloaded => {
                "Too many manuals are being opened just now. Please ask again in a moment."
            }
            _ => "The manual could not be opened just now. Please ask again in a moment.",
        };
        Self::new(
            why.as_str(),
            words,
            format!("the manual cache could not load it: {}", why.as_str()),
        )
    }
}

/// Bytes of text of a manual; its other memory is negligible.
fn weight(manual: &Manual) -> usize {
    let pages: usize = manual.pages.iter().map(|page| page.text.len() + 64).sum();
    let passages: usize = manual
        .passages
        .iter()
        .map(|passage| {
            let blocks: usize = passage.blocks.iter().map(|block| block.text().len() + 32).sum();
            let headings: usize = passage.headings.iter().map(|heading| heading.len() + 24).sum();
            blocks + headings + 64
        })
        .sum();
    pages + passages
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use hsc_catalogs::{Documentation, DocumentationKind, ManualFormat, ManualSource};
    use serde_json::json;

    use super::*;
    use crate::supervision::Fault;

    /// Returns a manual for any request but `torn`; the first load can be made to never end.
    struct Library {
        requests: AtomicUsize,
        first_is_endless: bool,
    }

    impl ManualLoader for Library {
        fn load(
            &self,
            request: ManualRequest,
            _: Option<TraceContext>,
        ) -> ManualReply<Arc<Manual>> {
            let is_first = self.requests.fetch_add(1, Ordering::SeqCst) == 0;
            let endless = is_first && self.first_is_endless;
            async move {
                assert!(request.documentation.url != "torn", "a page is torn");
                if endless {
                    futures::future::pending::<()>().await;
                }
                Ok(Arc::new(Manual {
                    title: request.documentation.url,
                    format: ManualFormat::Pdf,
                    source: ManualSource::default(),
                    pages: Vec::new(),
                    passages: Vec::new(),
                    outline: Vec::new(),
                }))
            }
            .boxed()
        }
    }

    fn request(url: &str) -> ManualRequest {
        let (kind, url) = (DocumentationKind::Pdf, url.to_owned());
        ManualRequest { documentation: Documentation { kind, url, backup_url: None } }
    }

    fn cache(first_is_endless: bool) -> (ManualCache, Root, Arc<Library>) {
        let library = Arc::new(Library { requests: AtomicUsize::new(0), first_is_endless });
        let settings = hsc_config::Settings::load(None, Vec::<(String, String)>::new()).unwrap();
        let config = SupervisionConfig::from(&settings.actors);
        let limits = CacheLimits {
            shards: 1,
            load_timeout: Duration::from_secs(30),
            ..CacheLimits::of(&settings.cache, &settings.cache.manuals)
        };
        let metrics = Metrics::new();
        let (cache, root) = ManualCache::start(library.clone(), limits, &config, &metrics);
        (cache, root, library)
    }

    #[actix::test]
    async fn a_load_that_panics_fails_its_caller_and_is_counted() {
        let (manuals, _root, _) = cache(false);
        assert_eq!(manuals.open(request("torn")).await.unwrap_err().code, "load_panicked");
        assert_eq!(manuals.open(request("whole")).await.unwrap().title, "whole");
        let counted = json!({ "loads_under_way": 0, "loaded": 1, "failed": 1 });
        assert_eq!(manuals.observed(), counted);
    }

    #[actix::test]
    async fn a_load_whose_shard_ends_is_retried_once() {
        let (manuals, root, library) = cache(true);
        let opened = actix::spawn(manuals.load(request("whole"), None));
        while library.requests.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(root.inject("cache.manuals.0", Fault::KillThread));
        assert_eq!(opened.await.unwrap().unwrap().title, "whole");
        assert_eq!(library.requests.load(Ordering::SeqCst), 2);
        let counted = json!({ "loads_under_way": 0, "loaded": 1, "failed": 1 });
        assert_eq!(manuals.observed(), counted, "the load that ended with its shard has failed");
    }
}
