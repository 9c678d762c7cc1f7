//! The result of the last load of each manual, for operators.
//!
//! Owns      one entry per manual, in memory; also for manuals that are not cached.
//! Never     decides anything by it.
//! On crash  loses everything with the process.

use std::time::SystemTime;

use dashmap::DashMap;
use hsc_actors::ports::{LastLoad, ManualError};
use hsc_catalogs::{Documentation, Manual};

/// Most entries: more than any known catalog has manuals. When it is full, all entries are cleared.
const MOST: usize = 100_000;

/// The last load of each manual.
#[derive(Debug, Default)]
pub(super) struct LoadHistory(DashMap<Documentation, LastLoad>);

impl LoadHistory {
    /// Records the result of a load.
    pub(super) fn note(
        &self,
        documentation: &Documentation,
        outcome: Result<&Manual, &ManualError>,
    ) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let before = self.of(documentation).and_then(|line| line.pages);
        let line = match outcome {
            Ok(manual) => {
                let fault = manual.source.stale.then(|| {
                    format!(
                        "an older copy is read, because {} did not answer",
                        manual.source.location
                    )
                });
                LastLoad { at: SystemTime::now(), pages: Some(manual.pages.len()), fault }
            }
            Err(error) => {
                LastLoad { at: SystemTime::now(), pages: before, fault: Some(error.to_string()) }
            }
        };
        self.0.insert(documentation.clone(), line);
    }

    /// The entry of a manual.
    pub(super) fn of(&self, documentation: &Documentation) -> Option<LastLoad> {
        self.0.get(documentation).map(|line| line.clone())
    }
}

#[cfg(test)]
mod tests {
    use hsc_catalogs::{DocumentationKind, ManualFormat, ManualSource, Page};

    use super::*;

    fn manual(stale: bool) -> Manual {
        let page = Page { number: 1, label: None, text: "words".to_owned(), contents: false };
        Manual {
            title: "a".to_owned(),
            format: ManualFormat::Html,
            source: ManualSource {
                location: "http://a/".to_owned(),
                stale,
                ..ManualSource::default()
            },
            pages: vec![page],
            passages: Vec::new(),
            outline: Vec::new(),
        }
    }

    #[test]
    fn a_fault_is_shown_until_the_next_load_and_the_page_count_stays() {
        let (kind, url) = (DocumentationKind::Html, "http://a/".to_owned());
        let (ledger, it) = (LoadHistory::default(), Documentation { kind, url, backup_url: None });
        assert_eq!(ledger.of(&it), None);
        let failed = ManualError::new("unreachable", "Not now.", "nobody answers");
        ledger.note(&it, Err(&failed));
        let line = ledger.of(&it).expect("a line");
        assert_eq!(
            (line.pages, line.fault.as_deref()),
            (None, Some("nobody answers (unreachable)"))
        );
        ledger.note(&it, Ok(&manual(false)));
        let line = ledger.of(&it).expect("a line");
        assert_eq!((line.pages, line.fault), (Some(1), None));
        ledger.note(&it, Err(&failed));
        assert_eq!(ledger.of(&it).expect("a line").pages, Some(1));
        ledger.note(&it, Ok(&manual(true)));
        assert!(ledger.of(&it).expect("a line").fault.expect("a word").contains("older copy"));
    }
}
