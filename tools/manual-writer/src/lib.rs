//! Writes manuals from Markdown as PDF or HTML: a tool for the demo catalog and for generated catalogs.
//!
//! The server does not contain it. A manual source is Markdown with a header of metadata (see
//! [`Source`]). The same source always gives the same bytes:
//!
//! - [`pdf`]: title page, contents with page numbers and links, chapters, page headers and footers, bookmarks. The
//!   printed page number is the number of the page in the file.
//! - [`html()`]: one page with the same numbering, in any script and direction.
//!
//! `source` parses; `shape` and `table` turn blocks into slices that are not split; `paginate` puts slices on sheets;
//! `front` adds title and contents; `write` writes the file with pdf-writer.

mod font;
mod front;
mod html;
mod line;
mod paginate;
mod shape;
mod sheet;
mod slice;
mod source;
mod table;
mod write;

pub use front::{Typeset, pdf};
pub use html::html;
pub use source::{About, Form, NoteKind, Piece, Source, SourceError, Span, Style};
