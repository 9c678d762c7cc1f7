//! Maps the settings of manuals to those of `hsc-manuals`.

use std::path::{Path, PathBuf};

use hsc_config::{Isolate, ManualsSettings, OcrChoice};
use hsc_manuals::{HtmlLimits, Isolation, Limits, OcrSettings, ReaderSettings};

/// Bounds of reading a manual. One thread per core.
pub fn limits(settings: &ManualsSettings) -> Limits {
    Limits {
        max_pages: settings.max_pages,
        max_text_bytes: settings.extract_max_text_bytes,
        timeout_ms: settings.extract_timeout_ms,
        threads: Limits::all_cores(),
        html: HtmlLimits {
            max_nodes: settings.html_max_nodes,
            max_depth: settings.html_max_depth,
            max_attributes: settings.html_max_attributes,
        },
    }
}

/// How files are read, by the `extract` command of `program`.
pub(super) fn reader(settings: &ManualsSettings, program: PathBuf) -> ReaderSettings {
    ReaderSettings {
        limits: limits(settings),
        memory_bytes: settings.extract_memory_bytes,
        max_bytes: settings.max_bytes,
        isolation: match settings.isolate {
            Isolate::Always => Isolation::Always,
            Isolate::Http => Isolation::Foreign,
            Isolate::Never => Isolation::Never,
        },
        program,
    }
}

/// How scanned pages are recognized, by the `recognize` command of `program`; results are stored below `folder`.
pub(super) fn ocr(settings: &ManualsSettings, folder: &Path, program: PathBuf) -> OcrSettings {
    let ocr = &settings.ocr;
    OcrSettings {
        // OCR always runs in a process of its own.
        enabled: ocr.enabled == OcrChoice::Auto && settings.isolate != Isolate::Never,
        command: ocr.command.clone(),
        languages: ocr.languages.clone(),
        page_timeout_ms: ocr.page_timeout_ms,
        timeout_ms: ocr.timeout_ms,
        cache_max_bytes: ocr.cache_max_bytes,
        memory_bytes: settings.extract_memory_bytes,
        max_bytes: settings.max_bytes,
        folder: folder.join("ocr"),
        program,
    }
}
