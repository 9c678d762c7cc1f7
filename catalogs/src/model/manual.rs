//! A manual as text: numbered pages, and passages with page and headings.

use serde::{Deserialize, Serialize};

/// A manual as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manual {
    /// Title of the document; may be empty.
    pub title: String,
    /// Format of the file.
    pub format: ManualFormat,
    /// Source of the file.
    pub source: ManualSource,
    /// The pages in order; `pages[i].number == i + 1`.
    pub pages: Vec<Page>,
    /// The pages cut into passages, in reading order.
    pub passages: Vec<Passage>,
    /// The document's own outline (PDF bookmarks, HTML headings), in order; may be empty.
    pub outline: Vec<Heading>,
}

impl Manual {
    /// The number printed on a page, if it is known and differs from the page's number in the file.
    pub fn page_label(&self, page: u32) -> Option<&str> {
        let at = usize::try_from(page).ok()?.checked_sub(1)?;
        self.pages.get(at)?.label.as_deref()
    }
}

/// Format of a manual's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ManualFormat {
    /// A PDF file; its pages are the pages.
    Pdf,
    /// A web page; its sections are the pages.
    Html,
}

/// Source of a manual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualSource {
    /// The final address or path (after redirects and backups).
    pub location: String,
    /// True when the origin did not respond and an older copy is used.
    pub stale: bool,
    /// Numbers of the scanned pages whose text is not recognized yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<u32>,
    /// Numbers of the scanned pages whose text cannot be recognized: damaged, too slow, or without OCR.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<u32>,
}

/// One page of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// 1 is the first; in a PDF it is the target of `#page=N`.
    pub number: u32,
    /// The number printed on it, if it is known and differs (`iv`, `12`, `12–13` on a spread).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// All of its text, including running headers and footers. Passages have neither.
    pub text: String,
    /// True for a page of contents or an index: it mentions every subject and answers nothing.
    pub contents: bool,
}

/// A heading and its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Depth; 1 is a chapter.
    pub level: u8,
    /// Its text, numbering kept as printed.
    pub text: String,
    /// Its page.
    pub page: u32,
}

/// A section of text under one heading, small enough to rank and to quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The page on which it begins.
    pub page: u32,
    /// The headings above it, outermost first; the last is that of its own section.
    pub headings: Vec<String>,
    /// The language it is written in (ISO 639-1: `en`, `he`), if it was detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// True when its section's heading is directly above it: the section begins here.
    pub opens_section: bool,
    /// True on a page of contents or an index.
    pub contents: bool,
    /// Its blocks.
    pub blocks: Vec<Block>,
}

impl Passage {
    /// The passage as text, one line per block.
    pub fn text(&self) -> String {
        self.blocks.iter().map(|block| block.text()).collect::<Vec<_>>().join("\n")
    }
}

/// Replaces a small picture among the words of a text: a button that is drawn and not named. A
/// sentence with it is incomplete without the page.
pub const PICTURE_MARK: &str = "[picture]";

/// A piece of a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// One paragraph of running text.
    Paragraph(String),
    /// One numbered step, its number kept in the text (`3. Press Enter.`).
    Step(String),
    /// One bullet of a list.
    Bullet(String),
    /// One row of a table, cells joined by ` | `.
    Row(String),
    /// The names of the columns of the rows below, joined as these are.
    ColumnNames(String),
    /// A note, tip, caution or warning, its word kept in the text (`Tip: …`).
    Note(String),
}

impl Block {
    /// Its text, of every kind.
    pub fn text(&self) -> &str {
        match self {
            Self::Paragraph(text)
            | Self::Step(text)
            | Self::Bullet(text)
            | Self::Row(text)
            | Self::ColumnNames(text)
            | Self::Note(text) => text,
        }
    }
}

/// A page that supports an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Citation {
    /// The page, counted from 1 in the file.
    pub page: u32,
    /// The number printed on that page, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The manual's own words.
    pub quote: String,
    /// Its address in a browser: `/manuals/<product_id>#page=12`.
    pub url: String,
    /// Relevance to the question, 0 to 1.
    pub score: f32,
}
