//! Errors of a model.

use std::path::{Path, PathBuf};

/// Why a model cannot be used. A variant for each thing an operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The directory has no model.
    #[error("{} holds no model; `hsc model fetch` or `make model` puts one there", dir.display())]
    Missing {
        /// The model directory.
        dir: PathBuf,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        cause: std::io::Error,
    },
    /// A file of the model is invalid.
    #[error("{} is damaged: {what}; fetch the model again", path.display())]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong in it.
        what: String,
    },
    /// The model is valid, but of an architecture that this encoder does not support.
    #[error("{} is a model of another kind: {what}", path.display())]
    Unsupported {
        /// Path of the file.
        path: PathBuf,
        /// The unsupported property.
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

    /// Maps an error of the system on `path` to the typed error.
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Unreadable { path: path.to_owned(), cause }
    }
}
