//! Pictures in conversations: re-encoded, stored in a folder until they expire, served.
//!
//! [`Folder`] implements the port `Uploads`; `cleaning` detects the format by content and re-encodes
//! the pixels; [`cleanup_worker()`] removes expired pictures. The folder is outside of everything that
//! is served as files; the name of a picture there is its id and nothing of the sender's.
//!
//! Never: a byte of the uploaded file in the stored one, trust in a file's name or declared type,
//! a picture decoded before its size is known, a picture decoded on a thread that serves others.

mod cleaning;
mod cleanup_worker;
mod folder;

pub use cleanup_worker::cleanup_worker;
pub use folder::{Folder, NoFolder};
