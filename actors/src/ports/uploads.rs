//! Pictures that visitors and agents put into a conversation.

use bytes::Bytes;
use futures::future::BoxFuture;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use hsc_conversation::BoxError;
use hsc_conversation::UploadId;

/// A picture that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoredImage {
    /// Its id; also the name of its file.
    pub id: String,
    /// What it is, by its content: `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Its size as it is kept, in bytes.
    pub bytes: u64,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// When it goes, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// A picture as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageContent {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Bytes,
}

/// What may be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Whether any is taken.
    pub enabled: bool,
    /// Most bytes.
    pub max_bytes: usize,
}

/// Why a picture was not kept. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is no PNG and no JPEG, or is broken.
    #[error("This is no PNG or JPEG picture, whatever it is called.")]
    NotAPicture,
    /// It has more pixels than are taken.
    #[error("The picture has more than {most} pixels; send a smaller one.")]
    TooManyPixels {
        /// How many are taken.
        most: u64,
    },
    /// As many are being cleaned as may.
    #[error("Too many pictures are coming in just now; try again in a moment.")]
    Busy,
    /// All pictures together are as large as they may be.
    #[error("There is no room for more pictures just now; try again later.")]
    NoRoom,
    /// The folder does not take it.
    #[error("The picture cannot be kept just now; try again later.")]
    Failed {
        /// For the log of the server.
        #[source]
        cause: BoxError,
    },
}

/// Keeps pictures until their time is over. Every call ends within a bounded time of its own.
pub trait Uploads: Send + Sync + 'static {
    /// What may be put in.
    fn limits(&self) -> UploadLimits;

    /// Keeps what the picture shows and nothing else that was in the file.
    fn keep(
        &self,
        conversation: Arc<str>,
        bytes: Bytes,
    ) -> BoxFuture<'static, Result<StoredImage, UploadError>>;

    /// The picture; none where there is none, or none any more.
    fn show(&self, id: UploadId) -> BoxFuture<'static, Result<Option<ImageContent>, UploadError>>;

    /// Removes files by the names under which the archive knew them; says how many were there.
    fn remove(&self, files: Vec<String>) -> BoxFuture<'static, usize>;
}
