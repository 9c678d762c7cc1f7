//! Runs become lines in the order a person reads them.
//!
//! Runs on one baseline make a row. Where the same gutter stays open over many rows and both sides
//! are filled with text, the rows are two columns and the left one is read first; where the sides are
//! short they are a table, and the row is a line with cells. The extractors' own order is not used:
//! it is the order of drawing, which many producers choose by font.

use super::sheet::{Run, Sheet};

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The text between wide gaps; most lines have one piece, a table's have several.
    pub cells: Vec<Cell>,
    /// Baseline, in points from the bottom.
    pub y: f32,
    /// The size most of its letters have.
    pub size: f32,
    /// True when every letter is bold.
    pub bold: bool,
    /// True when every letter is of one width: a program, a command, output.
    pub mono: bool,
}

/// A stretch of a line without a wide gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub text: String,
    pub x: f32,
    pub end: f32,
}

impl Line {
    /// Left edge.
    pub(super) fn x(&self) -> f32 {
        self.cells.first().map_or(0.0, |cell| cell.x)
    }

    /// The text, its cells apart by one space.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for cell in &self.cells {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&cell.text);
        }
        text
    }

    /// True for a row of a table.
    pub(super) fn is_row(&self) -> bool {
        self.cells.len() > 1
    }
}

/// Part of the font size by which baselines of one line may differ: indices and raised marks.
const SAME_LINE: f32 = 0.45;
/// Part of the font size a gap must have to part words. A narrow space is a fifth of it.
const WORD_GAP: f32 = 0.14;
/// Gap that parts cells, in font sizes. Justified text stretches a space to about one.
const CELL_GAP: f32 = 1.7;
/// Gap that may be a gutter between columns, in font sizes.
const GUTTER: f32 = 1.0;
/// Rows that two columns must stand side by side for. Fewer are an address block or a small table.
const COLUMN_ROWS: usize = 8;
/// How much of its width the lines of a column fill on average. Cells of a table fill less.
const COLUMN_FILL: f32 = 0.6;

/// The lines of a page in reading order.
pub(super) fn lines(sheet: &Sheet) -> Vec<Line> {
    let mut lines = read(&sheet.runs);
    for turned in &sheet.turned {
        lines.extend(read(turned));
    }
    lines
}

fn read(runs: &[Run]) -> Vec<Line> {
    let rows = rows(runs);
    let mut lines = Vec::with_capacity(rows.len());
    let mut at = 0;
    for (from, to, gutter) in columns(&rows) {
        lines.extend(rows[at..from].iter().map(|row| line(row)));
        let side = |left: bool| {
            let rows = &rows[from..to];
            rows.iter().filter_map(move |row| {
                let side: Vec<&Run> =
                    row.iter().filter(|run| (run.x < gutter) == left).copied().collect();
                (!side.is_empty()).then(|| line(&side))
            })
        };
        lines.extend(side(true));
        lines.extend(side(false));
        at = to;
    }
    lines.extend(rows[at..].iter().map(|row| line(row)));
    lines.retain(|line| !line.cells.is_empty());
    lines
}

/// Runs that share a baseline, from the top down, each row from left to right.
fn rows(runs: &[Run]) -> Vec<Vec<&Run>> {
    let visible = |run: &&Run| {
        !run.text.trim().is_empty()
            && [run.x, run.y, run.width, run.size].iter().all(|n| n.is_finite())
    };
    let mut sorted: Vec<&Run> = runs.iter().filter(visible).collect();
    sorted.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
    let mut rows: Vec<Vec<&Run>> = Vec::new();
    // The baseline of a row is that of its largest run: an index does not pull the row down.
    let mut base: (f32, f32) = (f32::MAX, 0.0);
    for run in sorted {
        let near = (base.0 - run.y).abs() <= SAME_LINE * base.1.max(run.size);
        match rows.last_mut() {
            Some(row) if near => {
                row.push(run);
                if run.size > base.1 {
                    base = (run.y, run.size);
                }
            }
            _ => {
                rows.push(vec![run]);
                base = (run.y, run.size);
            }
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
        drop_shadows(row);
    }
    rows
}

/// Text drawn twice a hair apart is how some producers make bold; once is enough to read.
fn drop_shadows(row: &mut Vec<&Run>) {
    row.dedup_by(|b, a| a.text == b.text && (a.x - b.x).abs() < 0.15 * a.size);
}

/// The stretches of rows that are two columns: from, to, and where the gutter is.
fn columns(rows: &[Vec<&Run>]) -> Vec<(usize, usize, f32)> {
    let left = rows.iter().flatten().map(|run| run.x).fold(f32::MAX, f32::min);
    let right = rows.iter().flatten().map(|run| run.end()).fold(f32::MIN, f32::max);
    if rows.len() < COLUMN_ROWS || right <= left {
        return Vec::new();
    }
    // Only the middle third can part a page into columns that are each wide enough to hold prose.
    let (low, high) = (left + (right - left) / 3.0, right - (right - left) / 3.0);
    let mut candidates: Vec<f32> = Vec::new();
    for row in rows {
        for pair in row.windows(2) {
            let gap = pair[1].x - pair[0].end();
            let x = pair[1].x - 0.1;
            if gap >= GUTTER * pair[0].size.min(pair[1].size) && x > low && x < high {
                candidates.push(x);
            }
        }
    }
    candidates.sort_by(f32::total_cmp);
    candidates.dedup_by(|b, a| *b - *a < 2.0);
    let mut best: Vec<(usize, usize, f32)> = Vec::new();
    let mut covered = 0;
    for gutter in candidates {
        let found = bands(rows, gutter, left, right);
        let rows: usize = found.iter().map(|(from, to, _)| to - from).sum();
        if rows > covered {
            (best, covered) = (found, rows);
        }
    }
    best
}

/// Stretches of rows that no run crosses at the gutter and whose sides are both filled.
fn bands(rows: &[Vec<&Run>], gutter: f32, left: f32, right: f32) -> Vec<(usize, usize, f32)> {
    let crosses = |row: &[&Run]| {
        row.iter().any(|run| run.x < gutter && run.end() > gutter)
            || row.windows(2).any(|pair| {
                let inside = pair[0].end() <= gutter && pair[1].x >= gutter;
                inside && pair[1].x - pair[0].end() < GUTTER * 0.8 * pair[0].size
            })
    };
    let mut found = Vec::new();
    let mut from = 0;
    while from < rows.len() {
        let to = from + rows[from..].iter().take_while(|row| !crosses(row)).count();
        if to > from && filled(&rows[from..to], gutter, left, right) {
            found.push((from, to, gutter));
        }
        from = to.max(from + 1);
    }
    found
}

fn filled(rows: &[Vec<&Run>], gutter: f32, left: f32, right: f32) -> bool {
    let fill = |is_left: bool, width: f32| {
        let widths: Vec<f32> = rows
            .iter()
            .filter_map(|row| {
                let side: Vec<_> = row.iter().filter(|run| (run.x < gutter) == is_left).collect();
                Some(side.last()?.end() - side.first()?.x)
            })
            .collect();
        let enough = widths.len() >= COLUMN_ROWS;
        enough && widths.iter().sum::<f32>() / widths.len() as f32 >= COLUMN_FILL * width
    };
    fill(true, gutter - left) && fill(false, right - gutter)
}

/// One row, or one side of it, as a line.
fn line(row: &[&Run]) -> Line {
    let mut cells: Vec<Cell> = Vec::new();
    let mut letters: Vec<(f32, usize)> = Vec::new();
    let (mut bold, mut mono) = (true, true);
    let mut y = f32::MIN;
    let mut largest = 0.0;
    for run in row {
        let count = run.text.chars().filter(|c| !c.is_whitespace()).count();
        match letters.iter_mut().find(|(size, _)| (size - run.size).abs() < 0.25) {
            Some((_, number)) => *number += count,
            None => letters.push((run.size, count)),
        }
        bold &= run.bold || count == 0;
        mono &= run.mono || count == 0;
        if run.size > largest {
            (largest, y) = (run.size, run.y);
        }
        match cells.last_mut() {
            Some(cell) if run.x - cell.end < CELL_GAP * run.size || is_marker(&cell.text) => {
                let gap = run.x - cell.end;
                let parted = cell.text.ends_with(char::is_whitespace)
                    || run.text.starts_with(char::is_whitespace);
                if gap > WORD_GAP * run.size && !parted {
                    cell.text.push(' ');
                }
                cell.text.push_str(&run.text);
                cell.end = run.end().max(cell.end);
            }
            _ => cells.push(Cell { text: run.text.clone(), x: run.x, end: run.end() }),
        }
    }
    for cell in &mut cells {
        cell.text = super::mending::clean(&cell.text);
    }
    cells.retain(|cell| !cell.text.is_empty());
    let size = letters.iter().max_by_key(|(_, count)| *count).map_or(0.0, |(size, _)| *size);
    Line { cells, y, size, bold, mono }
}

/// A bullet or the number of a step or a section stands apart from its text and is no cell.
fn is_marker(text: &str) -> bool {
    let text = text.trim();
    let number = text.trim_end_matches(['.', ')', ':']).trim_start_matches('(');
    text.chars().count() <= 8
        && (super::blocks::is_bullet_mark(text)
            || (!number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit() || c == '.')
                && (number != text || number.contains('.')))
            || (number.chars().count() == 1 && number != text))
}
