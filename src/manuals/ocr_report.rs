//! Events of the recognizer of scanned pages, as log lines and metrics.

use hsc_manuals::{NoEngine, OcrEvent};
use hsc_monitoring::Metrics;
use log::{info, warn};

/// Counts and logs an event.
pub(super) fn report(metrics: &Metrics, event: OcrEvent<'_>) {
    match event {
        OcrEvent::PageDone(outcome) => {
            metrics.manuals.recognized(outcome.map_or_else(Into::into, |()| "read"));
        }
        OcrEvent::EngineFound { version, languages, missing } => {
            let used = languages.join(" ");
            if !missing.is_empty() {
                warn!(missing:% = missing.join(" "), used:%;
                    "languages of manuals.ocr.languages are not installed; install tesseract-ocr-<language>");
            }
            info!(version:%, languages:% = used; "scanned pages are recognized");
        }
        OcrEvent::EngineMissing(NoEngine::NotInstalled { command }) => {
            info!(command:%; "tesseract is not installed; scanned manuals are not read");
        }
        OcrEvent::EngineMissing(NoEngine::NoAnswer { command }) => {
            warn!(command:% = command.display(); "tesseract does not answer; scanned manuals are not read");
        }
        OcrEvent::EngineMissing(NoEngine::NoLanguage { command, missing }) => {
            warn!(command:% = command.display(), missing:% = missing.join(" ");
                "tesseract has none of the languages of manuals.ocr.languages; scanned manuals are not read");
        }
        OcrEvent::NotStored { page, cause } => {
            warn!(page, error:% = cause; "cannot store a recognized page");
        }
        OcrEvent::NoProcess(cause) => {
            warn!(error:% = cause; "cannot run the process that recognizes scanned pages");
        }
        OcrEvent::EndedEarly { pages } => {
            warn!(pages; "the process that recognizes scanned pages ended before its first page");
        }
        OcrEvent::EndedOver { page } => {
            warn!(page; "the process that recognizes scanned pages ended over a page");
        }
        OcrEvent::JobEnded { url, read, failed, remaining, took } => {
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            info!(url, read, failed = failed.len(), remaining, took_ms; "recognized the scanned pages of a manual");
            if !failed.is_empty() {
                let pages: Vec<String> =
                    failed.iter().map(|(page, fault)| format!("{page} ({fault})")).collect();
                warn!(url, pages:% = pages.join(", "); "scanned pages of a manual cannot be recognized");
            }
        }
        OcrEvent::Pruned { manuals } => {
            info!(manuals; "removed the recognized pages of manuals, because the store is full");
        }
    }
}
