//! Pictures that people put into a conversation: cleaned, kept in a folder for a while, shown.
//!
//! [`Folder`] implements the port `Uploads`; `cleaning` decides by content what a file is and makes a new
//! one of its pixels; [`tidier()`] removes what is past its time. The folder lies outside of everything that
//! is served; what a picture is called there is its id and nothing of the sender's.
//!
//! What must never be: a byte of what was sent in what is kept, a file's name or its sender's word believed,
//! a picture unpacked before its size is known, a picture that is unpacked on a thread that serves others.

mod cleaning;
mod cleanup_worker;
mod folder;

pub use cleanup_worker::tidier;
pub use folder::{Folder, NoFolder};
