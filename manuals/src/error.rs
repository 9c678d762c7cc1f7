//! Why a manual could not be read.

use serde::{Deserialize, Serialize};

/// An error of a library or of the system.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a manual could not be read. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing to read: no bytes, or a page with no words in it.
    #[error("the manual is empty")]
    Empty,
    /// Not a PDF or HTML document at all, whatever its name says.
    #[error("the bytes are no {expected} document")]
    WrongKind {
        /// What the catalog says it is.
        expected: &'static str,
    },
    /// A PDF that no reader could make sense of.
    #[error("the manual is damaged: {0}")]
    Damaged(String),
    /// A PDF that opens with a password only.
    #[error("the manual is encrypted and needs a password")]
    Encrypted,
    /// Pages of pictures: a scan. It needs text recognition before it can be read.
    #[error("none of the {pages} pages has text; the manual seems to be scanned")]
    NoText {
        /// How many pages were looked at.
        pages: u32,
        /// Numbers of the pages that OCR may read.
        scanned: Vec<u32>,
    },
    /// Pages of letters whose meaning the file does not tell, or tells wrongly.
    #[error(
        "the text of {pages} pages cannot be told from its glyphs; the manual needs text recognition"
    )]
    Illegible {
        /// How many pages were looked at.
        pages: u32,
        /// Numbers of the pages that OCR may read.
        scanned: Vec<u32>,
    },
    /// More bytes than are taken.
    #[error("the manual has more than {limit} bytes; raise manuals.max_bytes to take it")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More pages than are read.
    #[error("the manual has {got} pages, the limit is {limit}; raise manuals.max_pages to read it")]
    TooManyPages {
        /// What the document says.
        got: u64,
        /// The limit.
        limit: u32,
    },
    /// More text than is kept: a document that inflates.
    #[error("the manual has more than {limit} bytes of text; raise manuals.extract_max_text_bytes")]
    TooMuchText {
        /// The limit.
        limit: usize,
    },
    /// A web page with more of something than is read: a page that is built to take long to parse.
    #[error("the manual has more than {limit} {}; raise {}", what.noun(), what.setting())]
    TooComplex {
        /// What it has too many of.
        what: Complexity,
        /// The limit.
        limit: u32,
    },
    /// Reading took too long and was given up.
    #[error("reading was not done after {limit_ms} ms; raise manuals.extract_timeout_ms")]
    TooSlow {
        /// The limit.
        limit_ms: u64,
    },
    /// The reading process ended without an answer: out of memory, out of stack, or killed.
    #[error("the reading process ended without an answer ({0})")]
    ReaderDied(String),
    /// A local file that could not be opened or read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path as the catalog gives it.
        path: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// Our own side failed: a disk that is full, a process that does not start.
    #[error("{what}")]
    Ours {
        /// What was to be done.
        what: &'static str,
        /// Why it was not.
        #[source]
        cause: BoxError,
    },
}

/// What a web page has a limited number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// Elements, texts and comments.
    Nodes,
    /// Elements inside each other.
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
