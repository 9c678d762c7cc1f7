//! A picture of a question.
//!
//! Pictures are the largest thing that a pod holds for a client, so each held picture contains its share of the pod's
//! budget: dropping the last copy returns the share, and no path can forget it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;

use crate::protocol::error::ErrorCode;
use crate::protocol::fields::{InvalidMessage, invalid};

/// Largest picture, decoded: what the current vision endpoints accept without scaling it down.
pub(crate) const IMAGE_BYTES: usize = 4 * 1024 * 1024;

/// A picture of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The bytes are held. Cheap to clone.
    Held(Arc<ImageFile>),
    /// The bytes are not held, because no answerer of this server looks at pictures.
    Unseen,
    /// The bytes are not held, because the budget for pictures is used up.
    NoRoom,
}

/// The media type, detected from the first bytes, and the bytes.
pub struct ImageFile {
    media_type: &'static str,
    bytes: Vec<u8>,
    /// Returned when this is dropped. None for a picture that was just read, and for small ones out of a log.
    share: Option<Box<dyn Any + Send + Sync>>,
}

impl Image {
    /// Holds a file of this media type, outside of any budget.
    pub fn held(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self::Held(Arc::new(ImageFile { media_type, bytes, share: None }))
    }

    /// The file, if it is held.
    pub fn file(&self) -> Option<&ImageFile> {
        match self {
            Self::Held(file) => Some(file),
            Self::Unseen | Self::NoRoom => None,
        }
    }

    /// Holds the file only with a share of the budget. `take` returns a share for this many decoded bytes.
    #[must_use]
    pub fn within<S: Any + Send + Sync>(self, take: impl FnOnce(usize) -> Option<S>) -> Self {
        let Self::Held(file) = self else { return self };
        let Some(share) = take(file.bytes.len()) else { return Self::NoRoom };
        // The picture was just read and has no other copy.
        let file = Arc::into_inner(file).expect("an image that was just read has one owner");
        Self::Held(Arc::new(ImageFile { share: Some(Box::new(share)), ..file }))
    }

    /// Reads a data URL or bare base64.
    ///
    /// # Errors
    /// When it is not a picture of an accepted kind, or is too large.
    pub(crate) fn read(text: &str) -> Result<Self, InvalidMessage> {
        let bad = |reason: &str| InvalidMessage {
            code: ErrorCode::InvalidImage,
            ..invalid(&format!("'image' {reason}"))
        };
        let payload = match text.strip_prefix("data:") {
            Some(rest) => {
                rest.split_once(";base64,")
                    .ok_or_else(|| bad("is a data URL without ';base64,'"))?
                    .1
            }
            None => text,
        };
        // Some encoders break their lines.
        let payload: String = payload.split_ascii_whitespace().collect();
        // Base64 has four characters for three bytes: refuse a picture that would be too large before decoding it.
        if payload.len() / 4 * 3 > IMAGE_BYTES + 3 {
            return Err(bad(&format!("is larger than {IMAGE_BYTES} bytes")));
        }
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(payload)
            .map_err(|_| bad("is neither a data URL nor base64"))?;
        let media_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', ..] => "image/gif",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(bad("is not a PNG, JPEG, GIF or WebP")),
        };
        if bytes.len() > IMAGE_BYTES {
            return Err(bad(&format!("is larger than {IMAGE_BYTES} bytes")));
        }
        Ok(Self::held(media_type, bytes))
    }
}

impl ImageFile {
    /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for ImageFile {
    fn eq(&self, other: &Self) -> bool {
        self.media_type == other.media_type && self.bytes == other.bytes
    }
}

impl Eq for ImageFile {}

impl fmt::Debug for ImageFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = if self.share.is_some() { "" } else { ", in no budget" };
        write!(f, "ImageFile({}, {} bytes{counted})", self.media_type, self.bytes.len())
    }
}
