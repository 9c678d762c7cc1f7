//! The text of scanned pages (OCR), by tesseract.
//!
//! ```text
//! Recognizer ─► hsc recognize (limits, own process group) ─► tesseract, one page after the other
//!     ▲                        │ a line of JSON a page
//!     └──── page store ◄───────┘
//! ```
//!
//! A reading says which pages are scanned. The [`Recognizer`] has those recognized that the page store does not
//! have, in a child process, and stores each page as it comes; the next reading takes them from there. The child writes
//! no file: what a killed child has done is stored, and is not done again.
//!
//! Never runs tesseract in the server's own process or without limits, never recognizes a page that has text.

mod engine;
mod event;
mod hocr;
mod page;
mod recognize;
mod recognizer;
mod settings;
mod sizes;
mod store;
mod tesseract;

pub use self::event::{NoEngine, OcrEvent};
pub use self::hocr::count_runs;
pub use self::page::PageFault;
pub use self::recognize::{Order, page_images, recognize};
pub use self::recognizer::{Job, Progress, Recognizer};
pub use self::settings::OcrSettings;
pub use self::store::{Pages, Stored};

pub(super) use self::page::PageText;
pub(super) use self::sizes::even_out;
pub(super) use self::store::page;
