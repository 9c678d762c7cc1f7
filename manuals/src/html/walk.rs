//! Walks the tree of a page: emits blocks, opens sections at headings, and drops what does not belong to the manual.
//!
//! The walk is a loop over the tree's edges and not a recursion: a page may be nested as deep as its bytes allow.

use super::super::ReadError;
use super::super::blocks::Piece;
use super::super::list_marks::is_note;
use super::super::mending::clean;
use super::super::passages::{Binder, LONGEST_HEADING, push_line};
use super::super::sheet::Budget;
use super::super::tables::EMPTY;
use ego_tree::iter::Edge;
use hsc_catalogs::{Block, Page};
use scraper::node::Element;
use scraper::{ElementRef, Html, Node, Selector};
use std::collections::BTreeMap;

/// The sections of a page as pages, and its passages.
pub(super) fn walk(document: &Html, budget: &Budget) -> Result<(Vec<Page>, Binder), ReadError> {
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
    Ok((walk.pages, walk.binder))
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
#[derive(Debug, Clone, Default)]
struct Cell {
    text: String,
    /// Number of columns it spans.
    columns: usize,
    /// Number of rows it spans.
    rows: usize,
    /// It is a `th`.
    names: bool,
    /// It begins in a row above.
    is_from_above: bool,
}

/// An open table.
#[derive(Debug, Default)]
struct Table {
    /// The number of columns, if a row of `th` names them.
    columns: Option<usize>,
    /// The cells that reach into the rows below, by their first column.
    spans: BTreeMap<usize, Cell>,
    /// The names of the columns, as long as a second row of names may follow.
    names: Option<Names>,
}

/// A row of names of which some cells span columns: the row below it names those columns.
#[derive(Debug)]
struct Names {
    cells: Vec<String>,
    /// Length of the text of the page before the row, and number of blocks with it.
    page: usize,
    blocks: usize,
}

impl Table {
    /// The cells of the next row: its own, and those that reach into it from above.
    fn next_row(&mut self, own: Vec<Cell>) -> Vec<Cell> {
        let mut spans = std::mem::take(&mut self.spans).into_iter().peekable();
        let mut row: Vec<Cell> = Vec::with_capacity(own.len());
        let mut column = 0;
        let mut own = own.into_iter();
        loop {
            let cell = match spans.next_if(|(from, _)| *from <= column) {
                Some((_, cell)) => Cell { is_from_above: true, rows: cell.rows - 1, ..cell },
                None => match (own.next(), spans.peek()) {
                    (Some(cell), _) => cell,
                    (None, Some((from, _))) => {
                        Cell { columns: from - column, rows: 1, ..Cell::default() }
                    }
                    (None, None) => break,
                },
            };
            if cell.rows > 1 && column < MOST_COLUMNS {
                let is_kept = cell.text.len() <= LONGEST_REPEATED_DOWN;
                let text = if is_kept { cell.text.clone() } else { String::new() };
                self.spans.insert(column, Cell { text, ..cell });
            }
            column += cell.columns;
            row.push(cell);
        }
        row
    }
}

/// Most columns that a cell spans; a page may declare any number.
const MOST_SPANNED: usize = 12;
/// Most columns of a table whose cells are aligned. Text repeated per column takes memory before it is counted.
const MOST_COLUMNS: usize = 100;
/// Longest text in bytes of a cell that is repeated in each column it spans.
const LONGEST_REPEATED: usize = 40;
/// Longest text in bytes of a cell that is repeated in each row it spans: a symptom, or the name of a group of settings.
/// A longer one holds a part of the page.
const LONGEST_REPEATED_DOWN: usize = 400;
/// Most rows that a cell spans, as the HTML standard has it.
const MOST_ROWS: usize = 65_534;

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
    /// The open cell, without its text.
    cell: Cell,
    tables: Vec<Table>,
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

    fn open(&mut self, element: &Element) {
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
            "table" => self.tables.push(Table::default()),
            "tr" => self.row = Some(Vec::new()),
            "td" | "th" => {
                let span = |name| element.attr(name).and_then(|span| span.trim().parse().ok());
                let columns = span("colspan").unwrap_or(1).clamp(1, MOST_SPANNED);
                let rows = match span("rowspan") {
                    // To the end of its group of rows.
                    Some(0) => MOST_ROWS,
                    rows => rows.unwrap_or(1).min(MOST_ROWS),
                };
                self.cell = Cell { columns, rows, names: name == "th", ..Cell::default() };
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
                let cell = std::mem::take(&mut self.cell);
                if let Some(row) = &mut self.row {
                    row.push(Cell { text, columns: cell.columns.max(1), ..cell });
                }
            }
            "tr" => {
                let row = self.row.take().unwrap_or_default();
                self.row(row);
            }
            "table" => {
                self.tables.pop();
            }
            "thead" | "tbody" | "tfoot" => {
                if let Some(table) = self.tables.last_mut() {
                    table.spans.clear();
                }
            }
            "dt" => self.term = Some(clean(&std::mem::take(&mut self.text))),
            "dd" => {
                let definition = clean(&std::mem::take(&mut self.text));
                match self.term.clone() {
                    Some(term) if !definition.is_empty() => {
                        self.push(Block::Row(format!("{term} | {definition}")))
                    }
                    _ => self.text = definition,
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

    /// A row of a table. Below a row of `th` every cell keeps its column; elsewhere a table may be used for layout, and
    /// empty cells are spacing.
    fn row(&mut self, own: Vec<Cell>) {
        let mut stray = Table::default();
        let table = self.tables.last_mut().unwrap_or(&mut stray);
        let row = table.next_row(own);
        let columns = row.iter().map(|cell| cell.columns).sum::<usize>();
        let filled = row.iter().filter(|cell| !cell.text.is_empty()).count();
        let is_own = |cell: &Cell| !cell.text.is_empty() && !cell.is_from_above;
        let names = filled > 1
            && columns <= MOST_COLUMNS
            && row.iter().all(|cell| cell.names || cell.text.is_empty());
        let is_first = names && table.columns.is_none();
        let above = table.names.take();
        if is_first {
            table.columns = Some(columns);
        }
        let is_under_names = table.columns == Some(columns);
        if !row.iter().any(is_own) {
            return;
        }
        let has_groups = row.iter().any(|cell| cell.columns > 1 && !cell.text.is_empty());
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
        if let Some(above) = above.filter(|above| names && above.blocks == self.blocks.len()) {
            self.page.truncate(above.page);
            self.blocks.pop();
            let cells = above.cells.iter().zip(&cells).map(|(group, name)| join(group, name));
            return self.push(Piece {
                block: Block::Row(cells.collect::<Vec<_>>().join(" | ")),
                names_columns: true,
            });
        }
        match (filled, cells.len()) {
            (0, _) => {}
            // Tables of one column are used for layout.
            (1, _) if !is_under_names => self.push(Block::Paragraph(cells.remove(0))),
            (_, 1) => self.push(Block::Paragraph(cells.remove(0))),
            _ => {
                let page = self.page.len();
                let text = cells.join(" | ");
                self.push(Piece { block: Block::Row(text), names_columns: is_first });
                if let Some(table) = self.tables.last_mut().filter(|_| is_first && has_groups) {
                    table.names = Some(Names { cells, page, blocks: self.blocks.len() });
                }
            }
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
        for table in &mut self.tables {
            table.names = None;
        }
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

/// The name of a column below the name of its group.
fn join(group: &str, name: &str) -> String {
    match (group, name) {
        (group, name) if group == name || name == EMPTY => group.to_owned(),
        (EMPTY, name) => name.to_owned(),
        (group, name) => format!("{group} {name}"),
    }
}

/// Elements that begin and end a block; all others are inline.
fn is_block(name: &str) -> bool {
    match name {
        "address" | "article" | "aside" | "blockquote" | "body" | "caption" | "center" | "dd"
        | "details" | "div" | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "header"
        | "hr" | "html" | "li" | "main" | "ol" | "p" | "pre" | "section" | "summary" | "table"
        | "tbody" | "tfoot" | "thead" | "ul" => true,
        _ => level(name).is_some(),
    }
}

/// Elements that never contain text of a manual: navigation, scripts, banners, footers.
const ELEMENTS: &[&str] = &[
    "head", "script", "style", "noscript", "template", "nav", "footer", "iframe", "object", "svg",
    "canvas", "audio", "video", "button", "select", "input", "textarea", "form", "dialog", "menu",
];

/// ARIA roles with the same meaning.
const ROLES: &[&str] =
    &["navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog"];

/// Words of a class or an id with the same meaning. Whole words only: `toc` matches,
/// `stock` does not.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "toc", "table-of-contents", "tableofcontents", "breadcrumb", "breadcrumbs", "navbar", "sidebar",
    "cookie", "cookies", "cookie-banner", "advert", "advertisement", "share", "social", "skip-link",
    "pagination",
];

/// True for an element that is dropped with its content. `inside` means that it is in an
/// article, whose own header belongs to the text.
fn is_chaff(element: &Element, inside: bool) -> bool {
    let name = element.name();
    let says = |attribute, value: &str| element.attr(attribute).is_some_and(|found| found == value);
    ELEMENTS.contains(&name)
        || (name == "header" && !inside)
        || (name == "aside" && note_word(element).is_none())
        || element.attr("hidden").is_some()
        || says("aria-hidden", "true")
        || element.attr("role").is_some_and(|role| ROLES.contains(&role))
        || words(element).any(|word| NAMES.contains(&word.as_str()))
}

/// The word for a note, if an element is marked as one: `Warning` for `<div class="warning">`.
fn note_word(element: &Element) -> Option<&'static str> {
    words(element).find_map(|word| match word.as_str() {
        "note" | "notice" | "info" | "admonition-note" => Some("Note"),
        "tip" | "hint" | "pro-tip" => Some("Tip"),
        "warning" | "warn" => Some("Warning"),
        "caution" | "danger" | "alert" => Some("Caution"),
        "important" => Some("Important"),
        _ => None,
    })
}

fn words(element: &Element) -> impl Iterator<Item = String> {
    let attributes = [element.attr("class"), element.attr("id")];
    attributes
        .into_iter()
        .flatten()
        .flat_map(|value| value.split_ascii_whitespace().map(str::to_ascii_lowercase))
        .collect::<Vec<_>>()
        .into_iter()
}
