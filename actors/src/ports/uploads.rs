//! Pictures that visitors and agents upload to a conversation.

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use hsc_conversation::{BoxError, UploadId};

/// A stored picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredImage {
    /// Its id; also the name of its file.
    pub id: String,
    /// Media type, detected from the content: `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Size of the stored file, in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Time of deletion, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// A picture for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageContent {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The whole file, as it is stored.
    pub bytes: Bytes,
}

/// Limits of uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// True if uploads are enabled.
    pub enabled: bool,
    /// Largest file in bytes.
    pub max_bytes: usize,
}

/// Why a picture was not stored. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Neither PNG nor JPEG, or damaged.
    #[error("This is no PNG or JPEG picture, whatever it is called.")]
    NotAPicture,
    /// It has more pixels than the limit.
    #[error("The picture has more than {most} pixels; send a smaller one.")]
    TooManyPixels {
        /// Most pixels of a picture, width times height.
        most: u64,
    },
    /// All re-encoding slots are in use.
    #[error("Too many pictures are coming in just now; try again in a moment.")]
    Busy,
    /// The total size limit is reached.
    #[error("There is no room for more pictures just now; try again later.")]
    NoRoom,
    /// The folder is not writable.
    #[error("The picture cannot be kept just now; try again later.")]
    Failed {
        /// For the server's log.
        #[source]
        cause: BoxError,
    },
}

/// Stores pictures until they expire. Every call ends within a time limit of its own.
pub trait Uploads: Send + Sync + 'static {
    /// The limits of uploads.
    fn limits(&self) -> UploadLimits;

    /// Stores the pixels of the picture, and nothing else of the file.
    fn keep(
        &self,
        conversation: Arc<str>,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<StoredImage, UploadError>>;

    /// The picture; none if it does not exist or has expired.
    fn show(&self, id: UploadId) -> BoxFuture<'static, Result<Option<ImageContent>, UploadError>>;

    /// Removes files by their names in the archive; returns how many existed.
    fn remove(&self, files: Vec<String>) -> BoxFuture<'static, usize>;
}
