//! Joins the runs of a page to segments, text on one baseline without a wide gap, and aligns those that stand beside
//! other text and are no column: labels centred beside their paragraphs, centred cells, and notes in the margin.
//!
//! A label and the first line of its paragraph are made to share a baseline, so that they are the cells of one row.

use super::sheet::{Bar, Run};

/// Widest gap inside a segment, in ems. Justified text stretches a space to about that.
const SEGMENT_GAP: f32 = 0.9;
/// Baselines of one row differ by less than this, in ems.
pub(super) const SAME_ROW: f32 = 0.35;

/// Adjacent runs on one baseline.
#[derive(Debug, Clone)]
pub(super) struct Segment<'a> {
    pub runs: Vec<&'a Run>,
    pub x: f32,
    pub end: f32,
    pub y: f32,
    pub size: f32,
    pub letters: usize,
}

pub(super) fn segments(runs: &[Run]) -> Vec<Segment<'_>> {
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
        let mut segment = Segment::new(run);
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

impl<'a> Segment<'a> {
    fn new(run: &'a Run) -> Self {
        let letters = run.text.chars().count();
        Self { runs: vec![run], x: run.x, end: run.end(), y: run.y, size: run.size, letters }
    }

    /// The parts of a segment between gaps of at least this many ems.
    fn parts(&self, gap: f32) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::with_capacity(1);
        for run in &self.runs {
            match parts.last_mut() {
                Some(part) if run.x - part.end < gap * self.size => {
                    part.runs.push(run);
                    part.end = part.end.max(run.end());
                    part.letters += run.text.chars().count();
                }
                _ => parts.push(Self { y: self.y, size: self.size, ..Self::new(run) }),
            }
        }
        parts
    }
}

/// The segments on one baseline, from the left.
#[derive(Debug)]
pub(super) struct Row<'s> {
    /// The baseline of its largest segment.
    pub y: f32,
    pub segments: Vec<Segment<'s>>,
}

/// Segments, from the top, as rows; each is parted at gaps of at least this many ems.
pub(super) fn rows<'s>(segments: &[Segment<'s>], gap: f32) -> Vec<Row<'s>> {
    let mut rows = Vec::new();
    let mut from = 0;
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
        let mut row: Vec<Segment<'_>> =
            segments[from..to].iter().flat_map(|segment| segment.parts(gap)).collect();
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
        rows.push(Row { y, segments: row });
        from = to;
    }
    rows
}

/// From the top to the bottom, and from left to right.
pub(super) fn sort(segments: &mut [Segment<'_>]) {
    segments.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
}

pub(super) fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Most letters of a label, on average. It is below the length of a line of prose: aligned labels separate no columns.
const LABEL: f32 = 15.0;
/// Minimum letters of a line beside labels, on average.
const PROSE: f32 = 15.0;
/// Most lines of a label.
const LABEL_LINES: usize = 2;
/// Minimum number of labels: two may be words of a figure. A page has no more of them than the maximum.
const LABELS: usize = 3;
const MOST_LABELS: usize = 200;
/// Minimum distance of two paragraphs relative to the distance of two lines of one.
const APART: f32 = 1.2;
/// Distance of a label from the lines of its paragraph, in ems.
const NEAR: f32 = 0.7;

/// Most bars of a page that are compared with its text. A page with more of them is a drawing.
const MOST_BARS: usize = 400;
/// Most segments that are compared with each other, and most lines of notes. A page of small print has 500.
pub(super) const MOST_SEGMENTS: usize = 2_000;
const MOST_NOTES: usize = 500;
/// Distance in points within which two bars are at one height, and within which they end at one place or touch.
const SAME_BAR: f32 = 1.5;
const SAME_EDGE: f32 = 4.0;
/// Largest distance between the middle of a centred cell and the middle of its row, in ems.
const CENTRED: f32 = 0.75;

/// Largest width of a margin relative to the text, and the largest part of the text's height and of its letters that
/// the notes of the margin have.
const MARGIN: (f32, f32, f32) = (0.5, 0.6, 0.6);
/// Minimum letters of a line of a note and of a line of the text, on average.
const NOTE: (f32, f32) = (10.0, 30.0);
/// Minimum distance of two notes, in ems.
const NOTES_APART: f32 = 2.2;

/// The baselines of segments, from the top.
fn baselines<'s>(segments: impl IntoIterator<Item = &'s Segment<'s>>) -> Vec<f32> {
    let mut rows: Vec<(f32, f32)> =
        segments.into_iter().map(|segment| (segment.y, segment.size)).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.dedup_by(|low, high| high.0 - low.0 < SAME_ROW * high.1);
    rows.into_iter().map(|(y, _)| y).collect()
}

fn letters(segments: &[Segment<'_>]) -> f32 {
    segments.iter().map(|segment| segment.letters).sum::<usize>() as f32
}

fn size(segments: &[Segment<'_>]) -> f32 {
    median(segments.iter().map(|segment| segment.size))
}

/// Aligns the labels beside paragraphs with the first lines of these; false if the side is not labels or if they are
/// aligned already. Both are sorted from the top. A label is centred beside its paragraph or stands beside its first
/// lines, and nearly every paragraph from the first label to the last has one.
pub(super) fn align_labels(side: &mut [Segment<'_>], text: &[Segment<'_>]) -> bool {
    let (all, lines) = (baselines(side.iter()), baselines(text));
    let size = size(text);
    let (Some(top), Some(bottom)) = (lines.first(), lines.last()) else { return false };
    // Page numbers and the like above and below the paragraphs.
    let is_outside = |y: f32| y > top + NEAR * size || y < bottom - NEAR * size;
    let labels: Vec<f32> = all.into_iter().filter(|y| !is_outside(*y)).collect();
    let of_labels: usize =
        side.iter().filter(|label| !is_outside(label.y)).map(|label| label.letters).sum();
    if !(LABELS..=MOST_LABELS).contains(&labels.len())
        || of_labels as f32 >= LABEL * labels.len() as f32
        || letters(text) < PROSE * lines.len() as f32
    {
        return false;
    }
    let distances = lines.windows(2).map(|pair| pair[0] - pair[1]);
    let tight = distances.filter(|distance| *distance > 0.5 * size).fold(f32::MAX, f32::min);
    let paragraphs: Vec<&[f32]> =
        lines.chunk_by(|above, below| above - below < APART * tight).collect();
    let mut of: Vec<Vec<f32>> = vec![Vec::new(); paragraphs.len()];
    for y in &labels {
        let is_beside = |lines: &&[f32]| {
            *y < lines[0] + NEAR * size && *y > lines[lines.len() - 1] - NEAR * size
        };
        let Some(at) = paragraphs.iter().position(is_beside) else { return false };
        of[at].push(*y);
    }
    let labelled: Vec<usize> = (0..of.len()).filter(|at| !of[*at].is_empty()).collect();
    let [first, .., last] = labelled[..] else { return false };
    let is_beside = paragraphs.iter().zip(&of).all(|(lines, labels)| {
        let (Some(high), Some(low)) = (labels.first(), labels.last()) else { return true };
        let middle = (lines[0] + lines[lines.len() - 1]) / 2.0;
        labels.len() <= LABEL_LINES.min(lines.len())
            && (*high > lines[0] - 1.2 * tight
                || ((high + low) / 2.0 - middle).abs() < CENTRED * size)
    });
    let number = labelled.len();
    if !is_beside || number < LABELS || 4 * number < 3 * (last - first + 1) {
        return false;
    }
    let places = paragraphs.iter().zip(&of).flat_map(|(lines, labels)| labels.iter().zip(*lines));
    let places: Vec<(f32, f32)> = places.map(|(label, line)| (*label, *line)).collect();
    let mut has_moved = false;
    for segment in side.iter_mut().filter(|segment| !is_outside(segment.y)) {
        let distance = |label: f32| (label - segment.y).abs();
        let nearest = places.iter().min_by(|(a, _), (b, _)| distance(*a).total_cmp(&distance(*b)));
        if let Some((_, line)) = nearest {
            has_moved |= (segment.y - line).abs() > SAME_ROW * size;
            segment.y = *line;
        }
    }
    has_moved
}

/// Aligns the cells of a ruled table that are centred in their rows with the first lines of these rows.
pub(super) fn align_centred(segments: &mut [Segment<'_>], bars: &[Bar]) {
    let Some((first, last)) = segments.first().zip(segments.last()) else { return };
    let (top, bottom) = (first.y + 4.0 * first.size, last.y - 4.0 * last.size);
    let is_near = |bar: &&Bar| (bottom..=top).contains(&bar.y);
    if bars.len() > MOST_BARS
        || segments.len() > MOST_SEGMENTS
        || bars.iter().filter(is_near).count() < 3
    {
        return;
    }
    let bars = joined(bars.iter().filter(is_near).copied().collect());
    // The row of each segment: the nearest bars above and below it.
    let row = |segment: &Segment<'_>| {
        let middle = (segment.x + segment.end) / 2.0;
        let covers = |bar: &&Bar| bar.x <= middle && bar.end >= middle;
        let above =
            bars.iter().rfind(|bar| covers(bar) && bar.y > segment.y + 0.3 * segment.size)?;
        let below = bars.iter().find(|bar| covers(bar) && bar.y < segment.y)?;
        // The bars of a table end at the same places, and there are more than two of them.
        let is_alike = |bar: &&Bar| {
            (bar.x - above.x).abs() < SAME_EDGE && (bar.end - above.end).abs() < SAME_EDGE
        };
        let is_table = is_alike(&below) && bars.iter().filter(is_alike).count() > 2;
        is_table.then_some((*above, *below))
    };
    let bands: Vec<Option<(Bar, Bar)>> = segments.iter().map(row).collect();
    let mut moved: Vec<(usize, f32)> = Vec::new();
    let mut is_done = vec![false; segments.len()];
    for first in 0..segments.len() {
        let Some((above, below)) = bands[first].filter(|_| !is_done[first]) else { continue };
        is_done[first] = true;
        let is_inside = |at: &usize| {
            let segment = &segments[*at];
            segment.y < above.y
                && segment.y > below.y
                && segment.x > above.x - SAME_EDGE
                && segment.end < above.end + SAME_EDGE
        };
        let inside: Vec<usize> = (0..segments.len()).filter(is_inside).collect();
        // The cell: what stands above or below the segment between the same bars.
        let (mut from, mut to) = (segments[first].x, segments[first].end);
        let mut cell: Vec<usize> = Vec::new();
        for at in &inside {
            let segment = &segments[*at];
            if bands[*at] == bands[first] && segment.x < to && segment.end > from {
                (from, to) = (from.min(segment.x), to.max(segment.end));
                cell.push(*at);
                is_done[*at] = true;
            }
        }
        let others = inside.iter().filter(|at| !cell.contains(at)).map(|at| &segments[*at]);
        let (lines, others) = (baselines(cell.iter().map(|at| &segments[*at])), baselines(others));
        let (Some(high), Some(low)) = (lines.first(), lines.last()) else { continue };
        let (Some(top), Some(bottom)) = (others.first(), others.last()) else { continue };
        let size = segments[first].size;
        let middle = (high + low) / 2.0;
        let is_centred = lines.len() < others.len()
            && *high < top - SAME_ROW * size
            && (middle - (top + bottom) / 2.0).abs() < CENTRED * size;
        if is_centred {
            for at in cell {
                let line = lines.iter().take_while(|y| **y > segments[at].y + 0.1).count();
                moved.push((at, others[line.min(others.len() - 1)]));
            }
        }
    }
    if moved.is_empty() {
        return;
    }
    for (at, y) in moved {
        segments[at].y = y;
    }
    sort(segments);
}

/// The bars from the top; those that touch at one height are one, because the borders of cells are drawn apart.
fn joined(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut joined: Vec<Bar> = Vec::with_capacity(bars.len());
    for same in bars.chunk_by_mut(|above, below| above.y - below.y < SAME_BAR) {
        same.sort_by(|a, b| a.x.total_cmp(&b.x));
        let from = joined.len();
        for bar in same {
            match joined[from..].last_mut() {
                Some(last) if bar.x <= last.end + SAME_EDGE => last.end = last.end.max(bar.end),
                _ => joined.push(*bar),
            }
        }
    }
    joined
}

/// True when the first side is the margin of the second, false when the second is that of the first; `None` when they
/// are columns.
pub(super) fn margin(first: &[Segment<'_>], second: &[Segment<'_>]) -> Option<bool> {
    if is_margin(first, second) { Some(true) } else { is_margin(second, first).then_some(false) }
}

fn is_margin(side: &[Segment<'_>], text: &[Segment<'_>]) -> bool {
    let width = |segments: &[Segment<'_>]| {
        let x = segments.iter().map(|segment| segment.x).fold(f32::MAX, f32::min);
        segments.iter().map(|segment| segment.end).fold(f32::MIN, f32::max) - x
    };
    let (notes, lines) = (baselines(side), baselines(text));
    let (Some(top), Some(bottom)) = (lines.first(), lines.last()) else { return false };
    let height = notes.len() as f32 * 1.2 * size(side);
    let a_line = |segments: &[Segment<'_>], lines: usize| letters(segments) / lines.max(1) as f32;
    notes.len() <= MOST_NOTES
        && width(side) <= MARGIN.0 * width(text)
        && height <= MARGIN.1 * (top - bottom)
        && letters(side) <= MARGIN.2 * letters(text)
        && a_line(side, notes.len()) >= NOTE.0
        && a_line(text, lines.len()) >= NOTE.1
}

/// The notes of a margin, from the top.
pub(super) fn notes_of(mut segments: Vec<Segment<'_>>) -> Vec<Vec<Segment<'_>>> {
    sort(&mut segments);
    let mut notes: Vec<Vec<Segment<'_>>> = Vec::new();
    for segment in segments {
        match notes.last_mut() {
            Some(note)
                if note.last().is_some_and(|above| {
                    above.y - segment.y < NOTES_APART * segment.size.max(above.size)
                }) =>
            {
                note.push(segment);
            }
            _ => notes.push(vec![segment]),
        }
    }
    notes
}
