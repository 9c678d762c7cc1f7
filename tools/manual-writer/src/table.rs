//! Turns a table into slices, one per row.

use std::rc::Rc;

use crate::line::{break_lines, widths};
use crate::sheet::{HAIR, INK, Mark};
use crate::slice::{Column, Slice, TABLE, marks_of, tint};
use crate::source::{Result, Span};

/// Space left and right of a cell's text.
const PAD_X: f32 = 4.0;
/// Space above and below the text of a cell.
const PAD_Y: f32 = 2.6;

/// Shapes a table; its header is repeated on every sheet.
pub(crate) fn shape(
    head: &[Vec<Span>],
    rows: &[Vec<Vec<Span>>],
    within: Column,
) -> Result<Vec<Slice>> {
    let columns = columns(head, rows, within)?;
    let mut first = row(head, &columns, within, true)?;
    first.keeps = true;
    let ground = tint(within.accent, 0.13);
    first
        .marks
        .insert(0, Mark::fill(within.left, -first.height, within.width, first.height, ground));
    let repeated = Rc::new(first.clone());
    first.gap = 7.0;
    let mut slices = vec![first];
    let count = rows.len();
    for (at, cells) in rows.iter().enumerate() {
        let mut slice = row(cells, &columns, within, false)?;
        // The first and the last row stay with their neighbours.
        slice.keeps = count > 1 && (at == 0 || at + 2 == count);
        slice.head = Some(Rc::clone(&repeated));
        slices.push(slice);
    }
    slices.push(Slice { height: 5.0, ..Slice::default() });
    Ok(slices)
}

fn row(cells: &[Vec<Span>], columns: &[Column], within: Column, bold: bool) -> Result<Slice> {
    let mut marks = Vec::new();
    let mut most = 1;
    for (cell, column) in cells.iter().zip(columns) {
        let lines = break_lines(cell, column.width, TABLE.size, bold)?;
        most = most.max(lines.len());
        for (at, line) in lines.iter().enumerate() {
            let top = -PAD_Y - at as f32 * TABLE.leading;
            marks.extend(marks_of(line, TABLE, INK, column.left, top));
        }
    }
    let height = most as f32 * TABLE.leading + 2.0 * PAD_Y;
    marks.push(Mark::fill(within.left, -height, within.width, 0.5, HAIR));
    Ok(Slice { height, marks, ..Slice::default() })
}

/// The position and width of each column: every column gets the width of its widest word, and the rest is
/// distributed in proportion to the missing width of each.
fn columns(head: &[Vec<Span>], rows: &[Vec<Vec<Span>>], within: Column) -> Result<Vec<Column>> {
    let mut least = vec![0.0_f32; head.len()];
    let mut best = vec![0.0_f32; head.len()];
    for (cells, bold) in
        std::iter::once((head, true)).chain(rows.iter().map(|row| (row.as_slice(), false)))
    {
        for (at, cell) in cells.iter().enumerate().take(head.len()) {
            let (word, whole) = widths(cell, TABLE.size, bold)?;
            least[at] = least[at].max(word);
            best[at] = best[at].max(whole);
        }
    }
    let room = within.width - 2.0 * PAD_X * head.len() as f32;
    let (taken, wished): (f32, f32) = (least.iter().sum(), best.iter().sum());
    let widths: Vec<f32> = if wished <= room {
        // Everything fits. The rules extend to the margin in any case: in a table of two columns, which
        // is read as a list, the last column takes the rest; in a wider one all columns share it.
        let spare = room - wished;
        let mut widths = best;
        match widths.as_mut_slice() {
            [] => {}
            [.., last] if head.len() <= 2 => *last += spare,
            all => all.iter_mut().for_each(|width| *width += spare / head.len() as f32),
        }
        widths
    } else if taken >= room {
        least.iter().map(|width| width * room / taken).collect()
    } else {
        let share = (room - taken) / (wished - taken);
        least.iter().zip(&best).map(|(least, best)| least + (best - least) * share).collect()
    };
    let mut left = within.left;
    Ok(widths
        .into_iter()
        .map(|width| {
            let column = Column { left: left + PAD_X, width: width + 0.01, ..within };
            left += width + 2.0 * PAD_X;
            column
        })
        .collect())
}
