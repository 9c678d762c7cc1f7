//! A manual loader that lets the answerer prepare each manual that was read, so that vectors are
//! computed before the first question.

use std::sync::{Arc, OnceLock, Weak};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use hsc_actors::ports::{Answerer, ManualError, ManualLoader};
use hsc_catalogs::{Manual, Snapshot};
use hsc_conversation::answer::ManualRequest;

/// Wraps another loader.
pub(crate) struct EmbeddingLoader {
    inner: Arc<dyn ManualLoader>,
    catalog: Arc<Snapshot>,
    prepares: Prepares,
}

/// The answerer to notify. It reads manuals through this loader, so it is created later and set here.
#[derive(Clone, Default)]
pub(crate) struct Prepares(Arc<OnceLock<Weak<dyn Answerer>>>);

impl Prepares {
    pub(crate) fn set(&self, answerer: &Arc<dyn Answerer>) {
        // Set once, by `Components`.
        let _ = self.0.set(Arc::downgrade(answerer));
    }
}

impl EmbeddingLoader {
    pub(crate) fn new(inner: Arc<dyn ManualLoader>, catalog: Arc<Snapshot>) -> Self {
        Self { inner, catalog, prepares: Prepares::default() }
    }

    pub(crate) fn prepares(&self) -> Prepares {
        self.prepares.clone()
    }
}

impl ManualLoader for EmbeddingLoader {
    fn load(&self, request: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        let loading = self.inner.load(request.clone());
        let (catalog, prepares) = (Arc::clone(&self.catalog), self.prepares.clone());
        async move {
            let manual = loading.await?;
            let answerer = prepares.0.get().and_then(Weak::upgrade);
            let snapshot = catalog.load();
            let reads = |product: &&Arc<hsc_catalogs::Product>| {
                product.documentation.as_ref() == Some(&request.documentation)
            };
            if let Some(answerer) = answerer
                && let Some(product) = snapshot.products().iter().find(reads)
            {
                // In a task of its own: the request for the manual is answered first.
                drop(tokio::spawn(answerer.prepare(Arc::clone(product), Arc::clone(&manual))));
            }
            Ok(manual)
        }
        .boxed()
    }

    fn revalidate(&self, request: &ManualRequest) {
        self.inner.revalidate(request);
    }
}
