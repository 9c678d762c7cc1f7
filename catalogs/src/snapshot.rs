//! The current catalog behind one atomic pointer.
//!
//! A reload builds a new catalog beside the old one and swaps; holders of the old one keep it
//! until they are done. A broken new one is not swapped in.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::Catalog;
use crate::load::{Problem, load_dir};

/// The current catalog.
pub struct Snapshot {
    current: ArcSwap<Catalog>,
}

/// How a reload ended.
#[derive(Debug)]
pub enum ReloadOutcome {
    /// The new catalog is current.
    Swapped {
        /// The new catalog.
        catalog: Arc<Catalog>,
        /// Problems in parts of it.
        problems: Vec<Problem>,
    },
    /// The new catalog is invalid; the old one stays current.
    Rejected {
        /// Why, in one line.
        reason: String,
        /// The problems found.
        problems: Vec<Problem>,
    },
}

impl Snapshot {
    /// Starts with this catalog.
    pub fn new(catalog: Catalog) -> Self {
        Self { current: ArcSwap::from_pointee(catalog) }
    }

    /// The current catalog. Takes no lock.
    pub fn load(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Loads the folder again. The old catalog stays when the folder cannot be read, when a whole
    /// file is broken, or when no product would be left: a partial catalog is worse than an old one.
    pub fn reload(&self, dir: &Path) -> ReloadOutcome {
        let report = match load_dir(dir) {
            Ok(report) => report,
            Err(error) => {
                return ReloadOutcome::Rejected {
                    reason: format!("{}: {error}", dir.display()),
                    problems: Vec::new(),
                };
            }
        };
        if let Some(broken) = report.problems.iter().find(|problem| problem.is_of_the_file()) {
            return ReloadOutcome::Rejected {
                reason: broken.to_string(),
                problems: report.problems,
            };
        }
        if report.catalog.products().is_empty() {
            let reason = format!("{}: no product is left", dir.display());
            return ReloadOutcome::Rejected { reason, problems: report.problems };
        }
        let catalog = Arc::new(report.catalog);
        self.current.store(Arc::clone(&catalog));
        ReloadOutcome::Swapped { catalog, problems: report.problems }
    }
}
