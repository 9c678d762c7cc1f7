//! The indexes of cached manuals, each built once.
//!
//! An index is held as long as its manual is alive anywhere, and no longer: the manual cache decides which manuals
//! stay. Concurrent requests wait for the index that is being built.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hsc_answers::{Index, Thesaurus};
use hsc_catalogs::Manual;
use tokio::sync::OnceCell;

/// Finds the index of a manual, or builds it.
#[derive(Default)]
pub(super) struct IndexCache {
    thesaurus: Arc<Thesaurus>,
    held: Mutex<HashMap<usize, CachedIndex>>,
}

/// An index and its manual.
struct CachedIndex {
    manual: Weak<Manual>,
    index: Arc<OnceCell<Arc<Index>>>,
}

impl IndexCache {
    /// A cache whose indexes use these synonyms.
    pub(super) fn new(thesaurus: Thesaurus) -> Self {
        Self { thesaurus: Arc::new(thesaurus), held: Mutex::default() }
    }

    /// The index of `manual`. It is built on the blocking pool, so that no socket waits.
    pub(super) async fn index(&self, manual: &Arc<Manual>) -> Arc<Index> {
        let cell = self.cell(manual);
        let build = || async {
            let (manual, thesaurus) = (Arc::clone(manual), Arc::clone(&self.thesaurus));
            let read = move || Index::with(&manual, &thesaurus);
            match tokio::task::spawn_blocking(read).await {
                Ok(index) => Arc::new(index),
                Err(error) => {
                    // The customer gets "I don't know", which is true, and the log contains the cause.
                    log::error!(cause:% = error; "cannot index a manual");
                    Arc::new(Index::empty())
                }
            }
        };
        Arc::clone(cell.get_or_init(build).await)
    }

    fn cell(&self, manual: &Arc<Manual>) -> Arc<OnceCell<Arc<Index>>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Arc::as_ptr(manual) as usize;
        if let Some(known) = held.get(&key)
            // An address is reused once its manual is gone.
            && known.manual.upgrade().is_some_and(|known| Arc::ptr_eq(&known, manual))
        {
            return Arc::clone(&known.index);
        }
        held.retain(|_, held| held.manual.strong_count() > 0);
        let index = Arc::default();
        held.insert(key, CachedIndex { manual: Arc::downgrade(manual), index: Arc::clone(&index) });
        index
    }
}
