//! The catalog of this moment behind one atomic pointer.
//!
//! A reload builds a new catalog beside the old one and swaps; whoever holds the old one keeps it
//! until done. A broken new one is not swapped in.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::Catalog;
use crate::load::{Problem, load_dir};

/// The catalog that is in force.
pub struct Snapshot {
    current: ArcSwap<Catalog>,
}

/// How a reload ended.
#[derive(Debug)]
pub enum ReloadOutcome {
    /// The new catalog is in force.
    Swapped {
        /// The new one.
        catalog: Arc<Catalog>,
        /// What was wrong with a part of it.
        problems: Vec<Problem>,
    },
    /// The old one stays.
    Kept {
        /// Why, in one line.
        reason: String,
        /// What was wrong.
        problems: Vec<Problem>,
    },
}

impl Snapshot {
    /// Starts with this catalog.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self { current: ArcSwap::from_pointee(catalog) }
    }

    /// The catalog of this moment. Takes no lock.
    #[must_use]
    pub fn load(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Loads the folder again. The old catalog stays when the folder cannot be read, when a whole
    /// file is broken, or when no product would be left: half a catalog is worse than an old one.
    pub fn reload(&self, dir: &Path) -> ReloadOutcome {
        let report = match load_dir(dir) {
            Ok(report) => report,
            Err(error) => {
                return ReloadOutcome::Kept {
                    reason: format!("{}: {error}", dir.display()),
                    problems: Vec::new(),
                };
            }
        };
        if let Some(broken) = report.problems.iter().find(|problem| problem.is_of_the_file()) {
            return ReloadOutcome::Kept { reason: broken.to_string(), problems: report.problems };
        }
        if report.catalog.products().is_empty() {
            let reason = format!("{}: no product is left", dir.display());
            return ReloadOutcome::Kept { reason, problems: report.problems };
        }
        let catalog = Arc::new(report.catalog);
        self.current.store(Arc::clone(&catalog));
        ReloadOutcome::Swapped { catalog, problems: report.problems }
    }
}
