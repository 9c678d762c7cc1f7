//! Finds the file of a manual, reads it with `hsc-manuals`, and reports its source.
//!
//! ```text
//! Loader ─► catalog folder │ fetch ─► file ─► hsc_manuals::Reader ─► Manual
//!                                             hsc_manuals::Recognizer ─► OcrReport ─► log, metrics
//! ```
//!
//! The adapter between the reading crate and the server: it implements the ports `ManualLoader` and `ManualFiles`,
//! fetches over http(s), maps settings to the crate's own and its events to log lines and metrics. It handles bytes
//! and addresses, never a question: questions are the business of the answers.

mod error;
mod fetch;
mod loader;
mod ocr_report;
mod settings;
#[cfg(test)]
mod tests;

pub use self::error::LoadError;
pub use self::loader::Loader;
pub use self::settings::limits;
