//! Manuals as Markdown, set as PDF or HTML.
//!
//! A manual source is Markdown with a few lines about itself in front (see [`Source`]). From it come,
//! always the same to the byte:
//!
//! - [`pdf`]: title page, contents with page numbers and links, chapters, running head and foot,
//!   bookmarks, compressed pages. The number printed on a page is the number of the page in the file,
//!   so `#page=12` opens what the contents call 12.
//! - [`html()`]: one page with the same numbering, in any script and direction.
//!
//! On the way to a PDF: `source` reads, `shape` turns pieces into slices that may not be cut,
//! `paginate` puts slices on sheets, `front` adds title and contents, `write` makes the file. None of
//! them reads a clock, a file or a random number.

mod font;
mod front;
mod html;
mod line;
mod paginate;
mod shape;
mod sheet;
mod source;
mod table;
mod write;

pub use front::{Typeset, pdf};
pub use html::html;
pub use source::{About, Direction, Form, NoteKind, Piece, Source, SourceError, Span, Style};
