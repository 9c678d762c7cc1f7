//! Turns runs into lines in reading order.
//!
//! Runs on one baseline with no gap wider than a space of justified text form a segment. A gutter is a
//! vertical strip that no segment crosses over a part of the page. If the text on both of its
//! sides is prose, or the lines of the sides do not share baselines, that part is columns: each side
//! is read by the same rule, the left one first (on a right-to-left page the right one).
//! Everything else is read row by row, and a row's segments are its cells if they are far apart or at the boundaries of
//! columns ([`cell_boundaries`]). The drawing order is not used: many producers sort it by font.
//!
//! A narrow side of a gutter is not always a column: labels that are centred beside their paragraphs are the first
//! cells of rows, and notes in the margin follow the paragraph that they stand beside.
//!
//! The cells of right-to-left text are mirrored: their `x` grows to the left. So a cell begins where its text begins,
//! and the first column of a table has the smallest `x`, in either direction.

use hsc_catalogs::PICTURE_MARK;

use super::bidi;
use super::cell_boundaries::{self, GUTTER};
use super::list_marks::{is_bullet, is_bullet_mark, is_note, is_step};
use super::mending::clean;
use super::segments::{
    Row, SAME_ROW, Segment, align_centred, align_labels, margin, median, notes_of, rows, segments,
    sort,
};
use super::sheet::{Bar, Picture, Run, Sheet};

/// A line of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Line {
    /// The text between wide gaps; most lines have one cell, a table's have several.
    pub cells: Vec<Cell>,
    /// Baseline, in points from the bottom.
    pub y: f32,
    /// The size of most of its letters.
    pub size: f32,
    /// True when every letter is bold.
    pub bold: bool,
    /// True when every letter is monospaced: a program, a command, output.
    pub mono: bool,
    /// True when a bar is drawn above it, as between the rows of a table.
    pub ruled: bool,
    /// True when it begins a block, whatever is above it: a note in the margin, and the text that follows one.
    pub begins: bool,
}

/// A part of a line without a wide gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub text: String,
    pub x: f32,
    pub end: f32,
}

/// The texts of cells with a separator between them.
pub(super) fn cell_texts(cells: &[Cell], separator: &str) -> String {
    cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(separator)
}

impl Line {
    pub(super) fn x(&self) -> f32 {
        self.cells.first().map_or(0.0, |cell| cell.x)
    }

    /// Its right edge.
    pub(super) fn end(&self) -> f32 {
        self.cells.last().map_or(0.0, |cell| cell.end)
    }

    /// The text, its cells separated by one space.
    pub(super) fn text(&self) -> String {
        cell_texts(&self.cells, " ")
    }

    /// True for a row of a table.
    pub(super) fn is_row(&self) -> bool {
        self.cells.len() > 1
    }
}

/// Gap that separates words, in ems.
const WORD_GAP: f32 = 0.14;
/// Minimum average length of a line of prose, in letters. A label or a number of a table has fewer.
const PROSE: f32 = 15.0;
/// Minimum rows of prose on each side of a gutter. Fewer are an address block or a small table.
const PROSE_ROWS: usize = 4;
/// Minimum average length of a line of a column whose lines do not share baselines with those beside it, and of the
/// labels beside paragraphs, in letters.
const COLUMN: f32 = 6.0;
const SHORT_LABEL: f32 = 2.0;
/// Share of the rows of one side with a common baseline below which the sides are independent.
/// The cells of a table share all baselines.
const ALIGNED: f32 = 0.5;
/// Largest distance of two lines of one paragraph, relative to the usual distance of two lines.
const PARAGRAPH_LEADING: f32 = 1.25;
/// Deepest nesting of columns.
const DEEPEST: usize = 12;
/// Gap that separates the cells of a row, in ems.
const CELL_GAP: f32 = 1.7;

/// The lines of a page in reading order: upright text first, then rotated text.
pub(super) fn lines(sheet: &Sheet) -> Vec<Line> {
    let mut angles: Vec<&(i32, Vec<Run>)> = sheet.runs_by_angle.iter().collect();
    let letters = |runs: &[Run]| runs.iter().map(|run| run.text.len()).sum::<usize>();
    angles.sort_by_key(|(_, runs)| std::cmp::Reverse(letters(runs)));
    let mut lines = Vec::new();
    for (angle, runs) in angles {
        let with_marks;
        let runs = if *angle == 0 && !sheet.pictures.is_empty() {
            with_marks = marked(runs, &sheet.pictures);
            &with_marks
        } else {
            runs
        };
        let rtl = bidi::is_rtl(runs.iter().map(|run| run.text.as_str()));
        let page = Layout { bars: if *angle == 0 { &sheet.bars } else { &[] }, rtl };
        page.order(segments(runs), 0, &mut lines);
    }
    lines
}

/// Largest distance of an inline picture from the previous word, in ems.
const BESIDE: f32 = 1.2;
/// Largest height and width of an inline picture, in ems. A larger one is a figure.
const AMONG_WORDS: (f32, f32) = (2.5, 8.0);

/// The runs, with a mark for each picture that follows a word on its line. A picture at the beginning of a line is the
/// sign of a list or of a note.
fn marked(runs: &[Run], pictures: &[Picture]) -> Vec<Run> {
    let mut all = runs.to_vec();
    let mut marks: Vec<Run> = Vec::new();
    for picture in pictures {
        let before = runs.iter().find(|run| {
            let gap = picture.x - run.end();
            let height = picture.top - picture.bottom;
            (-0.4 * run.size..BESIDE * run.size).contains(&gap)
                && picture.bottom - 0.3 * run.size < run.y
                && picture.top > run.y + 0.3 * run.size
                && (0.5 * run.size..AMONG_WORDS.0 * run.size).contains(&height)
                && picture.end - picture.x < AMONG_WORDS.1 * run.size
                && run.text.chars().any(char::is_alphabetic)
        });
        let Some(before) = before else { continue };
        // Drawn twice, or with its shadow.
        let is_known =
            |mark: &Run| (mark.y - before.y).abs() < 1.0 && (mark.x - picture.x).abs() < 2.0;
        if marks.iter().any(is_known) {
            continue;
        }
        let x = picture.x.max(before.end());
        marks.push(Run {
            text: PICTURE_MARK.to_owned(),
            x,
            width: (picture.end - x).max(1.0),
            ..before.clone()
        });
    }
    all.append(&mut marks);
    all
}

/// A gutter, and the range of segments (by index, from the top) that it separates.
struct Gutter {
    x: f32,
    from: usize,
    to: usize,
    score: f32,
}

/// What a gutter separates.
#[derive(Debug, Clone, Copy)]
enum Sides {
    /// Columns, each of which is read from the top to the bottom.
    Columns,
    /// Labels and the paragraphs beside them.
    Labels,
}

struct Layout<'a> {
    bars: &'a [Bar],
    rtl: bool,
}

impl Layout<'_> {
    fn order(&self, mut segments: Vec<Segment<'_>>, depth: usize, lines: &mut Vec<Line>) {
        sort(&mut segments);
        let gutter = |sides| (depth < DEEPEST).then(|| self.gutter(&segments, sides)).flatten();
        let Some(gutter) = gutter(Sides::Columns) else {
            // Between labels and their paragraphs.
            if let Some(gutter) = gutter(Sides::Labels) {
                let [above, mut first, mut second, below] = self.cut(segments.clone(), &gutter);
                if align_labels(&mut first, &second) {
                    first.append(&mut second);
                    for part in [above, first, below] {
                        self.order(part, depth + 1, lines);
                    }
                    return;
                }
            }
            align_centred(&mut segments, self.bars);
            return self.rows(&segments, lines);
        };
        let [above, mut first, mut second, below] = self.cut(segments, &gutter);
        self.order(above, depth + 1, lines);
        if align_labels(&mut first, &second) {
            first.append(&mut second);
            self.order(first, depth + 1, lines);
        } else if let Some(is_first) = margin(&first, &second)
            && self.is_one_column(if is_first { &second } else { &first })
        {
            let (notes, text) = if is_first { (first, second) } else { (second, first) };
            self.with_notes(text, notes, depth, lines);
        } else {
            self.order(first, depth + 1, lines);
            self.order(second, depth + 1, lines);
        }
        self.order(below, depth + 1, lines);
    }

    /// True when no gutter separates most of a text.
    fn is_one_column(&self, text: &[Segment<'_>]) -> bool {
        let gutter = self.gutter(text, Sides::Columns);
        gutter.is_none_or(|gutter| 2 * (gutter.to - gutter.from) < text.len())
    }

    /// The parts above a gutter, at its sides in the order of reading, and below it.
    fn cut<'a>(&self, mut segments: Vec<Segment<'a>>, gutter: &Gutter) -> [Vec<Segment<'a>>; 4] {
        let below = segments.split_off(gutter.to);
        let beside = segments.split_off(gutter.from);
        let (left, right): (Vec<_>, Vec<_>) =
            beside.into_iter().partition(|segment| segment.x < gutter.x);
        let (first, second) = if self.rtl { (right, left) } else { (left, right) };
        [segments, first, second, below]
    }

    /// The lines of a text, each note of its margin after the paragraph that it stands beside.
    fn with_notes(
        &self,
        text: Vec<Segment<'_>>,
        notes: Vec<Segment<'_>>,
        depth: usize,
        lines: &mut Vec<Line>,
    ) {
        let mut of_text = Vec::new();
        self.order(text, depth + 1, &mut of_text);
        let mut before = 0;
        for note in notes_of(notes) {
            let at = end_of_paragraph(&of_text, note[0].y).max(before);
            lines.extend(of_text[before..at].iter().cloned());
            before = at;
            let begin = lines.len();
            self.order(note, depth + 1, lines);
            for begins in [lines.get_mut(begin), of_text.get_mut(at)].into_iter().flatten() {
                begins.begins = true;
            }
        }
        lines.extend(of_text.drain(before..));
    }

    /// The gutter that separates most prose.
    fn gutter(&self, segments: &[Segment<'_>], sides: Sides) -> Option<Gutter> {
        let mut edges: Vec<f32> = segments.iter().map(|segment| segment.x - 0.5).collect();
        edges.sort_by(f32::total_cmp);
        edges.dedup_by(|b, a| *b - *a < 2.0);
        let mut best: Option<Gutter> = None;
        for x in edges {
            let crosses = |segment: &Segment<'_>| segment.x < x && segment.end > x;
            let mut from = 0;
            while from < segments.len() {
                let to =
                    from + segments[from..].iter().take_while(|segment| !crosses(segment)).count();
                if let Some(score) = self.score(&segments[from..to], x, sides)
                    && best.as_ref().is_none_or(|best| score > best.score)
                {
                    best = Some(Gutter { x, from, to, score });
                }
                from = to + 1;
            }
        }
        best
    }

    /// The amount of prose that a gutter at `x` separates; `None` if it is the gap of a table, or not a gutter.
    fn score(&self, segments: &[Segment<'_>], x: f32, sides: Sides) -> Option<f32> {
        let (mut end, mut start, mut count) = (f32::MIN, f32::MAX, 0);
        for segment in segments {
            if segment.x < x {
                (end, count) = (end.max(segment.end), count + 1);
            } else {
                start = start.min(segment.x);
            }
        }
        // Most places are no gutter, which is decided without a look at the size of the text.
        if count < 3 || segments.len() - count < 3 || start <= end {
            return None;
        }
        let size = median(segments.iter().map(|segment| segment.size));
        if start - end < GUTTER * size {
            return None;
        }
        let (left, right): (Vec<_>, Vec<_>) = segments.iter().partition(|segment| segment.x < x);
        // The sides are adjacent only where both have text.
        let top = left[0].y.min(right[0].y);
        let bottom = left[left.len() - 1].y.max(right[right.len() - 1].y);
        let beside = |side: Vec<&Segment<'_>>| -> (Vec<f32>, f32) {
            let side = side
                .into_iter()
                .filter(|segment| segment.y <= top + size && segment.y >= bottom - size);
            let side: Vec<_> = side.map(|segment| (segment.y, segment.letters)).collect();
            let mut rows: Vec<f32> = side.iter().map(|(y, _)| *y).collect();
            rows.dedup_by(|b, a| *a - *b < SAME_ROW * size);
            let letters = side.iter().map(|(_, letters)| letters).sum::<usize>() as f32;
            let average = letters / rows.len().max(1) as f32;
            (rows, average)
        };
        let ((left, left_letters), (right, right_letters)) = (beside(left), beside(right));
        let (few, many) = if left.len() < right.len() { (&left, &right) } else { (&right, &left) };
        if few.len() < 3 {
            return None;
        }
        // A bar across the gutter between rows belongs to a table if it is as wide as half of each side: a shorter one is
        // of a picture, parts of which may be out of sight.
        let far_left = segments.iter().map(|segment| segment.x).fold(f32::MAX, f32::min);
        let far_right = segments.iter().map(|segment| segment.end).fold(f32::MIN, f32::max);
        let rules = self.bars.iter().filter(|bar| {
            bar.x < (far_left + end) / 2.0
                && bar.end > (start + far_right) / 2.0
                && bar.y < top
                && bar.y > bottom
        });
        if rules.count() >= 2 {
            return None;
        }
        let shared = few
            .iter()
            .filter(|y| many.iter().any(|other| (other - **y).abs() < 0.12 * size))
            .count();
        let aligned = shared as f32 / few.len() as f32;
        let letters = left_letters.min(right_letters);
        let prose = letters >= PROSE && few.len() >= PROSE_ROWS;
        let apart = match sides {
            Sides::Columns => letters >= COLUMN && aligned < ALIGNED,
            // A label in the middle of an odd number of lines shares a baseline.
            Sides::Labels => letters >= SHORT_LABEL,
        };
        let width = (start - end).min(3.0 * size) / size;
        (prose || apart).then_some(few.len() as f32 * width)
    }

    /// Segments as lines, row by row.
    fn rows(&self, segments: &[Segment<'_>], lines: &mut Vec<Line>) {
        let rows = rows(segments, GUTTER);
        let boundaries = cell_boundaries::find(&rows, self.bars);
        let mut above = None;
        for (row, boundaries) in rows.iter().zip(&boundaries) {
            let line = self.line(row, above, boundaries);
            above = Some(row.y);
            if !line.cells.is_empty() {
                lines.push(line);
            }
        }
    }

    /// A line of segments. `above` is the baseline of the previous line; `boundaries` are places between cells.
    fn line(&self, row: &Row<'_>, above: Option<f32>, boundaries: &[f32]) -> Line {
        let (y, row) = (row.y, &row.segments);
        let mut letters: Vec<(f32, usize)> = Vec::new();
        let (mut bold, mut mono) = (true, true);
        for run in row.iter().flat_map(|segment| &segment.runs) {
            let count = run.text.chars().filter(|letter| !letter.is_whitespace()).count();
            match letters.iter_mut().find(|(size, _)| (size - run.size).abs() < 0.25) {
                Some((_, number)) => *number += count,
                None => letters.push((run.size, count)),
            }
            bold &= run.bold || count == 0;
            mono &= run.mono || count == 0;
        }
        let size = letters.iter().max_by_key(|(_, count)| *count).map_or(0.0, |(size, _)| *size);
        let mut cells: Vec<Cell> = Vec::new();
        for (at, segment) in row.iter().enumerate() {
            let text = text(&segment.runs);
            let is_set_apart = |cell: &Cell| {
                if self.rtl {
                    at + 1 == row.len() && is_marker(&text)
                } else {
                    is_marker(&cell.text)
                }
            };
            let is_next_cell = |cell: &Cell| {
                segment.x - cell.end >= CELL_GAP * segment.size
                    || boundaries.iter().any(|place| (cell.end..=segment.x).contains(place))
            };
            match cells.last_mut() {
                Some(cell) if !is_next_cell(cell) || is_set_apart(cell) => {
                    cell.text.push(' ');
                    cell.text.push_str(&text);
                    cell.end = segment.end;
                }
                _ => cells.push(Cell { text, x: segment.x, end: segment.end }),
            }
        }
        for cell in &mut cells {
            cell.text = bidi::logical(&clean(&cell.text), self.rtl);
        }
        cells.retain(|cell| !cell.text.trim().is_empty());
        if self.rtl {
            cells.reverse();
            for cell in &mut cells {
                (cell.x, cell.end) = (-cell.end, -cell.x);
            }
        }
        let (x, end) = (row[0].x, row[row.len() - 1].end);
        // Above its letters, and below those of the previous line.
        let top = above.unwrap_or(f32::MAX).min(y + 2.5 * size);
        let ruled = self
            .bars
            .iter()
            .any(|bar| bar.x < end && bar.end > x && bar.y > y + 0.6 * size && bar.y < top);
        Line { cells, y, size, bold, mono, ruled, begins: false }
    }
}

/// The index of the line after the paragraph that stands at this height: after a line, and not after a heading.
fn end_of_paragraph(lines: &[Line], y: f32) -> usize {
    let distances = lines.windows(2).map(|pair| (pair[0].y - pair[1].y, pair[1].size));
    let leading = median(
        distances
            .filter(|(distance, size)| (0.5 * size..3.0 * size).contains(distance))
            .map(|(distance, _)| distance),
    );
    let mut at = lines.iter().take_while(|line| line.y >= y - 0.5 * line.size).count();
    while at > 0 && at < lines.len() {
        let (above, line) = (&lines[at - 1], &lines[at]);
        let text = line.text();
        let goes_on = (0.0..=PARAGRAPH_LEADING * leading).contains(&(above.y - line.y))
            && !(is_step(&text) || is_bullet(&text) || is_note(&text));
        let is_heading = above.bold && !line.bold || above.size > 1.1 * line.size;
        if !goes_on && !is_heading {
            break;
        }
        at += 1;
    }
    at
}

/// The text of adjacent runs.
fn text(runs: &[&Run]) -> String {
    let mut text = String::new();
    let mut end = f32::MAX;
    for run in runs {
        let gap = run.x - end;
        if gap > WORD_GAP * run.size && !text.ends_with(' ') && !run.text.starts_with(' ') {
            text.push(' ');
        }
        text.push_str(&run.text);
        end = run.end();
    }
    text
}

/// A bullet or the number of a step or a section is set apart from its text and is not a cell.
fn is_marker(text: &str) -> bool {
    let text = text.trim();
    let number = text.trim_end_matches(['.', ')', ':']).trim_start_matches('(');
    text.chars().count() <= 8
        && (is_bullet_mark(text)
            || (!number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit() || c == '.')
                && (number != text || number.contains('.')))
            || (number.chars().count() == 1 && number != text))
}
