//! Find the bytes of a manual, have `hsc-manuals` read them, and say where they came from.
//!
//! ```text
//! Loader ─► local │ fetch ─► file ─► hsc_manuals::Reader ─► Manual
//!                                    hsc_manuals::Recognizer ─► OcrReport ─► log, metrics
//! ```
//!
//! The adapter between the crate that reads and the server: it implements the ports `ManualLoader` and `ManualFiles`, fetches over http(s), turns
//! settings into the crate's own and its facts into log lines and metrics. It knows bytes and addresses,
//! never a question: what is asked about a manual is the business of the answers.

mod error;
mod fetch;
mod load_history;
mod loader;
mod local;
mod ocr_report;
mod settings;
#[cfg(test)]
mod tests;

pub use self::error::LoadError;
pub use self::loader::Loader;
pub use self::settings::limits;
