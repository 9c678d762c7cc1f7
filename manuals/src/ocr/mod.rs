//! The text of scanned pages (OCR), by tesseract.
//!
//! ```text
//! Recognizer ─► hsc recognize (limits, own process group) ─► tesseract, one page after the other
//!     ▲                        │ a line of JSON per page
//!     └──── page store ◄───────┘
//! ```
//!
//! A reading reports the scanned pages. The [`Recognizer`] recognizes those that are not in the page store,
//! in a child process, and stores each page as it arrives; the next reading takes them from there. The child writes
//! no file: pages of a killed child are stored, and are not recognized again.
//!
//! Never: tesseract in the server's own process or without limits, a page with text that is recognized.

mod engine;
mod event;
mod hocr;
mod recognize;
mod recognizer;
mod store;

pub use self::engine::OcrSettings;
pub use self::event::{NoEngine, OcrEvent};
pub use self::hocr::count_runs;
pub use self::recognize::{Order, page_images, recognize};
pub use self::recognizer::{Job, Progress, Recognizer};
pub use self::store::{Pages, Stored};

pub(super) use self::hocr::even_out;
pub(super) use self::store::{PageText, page};
