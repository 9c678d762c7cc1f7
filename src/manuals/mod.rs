//! Fetch a manual, turn it into pages, cut the pages into passages.
//!
//! ```text
//! Loader ─► local │ fetch ─► file ─► reader ─► (isolate) ─► read ─► Manual
//! read:  pdf ─► layout ─► furniture ─► headings ─► blocks ─► passages
//!        html ──────────────────────────────────────────────► passages
//! ```
//!
//! A scanned page has no text to read: [`ocr`] has it recognized beside the reading, and the next reading uses it.
//!
//! Nothing that comes from outside is trusted: bytes are bounded in number, time, text and pages, and
//! they are read in a process of their own with a limit of memory (`manuals.isolate`). This room knows bytes and addresses,
//! never a question: what is asked about a manual is the business of the answers.

mod bidi;
mod blocks;
mod contents;
mod error;
mod fetch;
mod furniture;
mod headings;
mod html;
mod isolate;
mod labels;
mod language;
mod layout;
mod ledger;
mod legibility;
mod loader;
mod local;
mod mending;
mod ocr;
mod passages;
mod pdf;
mod read;
mod reader;
mod sheet;
#[cfg(test)]
mod tests;

pub use error::{Complexity, ReadError};
pub use isolate::{Order, answer};
pub use ledger::LastLoad;
pub use loader::{Kept, Loader, Original};
pub use ocr::{Order as OcrOrder, recognize};
#[doc(hidden)] // For tests/fuzz.
pub use ocr::{count_runs, page_images};
pub use read::read;
pub use sheet::{HtmlLimits, Limits};
