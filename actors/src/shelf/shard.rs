//! One shard of the shelf.
//!
//! Owns   an LRU of read manuals, bounded in entries and in bytes, and the loads under way.
//! Hears  [`OpenManual`] and [`Touched`] from the shelf, [`Loaded`] from itself.
//! Asks   the loader, beside itself: the load comes back as [`Loaded`].
//! Never  starts two loads of one manual, never waits in a handler.
//! Loses  the LRU in a crash. Nothing a customer wrote is here.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix::{
    Actor, ArbiterHandle, AsyncContext as _, Context, Handler, Message, ResponseFuture,
    WrapFuture as _,
};
use actix::{ActorFutureExt as _, Addr};
use futures::FutureExt as _;
use hsc_catalogs::Manual;
use hsc_monitoring::Metrics;
use lru::LruCache;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Kept, Open, ShelfLimits};
use crate::ports::{ManualError, ManualLoader, ManualRequest};

type Outcome = Result<Arc<Manual>, ManualError>;

/// The actor. See the card above.
pub(crate) struct Shard {
    loader: Arc<dyn ManualLoader>,
    open: Arc<Open>,
    limits: ShelfLimits,
    metrics: Arc<Metrics>,
    /// Key to size in bytes, least recently used last out.
    recency: LruCache<ManualRequest, usize>,
    bytes: usize,
    waiting: HashMap<ManualRequest, Vec<oneshot::Sender<Outcome>>>,
}

/// A manual, please. The first asker starts the load; later ones wait for the same one.
#[derive(Message)]
#[rtype(result = "Outcome")]
pub(crate) struct OpenManual(pub(crate) ManualRequest);

/// A manual was read off the shelf.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Touched(pub(crate) ManualRequest);

impl Shard {
    pub(crate) fn new(
        loader: Arc<dyn ManualLoader>,
        open: Arc<Open>,
        limits: ShelfLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let entries = NonZeroUsize::new(limits.entries).unwrap_or(NonZeroUsize::MIN);
        Self {
            loader,
            open,
            limits,
            metrics,
            recency: LruCache::new(entries),
            bytes: 0,
            waiting: HashMap::new(),
        }
    }

    pub(crate) fn start_on(self, arbiter: &ArbiterHandle) -> Addr<Self> {
        Self::start_in_arbiter(arbiter, move |_| self)
    }

    fn begin_load(&mut self, request: ManualRequest, ctx: &mut Context<Self>) {
        let loader = Arc::clone(&self.loader);
        let limit = self.limits.load_timeout;
        let wanted = request.clone();
        // The loader is called inside the future, so that a panic before its first await is caught too.
        let load = AssertUnwindSafe(async move { loader.load(wanted).await }).catch_unwind();
        let began = Instant::now();
        let bounded = async move {
            match tokio::time::timeout(limit, load).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(failure("load_panicked", "reading the manual panicked")),
                Err(_) => Err(failure("load_timed_out", "reading the manual took too long")),
            }
        };
        ctx.spawn(bounded.into_actor(self).map(move |outcome, shard, _| {
            shard.metrics.caches.loaded("manuals", began.elapsed());
            shard.loaded(request, outcome);
        }));
    }

    fn loaded(&mut self, request: ManualRequest, outcome: Outcome) {
        for waiter in self.waiting.remove(&request).unwrap_or_default() {
            // A waiter that went away has no use for it.
            let _ = waiter.send(outcome.clone());
        }
        let (size, ttl) = match &outcome {
            Ok(manual) => (size_of(manual), self.limits.ttl),
            Err(_) => (0, self.limits.negative_ttl),
        };
        // A stale copy is asked for again soon: its host may be back.
        let ttl = if outcome.as_ref().is_ok_and(|manual| manual.source.stale) {
            self.limits.negative_ttl
        } else {
            ttl
        };
        self.forget(&request, None);
        self.open.insert(request.clone(), Kept { outcome, until: Instant::now() + jittered(ttl) });
        self.bytes += size;
        if let Some((oldest, size)) = self.recency.push(request, size) {
            self.bytes -= size;
            self.open.remove(&oldest);
            self.metrics.caches.evicted("manuals", "entries");
        }
        while self.bytes > self.limits.bytes && self.recency.len() > 1 {
            let Some((oldest, size)) = self.recency.pop_lru() else { break };
            self.bytes -= size;
            self.open.remove(&oldest);
            self.metrics.caches.evicted("manuals", "bytes");
        }
    }

    fn forget(&mut self, request: &ManualRequest, reason: Option<&'static str>) {
        if let Some(size) = self.recency.pop(request) {
            self.bytes -= size;
            self.open.remove(request);
            if let Some(reason) = reason {
                self.metrics.caches.evicted("manuals", reason);
            }
        }
    }
}

impl Actor for Shard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Bursts of hits tell of their recency here; a burst past it loses recency, never a manual.
        ctx.set_mailbox_capacity(1_024);
    }
}

impl Handler<OpenManual> for Shard {
    type Result = ResponseFuture<Outcome>;

    fn handle(&mut self, OpenManual(request): OpenManual, ctx: &mut Self::Context) -> Self::Result {
        let kept = self.open.get(&request).map(|kept| kept.value().clone());
        match kept {
            Some(kept) if kept.until > Instant::now() => {
                self.metrics.caches.hit("manuals", "l1");
                return Box::pin(async move { kept.outcome });
            }
            Some(_) => self.forget(&request, Some("expired")),
            None => {}
        }
        self.metrics.caches.miss("manuals", "l1");
        let (tell, told) = oneshot::channel();
        match self.waiting.get_mut(&request) {
            Some(waiters) => waiters.push(tell),
            None => {
                self.waiting.insert(request.clone(), vec![tell]);
                self.begin_load(request, ctx);
            }
        }
        Box::pin(async move {
            told.await.unwrap_or_else(|_| {
                Err(failure("shelf_down", "the shard that loaded the manual ended"))
            })
        })
    }
}

impl Handler<Touched> for Shard {
    type Result = ();

    fn handle(&mut self, Touched(request): Touched, _: &mut Self::Context) {
        self.recency.promote(&request);
    }
}

fn failure(code: &'static str, cause: &'static str) -> ManualError {
    ManualError::new(
        code,
        "The manual could not be read just now. Please ask again in a moment.",
        cause,
    )
}

/// Bytes of text a manual holds; what it costs beside is small change.
fn size_of(manual: &Manual) -> usize {
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

/// A tenth more or less, so that manuals opened together do not all expire together.
fn jittered(ttl: std::time::Duration) -> std::time::Duration {
    ttl.mul_f64(rand::random_range(0.9..=1.1))
}
