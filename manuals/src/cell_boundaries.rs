//! Finds the boundaries between cells that stand close together.
//!
//! A wide gap in a row separates two cells. In a table whose columns are close a cell that fills its column is as near
//! to the next as two words of justified text are. But no row of the table crosses the gutter between two columns, and
//! the cells beside it begin at one place: where that is so, narrow gaps separate cells too.

use super::segments::{MOST_SEGMENTS, Row, Segment};
use super::sheet::Bar;

/// Narrowest gutter between two columns, of a page or of a table, in ems.
pub(super) const GUTTER: f32 = 0.6;
/// Most rows of a table that are compared, and most segments of one of its rows: more are a drawing.
const ROWS: usize = 60;
const SEGMENTS: usize = 24;
/// Largest distance of two rows of one table, in ems.
const ROW_DISTANCE: f32 = 3.0;
/// Rows with text on both sides of a gutter: beginning at one place, in a table without bars and in one with them.
const ALIGNED_ROWS: (usize, usize) = (4, 2);
/// Share of the rows with text on both sides that begin at one place.
const ALIGNED: f32 = 0.75;
/// Distance in ems within which two places are one.
const SAME_PLACE: f32 = 0.3;

/// A strip without text, between two columns.
#[derive(Debug, Clone, Copy)]
struct Gutter {
    from: f32,
    to: f32,
}

impl Gutter {
    /// The rest of this gutter beside the text of a row; `None` if the row crosses it.
    fn beside(self, row: &Row<'_>) -> Option<Self> {
        let mut rest = self;
        for segment in &row.segments {
            if segment.x <= rest.from {
                rest.from = rest.from.max(segment.end);
            } else {
                rest.to = rest.to.min(segment.x);
            }
            if rest.to - rest.from < GUTTER * segment.size {
                return None;
            }
        }
        Some(rest)
    }

    /// The segments of a row beside this gutter, if it has text on both sides.
    fn sides<'r, 's>(self, row: &'r Row<'s>) -> Option<(&'r Segment<'s>, &'r Segment<'s>)> {
        let right = row.segments.iter().position(|segment| segment.x >= self.to)?;
        Some((&row.segments[right.checked_sub(1)?], &row.segments[right]))
    }
}

/// The boundaries between the cells of each row, as places. Rows are from the top, their segments from the left.
pub(super) fn find(rows: &[Row<'_>], bars: &[Bar]) -> Vec<Vec<f32>> {
    let mut found: Vec<Vec<f32>> = vec![Vec::new(); rows.len()];
    if rows.iter().map(|row| row.segments.len()).sum::<usize>() > MOST_SEGMENTS {
        return found;
    }
    for (first, row) in rows.iter().enumerate() {
        if row.segments.len() > SEGMENTS {
            continue;
        }
        for pair in row.segments.windows(2) {
            let gutter = Gutter { from: pair[0].end, to: pair[1].x };
            let is_known =
                found[first].iter().any(|place| (gutter.from..=gutter.to).contains(place));
            if is_known || gutter.to - gutter.from < GUTTER * pair[0].size.max(pair[1].size) {
                continue;
            }
            let (gutter, last) = extent(gutter, rows, first);
            if is_of_table(gutter, &rows[first..=last], bars) {
                for row in &mut found[first..=last] {
                    row.push((gutter.from + gutter.to) / 2.0);
                }
            }
        }
    }
    found
}

/// What remains of a gutter of the first row down to the last row that does not cross it, and that row.
fn extent(mut gutter: Gutter, rows: &[Row<'_>], first: usize) -> (Gutter, usize) {
    let mut last = first;
    for (at, row) in rows.iter().enumerate().skip(first + 1).take(ROWS) {
        let is_near = rows[last].y - row.y <= ROW_DISTANCE * row.segments[0].size;
        match gutter.beside(row).filter(|_| is_near && row.segments.len() <= SEGMENTS) {
            Some(rest) => (gutter, last) = (rest, at),
            None => break,
        }
    }
    (gutter, last)
}

/// True when the text beside a gutter is aligned as that of two columns is.
fn is_of_table(gutter: Gutter, rows: &[Row<'_>], bars: &[Bar]) -> bool {
    let sides: Vec<_> = rows.iter().filter_map(|row| gutter.sides(row)).collect();
    let Some((first, last)) = rows.first().zip(rows.last()) else { return false };
    let is_between = |bar: &&Bar| {
        bar.x < gutter.from && bar.end > gutter.to && bar.y < first.y && bar.y > last.y
    };
    let is_ruled = bars.iter().filter(is_between).count() >= 2;
    let least = if is_ruled { ALIGNED_ROWS.1 } else { ALIGNED_ROWS.0 };
    let marks = sides.iter().filter(|(left, _)| is_mark(left)).count();
    if !is_ruled && 2 * marks > sides.len() {
        return false;
    }
    let size = first.segments[0].size;
    let left_aligned = aligned(sides.iter().map(|(_, right)| right.x), size);
    // From the right to the left a cell begins at its right end.
    let most = left_aligned.max(aligned(sides.iter().map(|(left, _)| left.end), size));
    most >= least && most as f32 >= ALIGNED * sides.len() as f32
}

/// True for the mark of a list, the number of a step and an entry of a table of contents with the dots before its page:
/// the text beside them is no other cell.
fn is_mark(segment: &Segment<'_>) -> bool {
    let letters = segment.runs.iter().flat_map(|run| run.text.chars());
    let text: String = letters.filter(|letter| !letter.is_whitespace()).collect();
    text.chars().nth(1).is_none()
        || text.ends_with("..")
        || text.chars().all(|letter| letter.is_ascii_digit() || ".):(".contains(letter))
}

/// The largest number of these places that are one, for letters of this size.
fn aligned(places: impl Iterator<Item = f32>, size: f32) -> usize {
    let places: Vec<f32> = places.collect();
    let near = |place: &f32| {
        places.iter().filter(|other| (**other - place).abs() <= SAME_PLACE * size).count()
    };
    places.iter().map(near).max().unwrap_or_default()
}
