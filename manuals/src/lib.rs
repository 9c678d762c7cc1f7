//! Reads the file of a manual into pages, and pages into passages.
//!
//! ```text
//! Reader ─► (isolate: hsc extract) ─► read ─► Manual
//! read:  pdf ─► layout ─► page_headers ─► headings ─► blocks ─► passages
//!        html ──────────────────────────────────────────────► passages
//! Recognizer ─► (hsc recognize) ─► tesseract ─► page store, which the next reading uses
//! ```
//!
//! [`read()`] is the pure core: bytes in, a [`Manual`](hsc_catalogs::Manual) out. [`Reader`] calls it on its own
//! threads, or in a child process with a memory limit, and bounds the time. [`Recognizer`] runs OCR over scanned pages
//! in the background. [`answer`] and [`recognize`] are the children's side; the program that uses this crate provides
//! them as its subcommands `extract` and `recognize`.
//!
//! **Never**: this crate knows no question, no address and no actor. It opens no socket, reads no
//! settings and logs nothing: it returns facts ([`ReadError`], [`OcrEvent`]), which its caller counts and logs. It
//! trusts no byte: numbers, time, text, pages and memory are bounded.

mod bidi;
mod blocks;
mod cell_boundaries;
mod contents;
mod error;
mod headings;
mod html;
mod isolate;
mod language;
mod layout;
mod list_marks;
mod mending;
mod ocr;
mod page_headers;
mod passages;
mod pdf;
mod read;
mod reader;
mod segments;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;

pub use self::error::{BoxError, Complexity, PageFault, ReadError};
pub use self::html::print as print_html;
pub use self::isolate::{Order, answer};
pub use self::ocr::{
    Job, NoEngine, OcrEvent, OcrSettings, Order as OcrOrder, Pages, Progress, Recognizer, Stored,
    recognize,
};
#[doc(hidden)] // For tests/fuzz.
pub use self::ocr::{count_runs, page_images};
pub use self::read::read;
pub use self::reader::{Isolation, Reader, ReaderSettings};
pub use self::sheet::{HtmlLimits, Limits};
