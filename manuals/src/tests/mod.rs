//! The reader against documents that were once read wrongly and against hostile ones.

use super::{HtmlLimits, Limits};

mod cid_fonts;
mod faults;
mod headings;
mod hostile;
mod pages;
mod pdfs;
mod scans;
mod tables;

/// Limits of readings in tests.
const LIMITS: Limits = Limits {
    max_pages: 50,
    max_text_bytes: 1 << 20,
    timeout_ms: 60_000,
    threads: 2,
    html: HtmlLimits { max_nodes: 50_000, max_depth: 100, max_attributes: 64 },
};
