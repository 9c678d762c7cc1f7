//! Turns pages of headings and blocks into the pages and passages of a manual.

use hsc_catalogs::{Block, Heading, Page, Passage};

use super::blocks::{Piece, blocks};
use super::headings::{Part, Setting};
use super::layout::Line;
use super::mending::Words;
use super::page_headers::Running;

/// Letters from which a passage is full. A paragraph or two, or a procedure of six steps: enough to
/// answer from, short enough to rank.
const FULL: usize = 900;
/// Longest block in letters; a longer one is cut at a sentence, so that it can be ranked and quoted.
const LONGEST_BLOCK: usize = 1_400;
/// Longest heading in bytes; each passage below repeats it, and a longer line is not a heading.
pub(super) const LONGEST_HEADING: usize = 400;

/// Collects blocks into passages, with the headings above them.
#[derive(Default)]
pub(super) struct Binder {
    path: Vec<(u8, String)>,
    opens: bool,
    pub passages: Vec<Passage>,
    /// Bytes of the headings that the passages repeat.
    pub heading_bytes: usize,
    /// Every heading, in order.
    pub headings: Vec<Heading>,
    /// The column names of the table of the last block.
    columns: Option<String>,
}

impl Binder {
    /// A heading: the following blocks are below it.
    pub(super) fn heading(&mut self, level: u8, text: &str, page: u32) {
        self.path.retain(|(above, _)| *above < level);
        let text = &text[..text.floor_char_boundary(LONGEST_HEADING)];
        self.path.push((level, text.to_owned()));
        self.opens = true;
        self.columns = None;
        self.headings.push(Heading { level, text: text.to_owned(), page });
    }

    /// Blocks below the last heading, on one page. A table that continues in another passage or on another page repeats
    /// its column names there.
    pub(super) fn blocks(&mut self, blocks: Vec<impl Into<Piece>>, page: u32, contents: bool) {
        let mut held: Vec<Block> = Vec::new();
        let mut letters = 0;
        let mut begins_page = true;
        let mut pieces = blocks.into_iter().map(Into::into).flat_map(cut_piece).peekable();
        while let Some(Piece { mut block, names_columns: is_set_so }) = pieces.next() {
            let more = block.text().len();
            // A list stays with the line that introduces it, even if the passage becomes longer.
            let announced = held.last().is_some_and(|block| block.text().ends_with(':'));
            if letters > 0 && letters + more > FULL && !announced {
                self.bind(std::mem::take(&mut held), page, contents);
                letters = 0;
            }
            match &block {
                Block::Row(row) => match &self.columns {
                    Some(_) if is_set_so => self.columns = Some(row.clone()),
                    // A first row of other columns is of another table; a later one has a merged or an empty cell.
                    Some(columns) if begins_page && !alike(columns, row) => self.columns = None,
                    Some(columns) if held.is_empty() && columns != row => {
                        letters += columns.len();
                        held.push(Block::ColumnNames(columns.clone()));
                    }
                    Some(_) => {}
                    None => {
                        let is_table =
                            matches!(pieces.peek(), Some(Piece { block: Block::Row(_), .. }));
                        let heads =
                            !matches!(held.last(), Some(Block::Row(_) | Block::ColumnNames(_)));
                        self.columns = (is_table && heads && (is_set_so || names_columns(row)))
                            .then(|| row.clone());
                    }
                },
                _ => self.columns = None,
            }
            if let Block::Row(row) = &mut block
                && self.columns.as_ref() == Some(row)
            {
                block = Block::ColumnNames(std::mem::take(row));
            }
            letters += more;
            held.push(block);
            begins_page = false;
        }
        if !held.is_empty() {
            self.bind(held, page, contents);
        }
    }

    fn bind(&mut self, blocks: Vec<Block>, page: u32, contents: bool) {
        self.heading_bytes += self.path.iter().map(|(_, text)| text.len()).sum::<usize>();
        self.passages.push(Passage {
            page,
            language: None,
            headings: self.path.iter().map(|(_, text)| text.clone()).collect(),
            opens_section: std::mem::take(&mut self.opens),
            contents,
            blocks,
        });
    }
}

/// Cells from which the first row of a table counts as column names; with two it is an ordinary row.
const NAMED_COLUMNS: usize = 3;

/// True when two rows have the same number of cells.
fn alike(one: &str, other: &str) -> bool {
    one.split(" | ").count() == other.split(" | ").count()
}

/// True for a row that may be column names: a figure is a value and never the name of a column.
fn names_columns(row: &str) -> bool {
    let cells = row.split(" | ").map(str::trim);
    cells.clone().count() >= NAMED_COLUMNS
        && !cells.clone().any(|cell| cell.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// Cuts a piece as [`cut`] does.
fn cut_piece(piece: Piece) -> impl Iterator<Item = Piece> {
    let Piece { block, names_columns } = piece;
    cut(block).into_iter().map(move |block| Piece { block, names_columns })
}

/// Cuts an overlong block at the ends of sentences, else of lines or words.
fn cut(block: Block) -> Vec<Block> {
    if block.text().len() <= LONGEST_BLOCK {
        return vec![block];
    }
    let rebuild: fn(String) -> Block = match block {
        Block::Paragraph(_) => Block::Paragraph,
        Block::Step(_) => Block::Step,
        Block::Bullet(_) => Block::Bullet,
        Block::Row(_) => Block::Row,
        Block::ColumnNames(_) => Block::ColumnNames,
        Block::Note(_) => Block::Note,
    };
    let mut rest = block.text();
    let mut pieces = Vec::new();
    while rest.len() > LONGEST_BLOCK {
        let end = rest.floor_char_boundary(LONGEST_BLOCK);
        let head = &rest[..end];
        let at = [". ", "\n", "。", " "].iter().find_map(|mark| {
            let at = head.rfind(mark)? + mark.len();
            (at > FULL / 2).then_some(at)
        });
        let (piece, after) = rest.split_at(at.unwrap_or(end));
        pieces.push(rebuild(piece.trim().to_owned()));
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rebuild(rest.to_owned()));
    }
    pieces
}

/// Builds a manual from the pages of a PDF. The running lines are in the text of the pages and in no passage.
pub(super) fn bind(
    pages: &[Vec<Part>],
    contents: &[bool],
    running: &[Running],
    setting: Setting,
    words: &Words,
) -> (Vec<Page>, Binder) {
    let mut binder = Binder::default();
    let mut bound = Vec::with_capacity(pages.len());
    for (number, ((parts, contents), running)) in (1..).zip(pages.iter().zip(contents).zip(running))
    {
        let mut text = running.header.join("\n");
        let mut lines: Vec<&Line> = Vec::new();
        let flush = |lines: &mut Vec<&Line>, binder: &mut Binder, text: &mut String| {
            let blocks = blocks(lines, setting, words);
            lines.clear();
            for piece in &blocks {
                push_line(text, piece.block.text());
            }
            binder.blocks(blocks, number, *contents);
        };
        for part in parts {
            match part {
                Part::Line(line) => lines.push(line),
                Part::Heading { level, text: heading } => {
                    flush(&mut lines, &mut binder, &mut text);
                    push_line(&mut text, heading);
                    binder.heading(*level, heading, number);
                }
            }
        }
        flush(&mut lines, &mut binder, &mut text);
        for line in &running.footer {
            push_line(&mut text, line);
        }
        bound.push(Page { number, label: None, text, contents: *contents });
    }
    (bound, binder)
}

pub(super) fn push_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(letters: usize) -> Block {
        Block::Paragraph("word ".repeat(letters / 5).trim_end().to_owned())
    }

    #[test]
    fn a_passage_has_the_headings_above_it_and_only_the_first_opens_the_section() {
        let mut binder = Binder::default();
        binder.heading(1, "Setup", 1);
        binder.heading(2, "Pads", 1);
        binder.blocks(vec![paragraph(600), paragraph(600)], 1, false);
        binder.heading(2, "Pedals", 2);
        binder.blocks(vec![paragraph(10)], 2, false);
        let seen: Vec<_> = binder
            .passages
            .iter()
            .map(|passage| (passage.page, passage.headings.join(" / "), passage.opens_section))
            .collect();
        assert_eq!(
            seen,
            [
                (1, "Setup / Pads".into(), true),
                (1, "Setup / Pads".into(), false),
                (2, "Setup / Pedals".into(), true)
            ]
        );
    }

    #[test]
    fn a_list_stays_with_the_line_that_introduces_it() {
        let mut binder = Binder::default();
        let mut lead = "word ".repeat(170);
        lead.push_str("do this:");
        binder.blocks(
            vec![Block::Paragraph(lead), Block::Step("1. Press the key now.".repeat(4))],
            1,
            false,
        );
        assert_eq!(binder.passages.len(), 1);
    }

    fn row(text: &str) -> Block {
        Block::Row(text.to_owned())
    }

    fn names(text: &str) -> Block {
        Block::ColumnNames(text.to_owned())
    }

    #[test]
    fn a_table_that_continues_in_another_passage_or_page_repeats_its_column_names() {
        let long = "word ".repeat(30);
        let mut rows = vec![row("Lamp | Meaning | Remedy")];
        rows.extend((0..10).map(|number| row(&format!("{number} | {long} | none"))));
        let mut binder = Binder::default();
        binder.blocks(rows, 1, false);
        binder.blocks(vec![row("green | ready | none"), row("red | hot | wait")], 2, false);
        assert!(binder.passages.len() >= 3, "{}", binder.passages.len());
        for passage in &binder.passages {
            assert_eq!(
                passage.blocks[0],
                names("Lamp | Meaning | Remedy"),
                "page {}",
                passage.page
            );
        }
        binder.heading(1, "Data", 3);
        binder.blocks(vec![row("Weight | 2 kg | net"), row("Power | 9 V | DC")], 3, false);
        assert_eq!(binder.passages.last().map(|passage| passage.blocks.len()), Some(2));
    }

    #[test]
    fn declared_column_names_are_repeated_also_for_two_columns_or_with_a_leading_figure() {
        let piece = |text: &str, names_columns| Piece { block: row(text), names_columns };
        for (of_columns, first, second) in
            [("Lamp | Meaning", "red | hot", "green | ready"), ("12 V | 24 V", "a | b", "c | d")]
        {
            let mut binder = Binder::default();
            binder.blocks(vec![piece(of_columns, true), piece(first, false)], 1, false);
            binder.blocks(vec![piece(second, false)], 2, false);
            assert_eq!(binder.passages[0].blocks, [names(of_columns), row(first)]);
            assert_eq!(binder.passages[1].blocks, [names(of_columns), row(second)]);
        }
    }

    #[test]
    fn a_row_with_a_merged_cell_does_not_end_the_table() {
        let mut binder = Binder::default();
        let rows =
            [row("Basic | channel"), row("Mode | omni | poly"), row("Notes | 0-127 | 0-127")];
        let all = [vec![row("Function | Sent | Received")], rows.to_vec()].concat();
        binder.blocks(all, 1, false);
        binder.blocks(vec![row("Bender | yes | yes")], 2, false);
        let columns = names("Function | Sent | Received");
        assert_eq!(binder.passages[0].blocks[0], columns);
        assert_eq!(binder.passages[0].blocks[1..], rows);
        assert_eq!(binder.passages[1].blocks, [columns.clone(), row("Bender | yes | yes")]);
        // Also where such a row begins another passage of the page.
        let mut rows = vec![row("Function | Sent | Received")];
        rows.extend((0..40).map(|number| match number % 2 {
            0 => row(&format!("{number} | {}", "word ".repeat(60))),
            _ => row(&format!("{number} | yes | no")),
        }));
        let mut binder = Binder::default();
        binder.blocks(rows, 1, false);
        assert!(binder.passages.len() > 5);
        assert!(binder.passages.iter().all(|passage| passage.blocks[0] == columns));
    }

    #[test]
    fn a_table_with_other_columns_is_another_table() {
        let mut binder = Binder::default();
        binder.blocks(vec![row("Lamp | Meaning | Remedy"), row("red | hot | wait")], 1, false);
        binder.blocks(vec![row("Weight | 2 kg"), row("Power | 9 V")], 2, false);
        assert_eq!(binder.passages[1].blocks, [row("Weight | 2 kg"), row("Power | 9 V")]);
    }

    #[test]
    fn a_very_long_block_is_cut_at_sentences_without_loss() {
        let text = "A sentence of some words. ".repeat(300);
        let pieces = cut(Block::Paragraph(text.trim().to_owned()));
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.text().ends_with("words.")));
        let joined: Vec<&str> = pieces.iter().map(Block::text).collect();
        assert_eq!(joined.join(" "), text.trim());
    }
}
