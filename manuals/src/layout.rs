//! Turns runs into lines in reading order.
//!
//! Runs on one baseline with no gap wider than a space of justified text form a segment. A gutter is a
//! vertical strip that no segment crosses over a part of the page. If the text on both of its
//! sides is prose, or the lines of the sides do not share baselines, that part is columns: each side
//! is read by the same rule, the left one first (on a right-to-left page the right one).
//! Everything else is read row by row, and a row's segments are its cells. The drawing order is not
//! used: many producers sort it by font.

use hsc_catalogs::PICTURE_MARK;

use super::bidi;
use super::sheet::{Bar, Picture, Run, Sheet};

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
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
}

/// A part of a line without a wide gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub text: String,
    pub x: f32,
    pub end: f32,
}

impl Line {
    pub(super) fn x(&self) -> f32 {
        self.cells.first().map_or(0.0, |cell| cell.x)
    }

    /// The text, its cells separated by one space.
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

/// Widest gap inside a segment, in ems. Justified text stretches a space to about that.
const SEGMENT_GAP: f32 = 0.9;
/// Gap that separates words, in ems.
const WORD_GAP: f32 = 0.14;
/// Baselines of one row differ by less than this, in ems.
const SAME_ROW: f32 = 0.35;
/// Narrowest gutter, in ems.
const GUTTER: f32 = 0.6;
/// Minimum average length of a line of prose, in letters. A label or a number of a table has fewer.
const PROSE: f32 = 15.0;
/// Minimum rows of prose on each side of a gutter. Fewer are an address block or a small table.
const PROSE_ROWS: usize = 4;
/// Share of the rows of one side with a common baseline below which the sides are independent.
/// The cells of a table share all baselines.
const ALIGNED: f32 = 0.5;
/// Deepest nesting of columns.
const DEEPEST: usize = 12;
/// Gap that separates the cells of a row, in ems.
const CELL_GAP: f32 = 1.7;

/// The lines of a page in reading order: upright text first, then rotated text.
pub(super) fn lines(sheet: &Sheet) -> Vec<Line> {
    let mut angles: Vec<&(i32, Vec<Run>)> = sheet.turned.iter().collect();
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

/// Adjacent runs on one baseline.
#[derive(Debug, Clone)]
struct Segment<'a> {
    runs: Vec<&'a Run>,
    x: f32,
    end: f32,
    y: f32,
    size: f32,
    letters: usize,
}

fn segments(runs: &[Run]) -> Vec<Segment<'_>> {
    let visible = |run: &&Run| {
        !run.text.trim().is_empty()
            && [run.x, run.y, run.width, run.size].iter().all(|n| n.is_finite())
    };
    let mut runs: Vec<&Run> = runs.iter().filter(visible).collect();
    runs.sort_by(|a, b| a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y)));
    let mut by_height: Vec<usize> = (0..runs.len()).collect();
    by_height.sort_by(|a, b| runs[*a].y.total_cmp(&runs[*b].y));
    let mut taken = vec![false; runs.len()];
    let mut segments = Vec::new();
    for first in 0..runs.len() {
        if std::mem::replace(&mut taken[first], true) {
            continue;
        }
        let run = runs[first];
        let mut segment = Segment {
            runs: vec![run],
            x: run.x,
            end: run.end(),
            y: run.y,
            size: run.size,
            letters: 0,
        };
        while let Some(next) = next(&segment, &runs, &by_height, &mut taken) {
            taken[next] = true;
            let run = runs[next];
            segment.runs.push(run);
            segment.end = segment.end.max(run.end());
            // The baseline of a line is that of its largest letters: an index does not move it.
            if run.size > 1.1 * segment.size {
                (segment.size, segment.y) = (run.size, run.y);
            }
        }
        segment.letters = segment.runs.iter().map(|run| run.text.chars().count()).sum();
        segments.push(segment);
    }
    segments
}

/// The run that continues a segment: the nearest to its end on its baseline.
fn next(
    segment: &Segment<'_>,
    runs: &[&Run],
    by_height: &[usize],
    taken: &mut [bool],
) -> Option<usize> {
    let low = by_height.partition_point(|at| runs[*at].y < segment.y - segment.size);
    let mut best: Option<(f32, usize)> = None;
    for &at in by_height[low..].iter().take_while(|at| runs[**at].y <= segment.y + segment.size) {
        let run = runs[at];
        let (small, large) = (segment.size.min(run.size), segment.size.max(run.size));
        let slack = if small < 0.8 * large { 0.5 } else { 0.15 };
        if taken[at] || (run.y - segment.y).abs() > slack * large || run.x < segment.x - 0.1 * large
        {
            continue;
        }
        let gap = run.x - segment.end;
        if gap < -0.3 * large {
            // Some producers make bold by drawing text twice with a tiny offset; one copy is enough.
            let shadow = segment.runs.iter().any(|other| {
                other.text.trim() == run.text.trim() && (other.x - run.x).abs() < 0.2 * run.size
            });
            taken[at] = shadow;
        } else if gap <= SEGMENT_GAP * large.min(1.5 * small)
            && best.is_none_or(|(least, _)| gap < least)
        {
            best = Some((gap, at));
        }
    }
    best.map(|(_, at)| at)
}

/// A gutter, and the range of segments (by index, from the top) that it separates.
struct Gutter {
    x: f32,
    from: usize,
    to: usize,
    score: f32,
}

struct Layout<'a> {
    bars: &'a [Bar],
    rtl: bool,
}

impl Layout<'_> {
    fn order(&self, mut segments: Vec<Segment<'_>>, depth: usize, lines: &mut Vec<Line>) {
        segments.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
        let gutter = if depth < DEEPEST { self.gutter(&segments) } else { None };
        let Some(gutter) = gutter else { return self.rows(&segments, lines) };
        let below = segments.split_off(gutter.to);
        let beside = segments.split_off(gutter.from);
        let (left, right) = beside.into_iter().partition(|segment| segment.x < gutter.x);
        let (first, second) = if self.rtl { (right, left) } else { (left, right) };
        for part in [segments, first, second, below] {
            if !part.is_empty() {
                self.order(part, depth + 1, lines);
            }
        }
    }

    /// The gutter that separates most prose.
    fn gutter(&self, segments: &[Segment<'_>]) -> Option<Gutter> {
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
                if let Some(score) = self.score(&segments[from..to], x)
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
    fn score(&self, segments: &[Segment<'_>], x: f32) -> Option<f32> {
        let (left, right): (Vec<_>, Vec<_>) = segments.iter().partition(|segment| segment.x < x);
        if left.len() < 3 || right.len() < 3 {
            return None;
        }
        let size = median(segments.iter().map(|segment| segment.size));
        let end = left.iter().map(|segment| segment.end).fold(f32::MIN, f32::max);
        let start = right.iter().map(|segment| segment.x).fold(f32::MAX, f32::min);
        if start - end < GUTTER * size {
            return None;
        }
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
        // A bar across the gutter between rows belongs to a table.
        let rules = self.bars.iter().filter(|bar| {
            bar.x < end - size && bar.end > start + size && bar.y < top && bar.y > bottom
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
        let apart = letters >= 6.0 && aligned < ALIGNED;
        let width = (start - end).min(3.0 * size) / size;
        (prose || apart).then_some(few.len() as f32 * width)
    }

    /// Segments as lines, row by row.
    fn rows(&self, segments: &[Segment<'_>], lines: &mut Vec<Line>) {
        let (mut from, mut above) = (0, None);
        while from < segments.len() {
            let (mut y, mut size) = (segments[from].y, segments[from].size);
            let mut to = from + 1;
            while to < segments.len()
                && (segments[to].y - y).abs() <= SAME_ROW * size.max(segments[to].size)
            {
                if segments[to].size > size {
                    (y, size) = (segments[to].y, segments[to].size);
                }
                to += 1;
            }
            let mut row: Vec<&Segment<'_>> = segments[from..to].iter().collect();
            row.sort_by(|a, b| a.x.total_cmp(&b.x));
            let line = self.line(&row, y, above);
            above = Some(y);
            if !line.cells.is_empty() {
                lines.push(line);
            }
            from = to;
        }
    }

    /// A line of segments. `above` is the baseline of the previous line.
    fn line(&self, row: &[&Segment<'_>], y: f32, above: Option<f32>) -> Line {
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
        for segment in row {
            let text = text(&segment.runs);
            match cells.last_mut() {
                Some(cell)
                    if segment.x - cell.end < CELL_GAP * segment.size || is_marker(&cell.text) =>
                {
                    cell.text.push(' ');
                    cell.text.push_str(&text);
                    cell.end = segment.end;
                }
                _ => cells.push(Cell { text, x: segment.x, end: segment.end }),
            }
        }
        for cell in &mut cells {
            cell.text = bidi::logical(&super::mending::clean(&cell.text), self.rtl);
        }
        cells.retain(|cell| !cell.text.trim().is_empty());
        if self.rtl {
            cells.reverse();
        }
        let (x, end) = (row[0].x, row[row.len() - 1].end);
        // Above its letters, and below those of the previous line.
        let top = above.unwrap_or(f32::MAX).min(y + 2.5 * size);
        let ruled = self
            .bars
            .iter()
            .any(|bar| bar.x < end && bar.end > x && bar.y > y + 0.6 * size && bar.y < top);
        Line { cells, y, size, bold, mono, ruled }
    }
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
        && (super::list_marks::is_bullet_mark(text)
            || (!number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit() || c == '.')
                && (number != text || number.contains('.')))
            || (number.chars().count() == 1 && number != text))
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
