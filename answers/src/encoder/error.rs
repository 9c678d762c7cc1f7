//! Why a model cannot be used.

use std::path::{Path, PathBuf};

/// Why a model cannot be used. A variant for each thing an operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The directory holds no model.
    #[error("{} holds no model; `hsc model fetch` or `make model` puts one there", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        cause: std::io::Error,
    },
    /// A file of the model is not what it must be.
    #[error("{} is damaged: {what}; fetch the model again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        what: String,
    },
    /// The model is whole, but of a kind that this encoder does not run.
    #[error("{} is a model of another kind: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not supported.
        what: String,
    },
}

impl ModelError {
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }

    pub(crate) fn unsupported(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), what: what.into() }
    }

    /// Turns an error of the system on `path` into the typed error.
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Unreadable { path: path.to_owned(), cause }
    }
}
