//! Errors of reading a manual.

use serde::{Deserialize, Serialize};

/// An error of a library or of the system.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a manual could not be read. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No bytes, or a page without words.
    #[error("the manual is empty")]
    Empty,
    /// Not a PDF or HTML document, whatever its name is.
    #[error("the bytes are no {expected} document")]
    WrongKind {
        /// The kind in the catalog.
        expected: &'static str,
    },
    /// A PDF that no reader can parse.
    #[error("the manual is damaged: {0}")]
    Damaged(String),
    /// A PDF that needs a password to open.
    #[error("the manual is encrypted and needs a password")]
    Encrypted,
    /// Pages of pictures: a scan. It needs text recognition.
    #[error("none of the {pages} pages has text; the manual seems to be scanned")]
    NoText {
        /// Number of pages that were checked.
        pages: u32,
        /// Numbers of the pages that OCR may read.
        scanned: Vec<u32>,
    },
    /// Pages of letters whose meaning is missing in the file, or wrong.
    #[error(
        "the text of {pages} pages cannot be derived from its glyphs; the manual needs text recognition"
    )]
    Illegible {
        /// Number of pages that were checked.
        pages: u32,
        /// Numbers of the pages that OCR may read.
        scanned: Vec<u32>,
    },
    /// The file is too large.
    #[error("the manual has more than {limit} bytes; raise manuals.max_bytes to take it")]
    TooLarge {
        /// Limit in bytes.
        limit: u64,
    },
    /// The document has too many pages.
    #[error("the manual has {got} pages, the limit is {limit}; raise manuals.max_pages to read it")]
    TooManyPages {
        /// The number in the document.
        got: u64,
        /// Limit in pages.
        limit: u32,
    },
    /// The document has too much text: a decompression bomb.
    #[error("the manual has more than {limit} bytes of text; raise manuals.extract_max_text_bytes")]
    TooMuchText {
        /// Limit in bytes of text.
        limit: usize,
    },
    /// A web page that is too complex: it was built to take long to parse.
    #[error("the manual has more than {limit} {}; raise {}", what.noun(), what.setting())]
    TooComplex {
        /// The exceeded limit.
        what: Complexity,
        /// The configured limit.
        limit: u32,
    },
    /// Reading exceeded its time limit.
    #[error("reading was not done after {limit_ms} ms; raise manuals.extract_timeout_ms")]
    TooSlow {
        /// Limit in milliseconds.
        limit_ms: u64,
    },
    /// The reading process ended without a result: out of memory, out of stack, or killed.
    #[error("the reading process ended without an answer ({0})")]
    ReaderDied(String),
    /// A local file that could not be opened or read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path as in the catalog.
        path: String,
        /// The error of the system.
        #[source]
        cause: std::io::Error,
    },
    /// A failure of this machine: a full disk, a process that does not start.
    #[error("{what}")]
    Ours {
        /// The operation that failed.
        what: &'static str,
        /// The error of the library or of the system.
        #[source]
        cause: BoxError,
    },
}

/// A limited property of a web page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// Elements, texts and comments.
    Nodes,
    /// Nesting of elements.
    Depth,
    /// Attributes of one element.
    Attributes,
}

impl Complexity {
    fn noun(self) -> &'static str {
        match self {
            Self::Nodes => "elements and texts",
            Self::Depth => "elements inside each other",
            Self::Attributes => "attributes in one element",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Nodes => "manuals.html_max_nodes",
            Self::Depth => "manuals.html_max_depth",
            Self::Attributes => "manuals.html_max_attributes",
        }
    }
}

/// Why a page cannot be recognized, with its name in metrics and logs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PageFault {
    /// None of its images can be decoded.
    Damaged,
    /// Its images have too many pixels.
    TooLarge,
    /// Recognition took longer than `manuals.ocr.page_timeout_ms`.
    TooSlow,
    /// tesseract failed on it.
    Engine,
    /// The process ended during it, more than once.
    Died,
}
