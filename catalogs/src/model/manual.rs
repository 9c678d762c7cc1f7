//! A manual as it is read: numbered pages, and passages that know their page and heading.

use serde::{Deserialize, Serialize};

/// A manual turned into text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manual {
    /// Title out of the document, empty when it gives none.
    pub title: String,
    /// What the bytes were.
    pub format: ManualFormat,
    /// Where they came from.
    pub source: ManualSource,
    /// The pages in order; `pages[i].number == i + 1`.
    pub pages: Vec<Page>,
    /// The pages cut into passages, in reading order.
    pub passages: Vec<Passage>,
    /// The document's own outline (PDF bookmarks, HTML headings), in order; empty when it has none.
    pub outline: Vec<Heading>,
}

impl Manual {
    /// The number printed on a page, where it is known and another one than that of the file.
    #[must_use]
    pub fn page_label(&self, page: u32) -> Option<&str> {
        let at = usize::try_from(page).ok()?.checked_sub(1)?;
        self.pages.get(at)?.label.as_deref()
    }
}

/// What a manual's bytes were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ManualFormat {
    /// A PDF file; a page is a page of it.
    Pdf,
    /// A web page; a page is a section of it.
    Html,
}

/// Where a manual came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualSource {
    /// The address or path that was read in the end (after redirects and backups).
    pub location: String,
    /// True when the origin did not answer and an older copy is used.
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
    /// 1 is the first; for a PDF this is what `#page=N` opens.
    pub number: u32,
    /// The number printed on it, where it is known and another one (`iv`, `12`, `12–13` on a spread).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// All of its text, a running header at its beginning and a running footer at its end. Passages have neither.
    pub text: String,
    /// True for a page of contents or an index: it names everything and answers nothing.
    pub contents: bool,
}

/// A heading and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 is a chapter.
    pub level: u8,
    /// Its text, numbering kept as printed.
    pub text: String,
    /// The page it stands on.
    pub page: u32,
}

/// A stretch of text under one heading, small enough to rank and to quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The page it stands on (where it begins).
    pub page: u32,
    /// The headings above it, outermost first; the last is its own section.
    pub headings: Vec<String>,
    /// The language it is written in (ISO 639-1: `en`, `he`), where it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// True when its section's heading stands directly above it: the section begins here.
    pub opens_section: bool,
    /// True on a page of contents or an index.
    pub contents: bool,
    /// What it is made of.
    pub blocks: Vec<Block>,
}

impl Passage {
    /// The passage as running text, one line a block.
    #[must_use]
    pub fn text(&self) -> String {
        self.blocks.iter().map(|block| block.text()).collect::<Vec<_>>().join("\n")
    }
}

/// What stands in a text in place of a small picture among its words: a button that is drawn and not named. A
/// sentence that holds it is not complete without the page.
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
    /// A note, tip, caution or warning, its word kept in the text (`Tip: …`).
    Note(String),
}

impl Block {
    /// Its text, whatever it is.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Paragraph(text)
            | Self::Step(text)
            | Self::Bullet(text)
            | Self::Row(text)
            | Self::Note(text) => text,
        }
    }
}

/// A page an answer rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Citation {
    /// The page, counted from 1 in the file.
    pub page: u32,
    /// The number printed on that page, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The manual's own words.
    pub quote: String,
    /// Where a browser opens it: `/manuals/<product_id>#page=12`.
    pub url: String,
    /// How well it fits the question, 0 to 1.
    pub score: f32,
}
