//! A manual loader that lets the answerer prepare each manual that was read, so that vectors are
//! computed before the first question.

use std::sync::{Arc, OnceLock, Weak};

use futures::FutureExt as _;
use hsc_actors::ports::{Answerer, ManualLoader, ManualReply};
use hsc_catalogs::{Manual, Snapshot};
use hsc_conversation::TraceContext;
use hsc_conversation::answer::ManualRequest;

/// Wraps another loader.
pub(crate) struct EmbeddingLoader {
    pub(crate) inner: Arc<dyn ManualLoader>,
    pub(crate) catalog: Arc<Snapshot>,
    /// The answerer to notify. It reads manuals through this loader, so it is created later and set here.
    pub(crate) answerer: Arc<OnceLock<Weak<dyn Answerer>>>,
}

impl ManualLoader for EmbeddingLoader {
    fn load(
        &self,
        request: ManualRequest,
        trace: Option<TraceContext>,
    ) -> ManualReply<Arc<Manual>> {
        let loading = self.inner.load(request.clone(), trace);
        let (catalog, answerer) = (Arc::clone(&self.catalog), Arc::clone(&self.answerer));
        async move {
            let manual = loading.await?;
            let answerer = answerer.get().and_then(Weak::upgrade);
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
