//! Errors of loading a manual, and the one table of their texts.

use std::time::Duration;

use hsc_actors::ports::ManualError;
use hsc_conversation::BoxError;
use hsc_manuals::ReadError;

/// The result of a part of a load.
pub(super) type Result<T, E = LoadError> = std::result::Result<T, E>;

/// Why a manual could not be fetched or read. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is here and could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A scan whose text is being recognized; no page is done yet.
    #[error("{done} of {pages} scanned pages are recognized and none has text; OCR goes on")]
    Recognizing {
        /// Pages that are done.
        done: u32,
        /// Pages of the manual.
        pages: u32,
    },
    /// A local manual that does not exist.
    #[error("there is no file {path} below the catalog folder")]
    Missing {
        /// The path as in the catalog.
        path: String,
    },
    /// A path that leaves the catalog folder.
    #[error("{path} lies outside the catalog folder")]
    Outside {
        /// The path as in the catalog.
        path: String,
    },
    /// An invalid address, or one that is neither http nor https.
    #[error("{url} is no http(s) address")]
    BadAddress {
        /// The address as in the catalog.
        url: String,
    },
    /// A host with an address that is never fetched from: private, loopback, link-local and the like.
    #[error(
        "{host} lies at {address}, which is not asked; list it in manuals.allowed_hosts to allow it"
    )]
    Forbidden {
        /// Host name of the manual.
        host: String,
        /// The resolved address.
        address: String,
    },
    /// Too many redirects.
    #[error("more than {limit} redirects from {url}")]
    TooManyRedirects {
        /// The first address of the chain.
        url: String,
        /// The configured maximum.
        limit: u32,
    },
    /// The host did not respond, or closed the connection early.
    #[error("{host} did not send the manual")]
    Unreachable {
        /// Host name of the manual.
        host: String,
        /// The error of the HTTP client.
        #[source]
        cause: BoxError,
    },
    /// The host responded with an error status.
    #[error("{host} answered {status}")]
    Refused {
        /// Host name of the manual.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The wait that the host asks for.
        retry_after: Option<Duration>,
    },
    /// The transfer did not end in time.
    #[error("{host} did not send the manual within {limit_ms} ms")]
    TimedOut {
        /// Host name of the manual.
        host: String,
        /// The configured maximum in milliseconds.
        limit_ms: u64,
    },
    /// A failure of this machine: a full disk, a process that does not start.
    #[error("{what}")]
    Ours {
        /// The operation that failed.
        what: &'static str,
        /// Its cause.
        #[source]
        cause: BoxError,
    },
}

impl LoadError {
    /// For a failed operation of this machine.
    pub(super) fn ours<E: Into<BoxError>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::Ours { what, cause: cause.into() }
    }

    /// The stable code, and the text for the customer. The only place where errors become text.
    pub fn code_and_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Read(ReadError::Empty) => ("empty", "The manual for this product is empty."),
            Self::Read(ReadError::WrongKind { .. }) => {
                ("wrong_kind", "The manual for this product is not in a form we can read.")
            }
            Self::Read(ReadError::Damaged(_)) => {
                ("damaged", "The manual for this product is damaged and cannot be read.")
            }
            Self::Read(ReadError::Encrypted) => (
                "encrypted",
                "The manual for this product is locked with a password and cannot be read.",
            ),
            Self::Read(ReadError::NoText { .. }) => (
                "no_text",
                "The manual for this product is a scan without text and cannot be searched.",
            ),
            Self::Read(ReadError::Illegible { .. }) => (
                "illegible",
                "The text of this product's manual cannot be read, as that of a scan.",
            ),
            Self::Recognizing { .. } => (
                "recognizing",
                "The manual for this product is a scan. Its text is being recognized now; please ask again in a minute.",
            ),
            Self::Read(ReadError::TooLarge { .. }) => {
                ("too_large", "The manual for this product is too large to read.")
            }
            Self::Read(ReadError::TooManyPages { .. }) => {
                ("too_many_pages", "The manual for this product has too many pages to read.")
            }
            Self::Read(ReadError::TooMuchText { .. }) => {
                ("too_much_text", "The manual for this product holds too much text to read.")
            }
            Self::Read(ReadError::TooComplex { .. }) => {
                ("too_complex", "The manual for this product is too complex to read.")
            }
            Self::Read(ReadError::TooSlow { .. }) => {
                ("too_slow", "Reading the manual for this product took too long.")
            }
            Self::Read(ReadError::ReaderDied(_)) => {
                ("reader_died", "The manual for this product could not be read.")
            }
            Self::Missing { .. } => {
                ("missing", "The manual for this product is not where it should be.")
            }
            Self::Outside { .. } => {
                ("outside", "The manual for this product is not where it may be.")
            }
            Self::Read(ReadError::Unreadable { .. }) => {
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
            Self::Read(ReadError::Ours { .. }) | Self::Ours { .. } => {
                ("internal", "The manual cannot be opened now because of a fault on our side.")
            }
        }
    }
}

impl From<LoadError> for ManualError {
    fn from(error: LoadError) -> Self {
        let (code, words) = error.code_and_words();
        Self::new(code, words, error)
    }
}
