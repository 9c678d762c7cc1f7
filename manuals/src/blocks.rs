//! Turns lines into paragraphs, steps, bullets, rows and notes.

use hsc_catalogs::Block;

use super::headings::Setting;
use super::layout::{Cell, Line, cell_texts};
use super::list_marks::{
    attached_number, is_bullet, is_bullet_sign, is_note, is_step, may_go_on, note_word_alone,
};
use super::mending::Words;
use super::tables::{self, Row, is_figure};

/// A block, and whether it is a row of column names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub block: Block,
    pub names_columns: bool,
}

impl From<Block> for Piece {
    fn from(block: Block) -> Self {
        Self { block, names_columns: false }
    }
}

/// The blocks of the lines under one heading on one page.
pub(super) fn blocks(lines: &[&Line], setting: Setting, words: &Words) -> Vec<Piece> {
    let mut blocks: Vec<Open> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let above = at.checked_sub(1).map(|above| lines[above]);
        let of_prose = above
            .zip(blocks.last().filter(|_| !line.begins))
            .and_then(|(above, open)| open.line_beside_labels(line, above, setting));
        if let Some(of_prose) = of_prose {
            labels.extend(line.cells[1..].iter().map(|cell| cell.text.clone()));
            let text = of_prose.text();
            if let Some(open) = blocks.last_mut() {
                open.take(&of_prose, &text, words);
            }
            continue;
        }
        let text = line.text();
        let goes_on = |(open, above): &(&mut Open, &Line)| {
            !line.begins
                && (open.kind == Kind::Row
                    && (open.goes_on_in(line, above, Rows::around(lines, at), setting)
                        || open.label_goes_on_in(line, above, around(lines, at), setting))
                    || open.sentence_goes_on_in(line, above, around(lines, at), setting)
                    || open.takes(line, &text, above, setting))
        };
        match blocks.last_mut().zip(above).filter(goes_on) {
            Some((open, _)) => open.take(line, &text, words),
            None => {
                Open::push_labels(&mut labels, &mut blocks);
                blocks.push(Open::new(line, text));
            }
        }
    }
    Open::push_labels(&mut labels, &mut blocks);
    let blocks = join_stray_rows(blocks, words);
    let mut pieces = Vec::with_capacity(blocks.len());
    let mut table: Vec<Row> = Vec::new();
    for open in blocks {
        match open.kind {
            Kind::Row => table.push(Row { cells: open.cells, bold: open.bold }),
            _ => {
                close_table(&mut table, &mut pieces);
                pieces.push(open.close().into());
            }
        }
    }
    close_table(&mut table, &mut pieces);
    pieces
}

/// A line of prose with wide gaps, because it is justified or the numbers of a figure stand in it, looks like a row. Such
/// a row, without another of as many cells beside it, continues the sentence before it if it begins in the middle of a
/// sentence. If it has numbers only, it follows the sentence that it interrupts.
fn join_stray_rows(blocks: Vec<Open>, words: &Words) -> Vec<Open> {
    let cells: Vec<usize> = blocks.iter().map(|open| open.cells.len()).collect();
    let is_stray = |at: usize| {
        let alike = |other: Option<usize>| other.and_then(|at| cells.get(at)) == Some(&cells[at]);
        !alike(at.checked_sub(1)) && !alike(at.checked_add(1))
    };
    let mut joined: Vec<Open> = Vec::with_capacity(blocks.len());
    let mut numbers: Vec<String> = Vec::new();
    let mut is_interrupted = false;
    for (at, open) in blocks.into_iter().enumerate() {
        if let Some(last) = joined.last_mut().filter(|last| last.is_unfinished()) {
            let is_row = open.kind == Kind::Row && is_stray(at);
            let text = match open.kind {
                Kind::Row => cell_texts(&open.cells, " "),
                _ => open.text.clone(),
            };
            if is_row && open.cells.iter().all(|cell| is_label_number(&cell.text)) {
                numbers.push(text);
                is_interrupted = true;
                continue;
            }
            let continues = text.starts_with(char::is_lowercase);
            if is_row && continues || is_interrupted && open.kind == Kind::Paragraph {
                words.join(&mut last.text, &text);
                is_interrupted = is_row;
                continue;
            }
        }
        is_interrupted = false;
        Open::push_labels(&mut numbers, &mut joined);
        joined.push(open);
    }
    Open::push_labels(&mut numbers, &mut joined);
    joined
}

/// A number of a figure's part.
fn is_label_number(text: &str) -> bool {
    text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Consecutive rows become the blocks of one table. A first row that is the only bold one has the column names.
fn close_table(table: &mut Vec<Row>, pieces: &mut Vec<Piece>) {
    tables::align(table);
    let has_names = matches!(table.as_slice(), [first, second, ..] if first.bold && !second.bold);
    for (at, row) in table.drain(..).enumerate() {
        pieces.push(Piece { block: Block::Row(row.text()), names_columns: has_names && at == 0 });
    }
}

/// Minimum letters of a line of prose beside the labels of a figure.
const PROSE: usize = 15;
/// Minimum letters of a text that a stray row continues: a shorter one may be the title of a table.
const SENTENCE: usize = 30;
/// Width of a letter, in ems.
const LETTER: f32 = 0.5;
/// Line spacing within one cell, in ems.
const TIGHT: f32 = 1.35;
/// Lines around a line that are checked for bars, and the number of them with a bar above that make a table in which
/// each row has one. A table ruled only at its head and its ends has three.
const AROUND: usize = 6;
const RULED: usize = 4;
/// Rows of the same columns, around a line, that make a table.
const ALIKE: usize = 3;

/// Minimum spacing of rows relative to the line spacing of one cell, if spacing separates the rows.
const APART: f32 = 1.2;

/// The separator of the rows of the table around a line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rows {
    /// A bar above each of them.
    Ruled,
    /// Spacing: the lines of a cell are closer than rows, at most this far apart.
    Spaced(f32),
    /// Nothing.
    Plain,
}

impl Rows {
    fn around(lines: &[&Line], at: usize) -> Self {
        let around = around(lines, at);
        if around.iter().filter(|line| line.ruled).count() >= RULED {
            return Self::Ruled;
        }
        let pairs = around.windows(2).map(|pair| (pair[0].y - pair[1].y, pair[1]));
        let below: Vec<(f32, &Line)> = pairs
            .filter(|(distance, line)| (0.5 * line.size..3.0 * line.size).contains(distance))
            .collect();
        let tight = below.iter().map(|(distance, _)| *distance).fold(f32::MAX, f32::min);
        let apart = |(distance, line): &&(f32, &Line)| line.is_row() && *distance >= APART * tight;
        if below.iter().filter(apart).count() >= 2 {
            Self::Spaced(1.05 * tight)
        } else {
            Self::Plain
        }
    }
}

/// The lines around a line that are of its table, if it is of one.
fn around<'l, 'a>(lines: &'l [&'a Line], at: usize) -> &'l [&'a Line] {
    &lines[at.saturating_sub(AROUND)..lines.len().min(at + AROUND + 1)]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Paragraph,
    /// Lines of monospaced text stay lines.
    Code,
    Step,
    Bullet,
    Row,
    Note,
}

/// A block to which lines are still added.
struct Open {
    kind: Kind,
    text: String,
    /// Left edge of the first line, and of the previous line.
    first_x: f32,
    last_x: f32,
    lines: usize,
    /// Every letter of the first line is bold.
    bold: bool,
    /// The cells of a row.
    cells: Vec<Cell>,
}

impl Open {
    fn new(line: &Line, text: String) -> Self {
        let kind = if is_note(&text) {
            Kind::Note
        } else if is_bullet(&text) {
            Kind::Bullet
        } else if is_step(&text) {
            Kind::Step
        } else if line.mono {
            Kind::Code
        } else if line.is_row() {
            Kind::Row
        } else {
            Kind::Paragraph
        };
        let cells = match kind {
            Kind::Row => line.cells.clone(),
            _ => Vec::new(),
        };
        let text = match kind {
            // The mark is dropped; the kind of the block replaces it.
            Kind::Bullet => text.trim_start_matches(is_bullet_sign).trim_start().to_owned(),
            Kind::Step => match attached_number(&text) {
                Some(end) => format!("{} {}", &text[..end], &text[end..]),
                None => text,
            },
            _ => text,
        };
        // The text of a note continues below its beginning, also where its word is a label beside it.
        let x = match line.cells.as_slice() {
            [word, text, ..] if kind == Kind::Note && note_word_alone(&word.text) => text.x,
            _ => line.x(),
        };
        Self { kind, text, first_x: x, last_x: x, lines: 1, bold: line.bold, cells }
    }

    /// The prose in a line that looks like a row, if the other cells are the labels of a figure beside the
    /// prose: the first cell continues the sentence of this block within its width. The rows of a table
    /// begin their cells anew.
    fn line_beside_labels(&self, line: &Line, above: &Line, setting: Setting) -> Option<Line> {
        let first = line.cells.first().filter(|_| line.is_row() && !line.mono && !line.ruled)?;
        let distance = above.y - line.y;
        let continues = !matches!(self.kind, Kind::Row | Kind::Code)
            && self.lines >= 2
            && !self.text.ends_with(['.', '!', '?', ':'])
            && first.text.starts_with(char::is_lowercase)
            && first.text.chars().count() >= PROSE
            && (first.x - above.x()).abs() < 0.8 * setting.body
            && above.cells[0].end >= first.end - setting.body
            && (line.size - above.size).abs() < 0.5
            && (0.0..=1.3 * setting.leading * line.size.max(above.size)).contains(&distance);
        continues.then(|| Line { cells: vec![first.clone()], ..line.clone() })
    }

    /// True for a text that ends in the middle of a sentence.
    fn is_unfinished(&self) -> bool {
        !matches!(self.kind, Kind::Row | Kind::Code) && is_unfinished(&self.text)
    }

    /// Appends the labels of a figure after the block beside it.
    fn push_labels(labels: &mut Vec<String>, blocks: &mut Vec<Self>) {
        if let Some(last) = blocks.last().filter(|_| !labels.is_empty()) {
            let label = Self {
                kind: Kind::Paragraph,
                text: std::mem::take(labels).join(" "),
                cells: Vec::new(),
                // No line is added to it.
                lines: 0,
                ..*last
            };
            blocks.push(label);
        }
    }

    /// True when a line continues the cells of this row. In a table with a bar above each row that is each line
    /// without one; if spacing separates the rows, a line directly below with a missing cell or a cell that begins
    /// in the middle of a sentence; elsewhere a line directly below without a first cell. A figure below a figure
    /// belongs to another row.
    fn goes_on_in(&self, line: &Line, above: &Line, rows: Rows, setting: Setting) -> bool {
        let distance = above.y - line.y;
        let size = line.size.max(above.size);
        if self.cells.len() < 2
            || line.ruled
            || distance < 0.0
            || distance > 1.3 * setting.leading * size
        {
            return false;
        }
        let indent = 0.8 * setting.body;
        let column_of = |columns: &'_ [Cell], x: f32| {
            columns.iter().position(|column| (column.x - x).abs() < indent)
        };
        let stands_in =
            |columns: &[Cell]| line.cells.iter().all(|cell| column_of(columns, cell.x).is_some());
        if rows == Rows::Ruled {
            return stands_in(&self.cells);
        }
        let is_another = line.cells.iter().any(|cell| {
            let column = column_of(&self.cells, cell.x);
            column.is_some_and(|at| is_figure(&self.cells[at].text) && is_figure(&cell.text))
        });
        if is_another {
            return false;
        }
        if let Rows::Spaced(most) = rows
            && distance <= most
            && stands_in(&self.cells)
            && line.bold == above.bold
            && (line.size - above.size).abs() < 0.5
        {
            return line.cells.len() < self.cells.len()
                || line.cells[0].text.starts_with(char::is_lowercase);
        }
        // Rows below one cell that spans them are further apart than the lines of a cell.
        line.is_row() && distance < TIGHT * size && stands_in(&self.cells[1..])
    }

    /// True when a line directly below continues the first cell of this row in the middle of a sentence. Only in a table,
    /// which has another row of these columns: a line of justified text with wide gaps is no row.
    fn label_goes_on_in(
        &self,
        line: &Line,
        above: &Line,
        around: &[&Line],
        setting: Setting,
    ) -> bool {
        let (distance, size) = (above.y - line.y, line.size.max(above.size));
        let is_at = |(cell, x): (&Cell, f32)| (cell.x - x).abs() < 0.8 * setting.body;
        let is_alike = |other: &&&Line| {
            let places = other.cells.iter().map(|cell| cell.x);
            other.cells.len() == self.cells.len() && self.cells.iter().zip(places).all(is_at)
        };
        self.cells.len() > 1
            && !line.is_row()
            && (0.0..TIGHT * size).contains(&distance)
            && line.cells.first().is_some_and(|cell| cell.text.starts_with(char::is_lowercase))
            && is_at((&self.cells[0], line.x()))
            && around.iter().filter(is_alike).count() >= ALIKE
    }

    /// True when a line that begins like an item of a list continues the sentence of this paragraph: the line above ends
    /// in the middle of it and has no room for the first word of this one.
    fn sentence_goes_on_in(
        &self,
        line: &Line,
        above: &Line,
        around: &[&Line],
        setting: Setting,
    ) -> bool {
        let text = line.text();
        let is_below = |x: f32| (line.x() - x).abs() < 0.3 * setting.body;
        if self.kind != Kind::Paragraph
            || !is_unfinished(&self.text)
            || !may_go_on(&text)
            || !is_below(above.x())
            || line.is_row()
            || (line.size - above.size).abs() >= 0.5
            || !(0.0..=1.3 * setting.leading * line.size).contains(&(above.y - line.y))
        {
            return false;
        }
        let ends = around.iter().filter(|line| is_below(line.x()) && !line.is_row());
        let edge = ends.map(|line| line.end()).fold(0.0, f32::max);
        let word = text.split_whitespace().next().map_or(0, |word| word.chars().count());
        edge - above.end() < LETTER * line.size * (word + 1) as f32
    }

    /// True when the line continues this block.
    fn takes(&self, line: &Line, text: &str, above: &Line, setting: Setting) -> bool {
        let distance = above.y - line.y;
        // A jump upwards is the next column; an incomplete text continues there.
        let jumped = distance < -0.5 * setting.body;
        let size = line.size.max(above.size);
        let far = !jumped && distance > 1.3 * setting.leading * size;
        let lone_note = self.kind == Kind::Note && self.lines == 1 && note_word_alone(&self.text);
        if far && !(lone_note && distance < 3.0 * size) {
            return false;
        }
        if is_note(text) || is_bullet(text) || is_step(text) && self.kind != Kind::Code {
            return false;
        }
        if line.is_row() && self.kind != Kind::Row && !line.mono {
            return false;
        }
        let indent = 0.8 * setting.body;
        match self.kind {
            Kind::Code => line.mono,
            _ if line.mono && !above.mono => false,
            // A cell of several lines: its continuation is under a later cell.
            Kind::Row => {
                !line.is_row()
                    && self.cells.len() > 1
                    && self.cells[1..].iter().any(|cell| (cell.x - line.x()).abs() < indent)
            }
            Kind::Step | Kind::Bullet => {
                !ended_short(above, line, text, setting)
                    && line.x() > self.first_x - 0.3 * setting.body
                    || jumped
            }
            Kind::Note => lone_note || !indented(self, line, indent) || jumped,
            Kind::Paragraph => {
                hangs(self, line, text)
                    || jumped && !self.text.ends_with(['.', '!', '?', ':'])
                    || !jumped
                        && !indented(self, line, indent)
                        && (line.size - above.size).abs() < 1.0
            }
        }
    }

    fn take(&mut self, line: &Line, text: &str, words: &Words) {
        match self.kind {
            Kind::Code => {
                self.text.push('\n');
                self.text.push_str(text);
            }
            Kind::Row => {
                for piece in &line.cells {
                    let nearest = self
                        .cells
                        .iter_mut()
                        .min_by(|a, b| (a.x - piece.x).abs().total_cmp(&(b.x - piece.x).abs()));
                    if let Some(cell) = nearest {
                        words.join(&mut cell.text, &piece.text);
                        cell.end = cell.end.max(piece.end);
                    }
                }
            }
            Kind::Note if self.lines == 1 && note_word_alone(&self.text) => {
                let word = self.text.trim_end_matches([':', '!', ' ']).to_owned();
                self.text = format!("{word}: {text}");
            }
            _ => words.join(&mut self.text, text),
        }
        self.last_x = line.x();
        self.lines += 1;
    }

    fn close(self) -> Block {
        match self.kind {
            Kind::Paragraph | Kind::Code => Block::Paragraph(self.text),
            Kind::Step => Block::Step(self.text),
            Kind::Bullet => Block::Bullet(self.text),
            Kind::Note => Block::Note(self.text),
            Kind::Row => Block::Row(Row { cells: self.cells, bold: self.bold }.text()),
        }
    }
}

/// True for a text of some length that does not end like a sentence.
fn is_unfinished(text: &str) -> bool {
    !text.ends_with(['.', '!', '?', ':']) && text.chars().nth(SENTENCE).is_some()
}

/// True for the second line of an entry that is indented below its first: the terms of a glossary and
/// the names of a list of options hang to the left.
fn hangs(open: &Open, line: &Line, text: &str) -> bool {
    let unfinished = !open.text.ends_with(['.', '!', '?', ':']);
    open.lines == 1 && line.x() > open.first_x && unfinished && text.starts_with(char::is_lowercase)
}

/// True when the line begins a paragraph by its left edge: indented relative to the previous line, or outdented
/// after an indented part.
fn indented(open: &Open, line: &Line, indent: f32) -> bool {
    let moved = line.x() - open.last_x;
    moved > indent || (moved < -indent && open.lines > 1)
}

/// True when the previous line ended a sentence well before the edge and this one begins a new one.
fn ended_short(above: &Line, line: &Line, text: &str, setting: Setting) -> bool {
    above.text().ends_with(['.', '!', '?'])
        && text.starts_with(char::is_uppercase)
        && line.x() < above.x() - 0.3 * setting.body
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting = Setting { body: 10.0, leading: 1.2 };

    /// Lines of the form `x:text`, 12 points apart; `|` separates cells 100 points apart, an empty text
    /// leaves a gap, `_` before the text is a bar above the line.
    fn read(texts: &[&str]) -> Vec<Block> {
        let mut lines = Vec::new();
        for (row, text) in texts.iter().enumerate() {
            let (x, text) = text.split_once(':').expect("x:text");
            let x: f32 = x.parse().expect("a number");
            if text.is_empty() {
                continue;
            }
            let ruled = text.starts_with('_');
            let cells = text
                .trim_start_matches('_')
                .split('|')
                .enumerate()
                .map(|(column, cell)| {
                    let x = x + 100.0 * column as f32;
                    Cell { text: cell.trim().into(), x, end: x + 50.0 }
                })
                .filter(|cell| !cell.text.is_empty())
                .collect();
            lines.push(Line {
                cells,
                y: 700.0 - 12.0 * row as f32,
                size: 10.0,
                ruled,
                ..Line::default()
            });
        }
        let pieces = blocks(&lines.iter().collect::<Vec<_>>(), SETTING, &Words::default());
        pieces.into_iter().map(|piece| piece.block).collect()
    }

    #[test]
    fn a_line_of_prose_with_wide_gaps_continues_its_sentence() {
        // Justified, then interrupted by the numbers of a figure.
        assert_eq!(
            read(&[
                "50:1. POWER IN: use the included power adapter",
                "50:to|connect|the",
                "50:MIXER to",
                "50:2|3|1",
                "50:a power outlet. While|4",
                "50:the power is off, plug it in.",
            ]),
            [
                Block::Step(
                    "1. POWER IN: use the included power adapter to connect the MIXER to a power \
                     outlet. While 4 the power is off, plug it in."
                        .into()
                ),
                Block::Paragraph("2 3 1".into()),
            ]
        );
        // The title of a table, and a table after an unfinished sentence.
        assert_eq!(
            read(&["50:Physical data", "50:weight|3 kg"]),
            [Block::Paragraph("Physical data".into()), Block::Row("weight | 3 kg".into())]
        );
        assert_eq!(
            read(&["50:The amplifier has these inputs and outputs", "50:left|in", "50:right|out"]),
            [
                Block::Paragraph("The amplifier has these inputs and outputs".into()),
                Block::Row("left | in".into()),
                Block::Row("right | out".into())
            ]
        );
    }

    #[test]
    fn lines_close_together_are_one_paragraph_and_a_gap_begins_another() {
        assert_eq!(
            read(&["72:Hold the key", "72:for two sec-", "72:onds.", "72:", "72:Then let go."]),
            [
                Block::Paragraph("Hold the key for two seconds.".into()),
                Block::Paragraph("Then let go.".into())
            ]
        );
    }

    #[test]
    fn steps_and_bullets_take_the_lines_set_in_below_them() {
        assert_eq!(
            read(&[
                "72:1. Press Enter",
                "85:and wait.",
                "72:2.Let go.",
                "72:• Red: busy",
                "85:or locked"
            ]),
            [
                Block::Step("1. Press Enter and wait.".into()),
                Block::Step("2. Let go.".into()),
                Block::Bullet("Red: busy or locked".into())
            ]
        );
    }

    #[test]
    fn prose_around_a_figure_stays_whole_and_the_labels_follow_it() {
        assert_eq!(
            read(&[
                "72:If the fuse blows once more",
                "72:the amplifier has suffered a",
                "72:malfunction and needs service | MODEL:",
                "72:from a qualified technician | 0",
                "72:of the dealer."
            ]),
            [
                Block::Paragraph(
                    "If the fuse blows once more the amplifier has suffered a malfunction and needs service from a \
                     qualified technician of the dealer."
                        .into()
                ),
                Block::Paragraph("MODEL: 0".into())
            ]
        );
        // A table below a paragraph begins its cells anew.
        assert_eq!(
            read(&["72:These are the", "72:values of it", "72:Weight without a case | 2.5 kg"])
                .len(),
            2
        );
    }

    #[test]
    fn rows_retain_their_cells_and_a_broken_cell_is_joined() {
        assert_eq!(
            read(&["72:Weight | 2.5 kg", "72:Power | 9 V DC", "172:centre negative"]),
            [
                Block::Row("Weight | 2.5 kg".into()),
                Block::Row("Power | 9 V DC centre negative".into())
            ]
        );
    }

    #[test]
    fn lines_without_a_first_cell_continue_the_cells_of_the_row() {
        assert_eq!(
            read(&[
                "72:Symptom | Cause | Remedy",
                "72:No sound | The cable is not | Push it in until",
                "172:plugged in | it clicks",
                "72:Hum | Bad earth | Call service"
            ]),
            [
                Block::Row("Symptom | Cause | Remedy".into()),
                Block::Row(
                    "No sound | The cable is not plugged in | Push it in until it clicks".into()
                ),
                Block::Row("Hum | Bad earth | Call service".into())
            ]
        );
        // Two rows; the second has no first cell of its own.
        assert_eq!(
            read(&["72:Tempo | fast | 180", "72:", "172:slow | 60"]),
            [Block::Row("Tempo | fast | 180".into()), Block::Row("slow | 60".into())]
        );
    }

    #[test]
    fn a_figure_below_a_figure_is_in_another_row() {
        assert_eq!(
            read(&[
                "72:Signal | Speed | Beats",
                "72:Tempo | fast | 180",
                "172:slow | 60",
                "72:Metre | even | 4"
            ]),
            [
                Block::Row("Signal | Speed | Beats".into()),
                Block::Row("Tempo | fast | 180".into()),
                Block::Row("Tempo | slow | 60".into()),
                Block::Row("Metre | even | 4".into())
            ]
        );
    }

    #[test]
    fn in_a_table_with_space_between_rows_every_cell_may_have_several_lines() {
        assert_eq!(
            read(&[
                "72:Symptom | Cause | Remedy",
                "72:",
                "72:No sound | Cable loose | Push the cable in",
                "72:on the left side | | until it clicks",
                "72:",
                "72:The display | Battery flat | Charge it",
                "72:stays dark",
                "72:",
                "72:Hum | Bad earth | Call service"
            ]),
            [
                Block::Row("Symptom | Cause | Remedy".into()),
                Block::Row(
                    "No sound on the left side | Cable loose | Push the cable in until it clicks"
                        .into()
                ),
                Block::Row("The display stays dark | Battery flat | Charge it".into()),
                Block::Row("Hum | Bad earth | Call service".into())
            ]
        );
    }

    #[test]
    fn in_a_table_with_a_bar_above_each_row_every_cell_may_have_several_lines() {
        assert_eq!(
            read(&[
                "72:_Symptom | Remedy",
                "72:_No sound on | Push the cable in",
                "72:the left side | until it clicks",
                "72:_The display | Charge it",
                "72:stays dark",
                "72:_Hum | Call service",
                "72:_Smoke | Unplug it"
            ]),
            [
                Block::Row("Symptom | Remedy".into()),
                Block::Row("No sound on the left side | Push the cable in until it clicks".into()),
                Block::Row("The display stays dark | Charge it".into()),
                Block::Row("Hum | Call service".into()),
                Block::Row("Smoke | Unplug it".into())
            ]
        );
    }

    #[test]
    fn a_sign_in_the_middle_of_a_full_line_is_not_the_mark_of_an_item() {
        let read = |texts: &[&str]| {
            let line = |(row, text): (usize, &&str)| Line {
                cells: vec![Cell {
                    text: (*text).into(),
                    x: 72.0,
                    end: 72.0 + 5.0 * text.chars().count() as f32,
                }],
                y: 700.0 - 12.0 * row as f32,
                size: 10.0,
                ..Line::default()
            };
            let lines: Vec<Line> = texts.iter().enumerate().map(line).collect();
            let pieces = blocks(&lines.iter().collect::<Vec<_>>(), SETTING, &Words::default());
            pieces.into_iter().map(|piece| piece.block).collect::<Vec<_>>()
        };
        for (above, below) in [
            ("The sequencer starts when you press Shift", "+ Play. Press both again to stop."),
            ("It works from a temperature of 5 degrees", "- 8 if nothing moves - to 40 degrees."),
            ("Set the first switch to 1, the second to", "2. Both together choose the channel."),
            ("That happens when unison leaves a single", "note."),
        ] {
            let one = Block::Paragraph(format!("{above} {below}"));
            assert_eq!(read(&[above, below]), [one], "{below}");
        }
        // The line above has room for more; it ends a sentence; it is an item itself.
        for lines in [
            ["The box contains these things and", "- a cable of two metres, which is black"],
            ["The box contains these things of ours.", "- a cable of two metres, which is black"],
            ["- a cable of two metres, which is white", "- a cable of two metres, which is black"],
            ["Do this when the lamp is lit, and only so", "1. Switch the machine off and on again"],
        ] {
            assert_eq!(read(&lines).len(), 2, "{lines:?}");
        }
    }

    #[test]
    fn a_note_retains_its_label_also_on_a_separate_line() {
        assert_eq!(
            read(&["72:Tip: warm up first.", "72:", "72:Warning", "72:Do not open."]),
            [
                Block::Note("Tip: warm up first.".into()),
                Block::Note("Warning: Do not open.".into())
            ]
        );
    }
}
