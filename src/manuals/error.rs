//! Why a manual could not be had, and the one table of what is said about it.

use hsc_actors::ports::{BoxError, ManualError};
use serde::{Deserialize, Serialize};

/// Why a manual could not be fetched or read. A variant for each thing a caller can do about it.
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
    /// A scan whose text is being recognized, and no page of it is there yet.
    #[error("{done} of {pages} scanned pages are recognized and none has text; OCR goes on")]
    Recognizing {
        /// How many pages are done.
        done: u32,
        /// How many there are.
        pages: u32,
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
    /// A local manual that is not there.
    #[error("there is no file {path} below the catalog folder")]
    Missing {
        /// The path as the catalog gives it.
        path: String,
    },
    /// A path that leaves the catalog folder.
    #[error("{path} lies outside the catalog folder")]
    Outside {
        /// The path as the catalog gives it.
        path: String,
    },
    /// A local file that could not be opened or read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The path as the catalog gives it.
        path: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// An address that is none, or neither http nor https.
    #[error("{url} is no http(s) address")]
    BadAddress {
        /// The address as it was given.
        url: String,
    },
    /// A host whose address we do not ask: private, loopback, link-local and the like.
    #[error(
        "{host} lies at {address}, which is not asked; list it in manuals.allowed_hosts to allow it"
    )]
    Forbidden {
        /// The host.
        host: String,
        /// Where it lies.
        address: String,
    },
    /// A chain of redirects that does not end.
    #[error("more than {limit} redirects from {url}")]
    TooManyRedirects {
        /// Where the chain began.
        url: String,
        /// The limit.
        limit: u32,
    },
    /// The host did not answer, or broke off.
    #[error("{host} did not send the manual")]
    Unreachable {
        /// The host.
        host: String,
        /// What the client said.
        #[source]
        cause: BoxError,
    },
    /// The host answered, and the answer is no.
    #[error("{host} answered {status}")]
    Refused {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The host did not send everything in time.
    #[error("{host} did not send the manual within {limit_ms} ms")]
    TimedOut {
        /// The host.
        host: String,
        /// The limit.
        limit_ms: u64,
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

impl ReadError {
    /// The stable code, and what a customer reads. The only place where errors become words.
    #[must_use]
    pub fn code_and_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => ("empty", "The manual for this product is empty."),
            Self::WrongKind { .. } => {
                ("wrong_kind", "The manual for this product is not in a form we can read.")
            }
            Self::Damaged(_) => {
                ("damaged", "The manual for this product is damaged and cannot be read.")
            }
            Self::Encrypted => (
                "encrypted",
                "The manual for this product is locked with a password and cannot be read.",
            ),
            Self::NoText { .. } => (
                "no_text",
                "The manual for this product is a scan without text and cannot be searched.",
            ),
            Self::Illegible { .. } => (
                "illegible",
                "The text of this product's manual cannot be read, as that of a scan.",
            ),
            Self::Recognizing { .. } => (
                "recognizing",
                "The manual for this product is a scan. Its text is being recognized now; please ask again in a minute.",
            ),
            Self::TooLarge { .. } => {
                ("too_large", "The manual for this product is too large to read.")
            }
            Self::TooManyPages { .. } => {
                ("too_many_pages", "The manual for this product has too many pages to read.")
            }
            Self::TooMuchText { .. } => {
                ("too_much_text", "The manual for this product holds too much text to read.")
            }
            Self::TooComplex { .. } => {
                ("too_complex", "The manual for this product is too complex to read.")
            }
            Self::TooSlow { .. } => {
                ("too_slow", "Reading the manual for this product took too long.")
            }
            Self::ReaderDied(_) => {
                ("reader_died", "The manual for this product could not be read.")
            }
            Self::Missing { .. } => {
                ("missing", "The manual for this product is not where it should be.")
            }
            Self::Outside { .. } => {
                ("outside", "The manual for this product is not where it may be.")
            }
            Self::Unreadable { .. } => {
                ("unreadable", "The manual for this product cannot be opened.")
            }
            Self::BadAddress { .. } => {
                ("bad_address", "The address of this product's manual is not valid.")
            }
            Self::Forbidden { .. } => {
                ("forbidden", "The address of this product's manual is not one we may open.")
            }
            Self::TooManyRedirects { .. } => {
                ("too_many_redirects", "The address of this product's manual leads nowhere.")
            }
            Self::Unreachable { .. } => (
                "unreachable",
                "The manufacturer's site did not answer, so the manual cannot be opened now.",
            ),
            Self::Refused { status: 404 | 410, .. } => {
                ("not_found", "The manufacturer's site does not have this manual any more.")
            }
            Self::Refused { .. } => {
                ("refused", "The manufacturer's site does not hand out this manual now.")
            }
            Self::TimedOut { .. } => (
                "timed_out",
                "The manufacturer's site was too slow, so the manual cannot be opened now.",
            ),
            Self::Ours { .. } => {
                ("internal", "The manual cannot be opened now because of a fault on our side.")
            }
        }
    }
}

impl From<ReadError> for ManualError {
    fn from(error: ReadError) -> Self {
        let (code, words) = error.code_and_words();
        Self::new(code, words, error)
    }
}
