//! Walks the tree of a page: emits blocks, and opens sections at headings.
//!
//! The walk is a loop over the tree's edges and not a recursion: a page may be nested as deep as its bytes allow.

use ego_tree::iter::Edge;
use hsc_catalogs::{Block, Heading, Page, Passage};
use scraper::{ElementRef, Html, Node, Selector};

use super::super::ReadError;
use super::super::blocks::Piece;
use super::super::list_marks::is_note;
use super::super::mending::clean;
use super::super::passages::{Binder, LONGEST_HEADING, push_line};
use super::super::sheet::Budget;
use super::super::tables::EMPTY;
use super::chaff::{is_chaff, note_word};

/// The result of the walk.
pub(super) struct Walked {
    pub pages: Vec<Page>,
    pub passages: Vec<Passage>,
    pub headings: Vec<Heading>,
}

pub(super) fn walk(document: &Html, budget: &Budget) -> Result<Walked, ReadError> {
    let mut walk = Walk { breaks_at: break_level(document), ..Walk::default() };
    // The node at which a dropped part began; its content is skipped.
    let mut left_out = None;
    let mut inside = 0_usize;
    let mut text = 0;
    for (step, edge) in root(document).traverse().enumerate() {
        if step % 4096 == 0 {
            budget.check_time()?;
        }
        match edge {
            Edge::Open(node) if left_out.is_none() => match node.value() {
                Node::Element(element) => {
                    if is_chaff(element, inside > 0) {
                        left_out = Some(node.id());
                    } else {
                        inside += usize::from(is_article(element.name()));
                        walk.open(element);
                    }
                }
                Node::Text(piece) => {
                    text += piece.len();
                    budget.check_text(text)?;
                    walk.text.push_str(piece);
                }
                _ => {}
            },
            Edge::Close(node) => match node.value() {
                _ if left_out == Some(node.id()) => left_out = None,
                Node::Element(element) if left_out.is_none() => {
                    inside -= usize::from(is_article(element.name()));
                    walk.close(element.name());
                }
                _ => {}
            },
            Edge::Open(_) => {}
        }
        // A term is repeated with each of its definitions, a heading with each passage below it.
        budget.check_text(walk.text_bytes + walk.binder.heading_bytes)?;
    }
    walk.finish();
    Ok(Walked { pages: walk.pages, passages: walk.binder.passages, headings: walk.binder.headings })
}

/// The root of the manual: `main`, the only article, or the whole page.
fn root(document: &Html) -> ElementRef<'_> {
    let all = |selector| -> Vec<ElementRef<'_>> {
        document.select(&Selector::parse(selector).expect("a selector")).collect()
    };
    let main = all("main, [role=main]");
    let articles = all("article");
    match (main.as_slice(), articles.as_slice()) {
        ([main, ..], _) => *main,
        ([], [article]) => *article,
        _ => document.root_element(),
    }
}

fn is_article(name: &str) -> bool {
    matches!(name, "article" | "main" | "section")
}

/// The level down to which headings begin a section: 2, or deeper if a page has no such heading.
fn break_level(document: &Html) -> u8 {
    let selector = Selector::parse("h1, h2, h3, h4, h5, h6").expect("a selector");
    let top = document.select(&selector).filter_map(|heading| level(heading.value().name())).min();
    top.unwrap_or(1).max(2)
}

fn level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// The kind of block that text becomes when its element ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Bullets,
    Steps(u32),
}

/// A cell of a row.
struct Cell {
    text: String,
    /// Number of columns it spans.
    columns: usize,
    /// It is a `th`.
    names: bool,
}

/// Most columns that a cell spans; a page may declare any number.
const MOST_SPANNED: usize = 12;
/// Most columns of a table whose cells are aligned. Text repeated per column takes memory before it is counted.
const MOST_COLUMNS: usize = 100;
/// Longest text in bytes of a cell that is repeated in each column it spans.
const LONGEST_REPEATED: usize = 40;

#[derive(Default)]
struct Walk {
    breaks_at: u8,
    /// Text since the last block boundary.
    text: String,
    lists: Vec<List>,
    /// True until the first text of a list item.
    item_begins: bool,
    /// Cells of the open row.
    row: Option<Vec<Cell>>,
    /// Columns and kind (`th`) of the open cell.
    cell: (usize, bool),
    /// The open tables: the number of columns of each, if a row of `th` names them.
    tables: Vec<Option<usize>>,
    /// The term of the next definition.
    term: Option<String>,
    /// The open notes, with the number of open elements inside each.
    notes: Vec<(&'static str, usize)>,
    preformatted: usize,
    blocks: Vec<Piece>,
    page: String,
    /// True once the open section has more than its heading.
    filled: bool,
    pages: Vec<Page>,
    binder: Binder,
    /// Bytes of all blocks.
    text_bytes: usize,
}

impl Walk {
    fn number(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn open(&mut self, element: &scraper::node::Element) {
        let name = element.name();
        if is_block(name) {
            self.flush();
        }
        for (_, depth) in &mut self.notes {
            *depth += 1;
        }
        if let Some(word) = note_word(element).filter(|_| is_block(name) && name != "body") {
            self.notes.push((word, 1));
        }
        match name {
            "ul" => self.lists.push(List::Bullets),
            "ol" => {
                let start = element.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.lists.push(List::Steps(start));
            }
            "li" => self.item_begins = true,
            "table" => self.tables.push(None),
            "tr" => self.row = Some(Vec::new()),
            "td" | "th" => {
                let columns = element.attr("colspan").and_then(|columns| columns.parse().ok());
                self.cell = (columns.unwrap_or(1).clamp(1, MOST_SPANNED), name == "th");
            }
            "pre" => self.preformatted += 1,
            "br" => self.text.push('\n'),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            _ if level(name).is_some() => self.heading(level(name).unwrap_or(6)),
            "td" | "th" => {
                let text = clean(&std::mem::take(&mut self.text));
                let (columns, names) = self.cell;
                if let Some(row) = &mut self.row {
                    row.push(Cell { text, columns, names });
                }
            }
            "tr" => {
                let row = self.row.take().unwrap_or_default();
                self.row(row);
            }
            "table" => {
                self.tables.pop();
            }
            "dt" => self.term = Some(clean(&std::mem::take(&mut self.text))),
            "dd" => {
                let told = clean(&std::mem::take(&mut self.text));
                match self.term.clone() {
                    Some(term) if !told.is_empty() => {
                        self.push(Block::Row(format!("{term} | {told}")))
                    }
                    _ => self.text = told,
                }
                self.flush();
            }
            _ if is_block(name) => self.flush(),
            _ => {}
        }
        match name {
            "ul" | "ol" => {
                self.lists.pop();
                self.item_begins = false;
            }
            "li" => {
                if let Some(List::Steps(next)) = self.lists.last_mut() {
                    *next = next.saturating_add(1);
                }
            }
            "dl" => self.term = None,
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            _ => {}
        }
        for (_, depth) in &mut self.notes {
            *depth = depth.saturating_sub(1);
        }
        self.notes.retain(|(_, depth)| *depth > 0);
    }

    /// Ends a block: its text becomes the kind that the surrounding elements define.
    fn flush(&mut self) {
        // A paragraph inside a cell does not end the cell.
        if self.row.is_some() {
            self.text.push(' ');
            return;
        }
        let raw = std::mem::take(&mut self.text);
        let text = if self.preformatted > 0 {
            let lines = raw.lines().map(str::trim_end);
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        } else {
            clean(&raw)
        };
        if text.is_empty() {
            return;
        }
        let block = if is_note(&text) {
            Block::Note(text)
        } else if let Some((word, _)) = self.notes.last() {
            Block::Note(format!("{word}: {text}"))
        } else {
            match self.lists.last() {
                Some(List::Bullets) if self.item_begins => Block::Bullet(text),
                Some(List::Steps(number)) if self.item_begins => {
                    Block::Step(format!("{number}. {text}"))
                }
                // A further paragraph of an item continues it.
                Some(_) => {
                    let last = self.blocks.last_mut().map(|piece| &mut piece.block);
                    if let Some(Block::Bullet(item) | Block::Step(item)) = last {
                        item.push(' ');
                        item.push_str(&text);
                        push_line(&mut self.page, &text);
                        return;
                    }
                    Block::Paragraph(text)
                }
                None => Block::Paragraph(text),
            }
        };
        self.item_begins = false;
        self.push(block);
    }

    /// A row of a table. Below a row of `th` every cell keeps its column; elsewhere a table may be used for layout,
    /// and
    /// empty cells are spacing.
    fn row(&mut self, row: Vec<Cell>) {
        let columns = row.iter().map(|cell| cell.columns).sum::<usize>();
        let filled = row.iter().filter(|cell| !cell.text.is_empty()).count();
        let names = filled > 1
            && columns <= MOST_COLUMNS
            && row.iter().all(|cell| cell.names || cell.text.is_empty());
        let table = self.tables.last_mut();
        let is_first = names && table.as_ref().is_some_and(|columns| columns.is_none());
        if is_first && let Some(table) = table {
            *table = Some(columns);
        }
        let is_under_names = self.tables.last().is_some_and(|table| *table == Some(columns));
        let mut cells: Vec<String> = Vec::new();
        for cell in row {
            match (cell.text.is_empty(), is_under_names) {
                (true, false) => {}
                (true, true) => cells.resize(cells.len() + cell.columns, EMPTY.to_owned()),
                // A cell that spans columns is repeated in each of them, because a row is quoted alone.
                (false, true) if cell.text.len() <= LONGEST_REPEATED => {
                    cells.resize(cells.len() + cell.columns, cell.text);
                }
                (false, true) => {
                    cells.push(cell.text);
                    cells.resize(cells.len() + cell.columns - 1, EMPTY.to_owned());
                }
                (false, false) => cells.push(cell.text),
            }
        }
        match (filled, cells.len()) {
            (0, _) => {}
            // Tables of one column are used for layout.
            (1, _) if !is_under_names => self.push(Block::Paragraph(cells.remove(0))),
            (_, 1) => self.push(Block::Paragraph(cells.remove(0))),
            _ => self.push(Piece { block: Block::Row(cells.join(" | ")), names_columns: is_first }),
        }
    }

    fn push(&mut self, piece: impl Into<Piece>) {
        let piece: Piece = piece.into();
        self.text_bytes += piece.block.text().len();
        push_line(&mut self.page, piece.block.text());
        self.blocks.push(piece);
        self.filled = true;
    }

    fn heading(&mut self, level: u8) {
        let text = clean(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        if text.len() > LONGEST_HEADING {
            return self.push(Block::Paragraph(text));
        }
        self.bind();
        // A title without content stays with the first section below it.
        if level <= self.breaks_at && self.filled {
            self.end_page();
        }
        push_line(&mut self.page, &text);
        self.binder.heading(level, &text, self.number());
    }

    fn bind(&mut self) {
        let number = self.number();
        self.binder.blocks(std::mem::take(&mut self.blocks), number, false);
    }

    fn end_page(&mut self) {
        let number = self.number();
        let text = std::mem::take(&mut self.page);
        self.pages.push(Page { number, label: None, text, contents: false });
        self.filled = false;
    }

    fn finish(&mut self) {
        self.flush();
        self.bind();
        if !self.page.is_empty() {
            self.end_page();
        }
    }
}

/// Elements that begin and end a block; all others are inline.
fn is_block(name: &str) -> bool {
    level(name).is_some()
        || matches!(
            name,
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "body"
                | "caption"
                | "center"
                | "dd"
                | "details"
                | "div"
                | "dl"
                | "dt"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "header"
                | "hr"
                | "html"
                | "li"
                | "main"
                | "ol"
                | "p"
                | "pre"
                | "section"
                | "summary"
                | "table"
                | "tbody"
                | "tfoot"
                | "thead"
                | "ul"
        )
}
