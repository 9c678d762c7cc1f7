//! Aligns the rows of a table with its columns.
//!
//! A line of a table gives its cells, but not their columns: an empty cell is not drawn, and a
//! merged cell is drawn once. The rows that have a cell in every column determine the columns, and the
//! others are aligned with them. A merged cell is repeated in each of its columns, because a row is quoted alone.

use super::layout::{Cell, cell_texts};

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    /// Every letter is bold.
    pub bold: bool,
}

impl Row {
    /// The cells separated by ` | `.
    pub(super) fn text(&self) -> String {
        cell_texts(&self.cells, " | ")
    }
}

/// Columns from which a row with a missing cell is aligned.
const COLUMNS: usize = 3;
/// Longest text in letters that is repeated in each of the columns it spans.
const REPEATED: usize = 40;
/// The text of an empty cell, as in printed tables.
pub(super) const EMPTY: &str = "–";
/// Longest text, in letters, of a cell that is separated from its neighbour by the position of the columns.
const SHORT: usize = 16;
/// Distance in points from the edge of a column within which a cell counts as aligned.
const EDGE: f32 = 4.0;

/// Aligns the rows of one table with its columns. Two rows of column names become one.
pub(super) fn align(rows: &mut Vec<Row>) {
    let Some(columns) = columns(rows) else { return };
    let mut spans = Vec::with_capacity(rows.len());
    for at in 0..rows.len() {
        let has_names_above = at == 1 && names_columns(&rows[0]);
        let above = (at > 0 && !has_names_above).then(|| rows[at - 1].cells.clone());
        let is_short = rows[at].cells.len() < columns.len();
        if is_short {
            rows[at].cells = split(std::mem::take(&mut rows[at].cells), &columns);
        }
        let is_short = rows[at].cells.len() < columns.len();
        let placed = if is_short { place(&rows[at].cells, &columns, at == 0) } else { None };
        spans.push(placed.as_ref().is_some_and(|placed| placed.iter().any(|(from, to)| from < to)));
        let Some(placed) = placed else { continue };
        let mut cells: Vec<Cell> =
            columns.iter().map(|(x, end)| Cell { x: *x, end: *end, text: String::new() }).collect();
        for (cell, (from, to)) in rows[at].cells.iter().zip(placed) {
            let to = if cell.text.chars().count() <= REPEATED { to } else { from };
            for column in &mut cells[from..=to] {
                column.text.clone_from(&cell.text);
            }
        }
        // A cell of the first column that spans several rows is drawn beside the first of them.
        if cells[0].text.is_empty()
            && let Some(above) = above.filter(|above| above.len() == columns.len())
        {
            cells[0].text.clone_from(&above[0].text);
        }
        rows[at].cells = cells;
    }
    join_names(rows, spans[0], columns.len());
    let has_names = names_columns(&rows[0]);
    for row in rows {
        // A last column without a name may end before the others.
        while !has_names && row.cells.last().is_some_and(|cell| cell.text.is_empty()) {
            row.cells.pop();
        }
        for cell in row.cells.iter_mut().filter(|cell| cell.text.is_empty()) {
            cell.text.push_str(EMPTY);
        }
    }
}

/// Splits adjacent cells that were read as one, at the gaps between columns.
fn split(cells: Vec<Cell>, columns: &[(f32, f32)]) -> Vec<Cell> {
    let mut parted = Vec::with_capacity(columns.len());
    for cell in cells {
        let from = columns.iter().position(|(x, _)| (cell.x - x).abs() < EDGE);
        let to = columns.iter().rposition(|(x, _)| cell.end > *x + EDGE);
        let pieces = match (from, to) {
            (Some(from), Some(to)) if from < to => pieces(&cell, &columns[from..=to]),
            _ => None,
        };
        parted.extend(pieces.unwrap_or_else(|| vec![cell]));
    }
    parted
}

/// The parts of a cell in these columns; `None` if no word begins at the start of a column.
fn pieces(cell: &Cell, columns: &[(f32, f32)]) -> Option<Vec<Cell>> {
    let width = |text: &str| text.chars().map(width_of).sum::<f32>();
    let em = (cell.end - cell.x) / width(&cell.text);
    let mut before = 0.0;
    let words: Vec<(f32, &str)> = cell
        .text
        .split(' ')
        .map(|word| {
            let x = cell.x + em * before;
            before += width(word) + width_of(' ');
            (x, word)
        })
        .collect();
    // The only word that begins at the start of a column. Its position is known to about two letters.
    let mut starts = vec![0];
    for (x, _) in &columns[1..] {
        let first = starts[starts.len() - 1] + 1;
        let begins_there = |at: &usize| (words[*at].0 - x).abs() <= em;
        let mut near = (first..words.len()).filter(begins_there);
        let (Some(start), None) = (near.next(), near.next()) else { return None };
        starts.push(start);
    }
    let ends = starts[1..].iter().copied().chain([words.len()]);
    let mut pieces = Vec::with_capacity(columns.len());
    for ((from, to), (x, end)) in starts.iter().zip(ends).zip(columns) {
        let text = words[*from..to].iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
        if text.chars().count() > SHORT {
            return None;
        }
        pieces.push(Cell { x: *x, end: *end, text });
    }
    Some(pieces)
}

/// Approximate width of a letter, in ems.
fn width_of(letter: char) -> f32 {
    match letter {
        ' ' | '.' | ',' | ':' | ';' | '!' | '|' | '\'' | 'i' | 'j' | 'l' | 'I' | '/' => 0.27,
        '-' | '(' | ')' | 'f' | 't' | 'r' => 0.33,
        'm' | 'w' | 'M' | 'W' => 0.83,
        letter if letter.is_uppercase() => 0.67,
        _ => 0.55,
    }
}

/// True for a row that may be column names: a figure is a value and never the name of a column.
fn names_columns(row: &Row) -> bool {
    !row.cells.iter().any(|cell| is_figure(&cell.text))
}

/// True for a text that begins with a digit.
pub(super) fn is_figure(text: &str) -> bool {
    text.trim_start_matches(['+', '-', '±', '−'])
        .starts_with(|letter: char| letter.is_ascii_digit())
}

/// The columns: the extent of the cells of the rows with the most cells. `None` if too few rows agree.
fn columns(rows: &[Row]) -> Option<Vec<(f32, f32)>> {
    let with = |count: usize| rows.iter().filter(|row| row.cells.len() == count).count();
    let most = rows.iter().map(|row| row.cells.len()).max()?;
    let full = with(most);
    let short = rows.len() - full;
    if most < COLUMNS || full < 2 || short == 0 || short > full {
        return None;
    }
    let mut columns = vec![(f32::MAX, f32::MIN); most];
    for row in rows.iter().filter(|row| row.cells.len() == most) {
        for ((x, end), cell) in columns.iter_mut().zip(&row.cells) {
            (*x, *end) = (x.min(cell.x), end.max(cell.end));
        }
    }
    columns.windows(2).all(|pair| pair[0].1 <= pair[1].0).then_some(columns)
}

/// The first and the last column of each cell; `None` if the cells do not fit these columns.
fn place(cells: &[Cell], columns: &[(f32, f32)], heads: bool) -> Option<Vec<(usize, usize)>> {
    let mut placed: Vec<(usize, usize)> = Vec::new();
    for cell in cells {
        let overlaps = |at: &usize| cell.x < columns[*at].1 && cell.end > columns[*at].0;
        let under: Vec<usize> = (0..columns.len()).filter(overlaps).collect();
        let (from, to) = match (under.first(), under.last()) {
            // Two cells that could not be separated start at the first of their columns; a cell that spans
            // both is centred.
            (Some(from), Some(to))
                if from < to && !heads && (cell.x - columns[*from].0).abs() < EDGE =>
            {
                return None;
            }
            (Some(from), Some(to)) => (*from, *to),
            // The name of a group of columns is centred over them.
            _ if heads => {
                let right = columns.iter().position(|(x, _)| *x >= cell.end)?;
                (right.checked_sub(1)?, right)
            }
            _ => return None,
        };
        if placed.last().is_some_and(|(_, before)| *before >= from) {
            return None;
        }
        placed.push((from, to));
    }
    Some(placed)
}

/// Merges the names of groups of columns and the names of the columns below them into one row.
fn join_names(rows: &mut Vec<Row>, has_groups: bool, columns: usize) {
    let is_whole = |row: &Row| row.cells.len() == columns;
    // Names are above figures, or have another style than the rows below.
    let are_names = |rows: &[Row]| {
        let has_figures = rows[2..].iter().any(|row| !names_columns(row));
        has_figures || rows[0].bold && !rows[2].bold
    };
    let joins = has_groups
        && rows.len() > 2
        && rows[0].bold == rows[1].bold
        && are_names(rows)
        && is_whole(&rows[0])
        && is_whole(&rows[1])
        && names_columns(&rows[0])
        && names_columns(&rows[1]);
    if !joins {
        return;
    }
    let below = rows.remove(1);
    for (cell, below) in rows[0].cells.iter_mut().zip(below.cells) {
        if cell.text != below.text && !below.text.is_empty() {
            if !cell.text.is_empty() {
                cell.text.push(' ');
            }
            cell.text.push_str(&below.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of the form `x-end:text`, separated by `|`.
    fn row(cells: &str) -> Row {
        let cell = |cell: &str| {
            let (place, text) = cell.trim().split_once(':').expect("a place");
            let (x, end) = place.split_once('-').expect("an end");
            let number = |text: &str| text.parse().expect("a number");
            Cell { x: number(x), end: number(end), text: text.to_owned() }
        };
        Row { cells: cells.split('|').map(cell).collect(), bold: false }
    }

    fn aligned(rows: &[&str]) -> Vec<String> {
        let mut rows = rows.iter().map(|cells| row(cells)).collect();
        align(&mut rows);
        rows.iter().map(Row::text).collect()
    }

    #[test]
    fn an_empty_cell_retains_its_position() {
        assert_eq!(
            aligned(&[
                "0-20:Lamp|100-130:Meaning|200-240:Remedy",
                "0-20:red|100-120:hot|200-230:wait",
                "0-20:off|200-230:charge",
            ]),
            ["Lamp | Meaning | Remedy", "red | hot | wait", "off | – | charge"]
        );
    }

    #[test]
    fn a_cell_that_spans_rows_is_repeated_in_each_of_them() {
        assert_eq!(
            aligned(&[
                "0-20:Port|100-130:Mode|200-240:Level",
                "0-20:A|100-120:low|200-230:-10",
                "100-120:high|200-230:+4",
                "0-20:B|100-120:low|200-230:-20",
            ]),
            ["Port | Mode | Level", "A | low | -10", "A | high | +4", "B | low | -20"]
        );
        // The name of a column is not one of its cells.
        assert_eq!(
            aligned(&[
                "0-20:Port|100-130:Mode|200-240:Level",
                "100-120:high|200-230:+4",
                "0-20:B|100-120:low|200-230:-20",
            ])[1],
            "– | high | +4"
        );
    }

    #[test]
    fn a_cell_that_spans_columns_is_repeated_in_each_of_them() {
        assert_eq!(
            aligned(&[
                "0-20:Port|100-130:Low|200-240:High",
                "0-20:A|100-120:1|200-230:2",
                "0-20:B|110-220:unused",
            ])[2],
            "B | unused | unused"
        );
    }

    #[test]
    fn adjacent_cells_are_separated_by_their_columns() {
        assert_eq!(
            aligned(&[
                "0-20:1|30-66:unison|70-106:unison",
                "0-20:2|30-66:octave|70-106:fifth",
                "0-20:3|30-106:unison unison",
            ])[2],
            "3 | unison | unison"
        );
        // Names are wider than the cells below them.
        assert_eq!(
            aligned(&[
                "0-72:Number Text|100-140:Meaning",
                "0-5:1|42-60:hot|100-130:wait",
                "0-5:2|42-60:dim|100-130:wait",
            ])[0],
            "Number | Text | Meaning"
        );
    }

    #[test]
    fn a_last_column_without_a_name_may_end_before_the_others() {
        let rows =
            ["0-9:1|20-60:Lead|80-120:Pad", "0-9:2|20-60:Bell|80-120:Bass", "0-9:3|20-60:Organ"];
        assert_eq!(aligned(&rows)[2], "3 | Organ");
    }

    #[test]
    fn group_names_and_column_names_become_one_row() {
        assert_eq!(
            aligned(&[
                "0-20:Port|140-180:Level",
                "100-120:min|200-230:max",
                "0-20:A|100-120:1|200-230:2",
                "0-20:B|100-120:3|200-230:4",
            ]),
            ["Port | Level min | Level max", "A | 1 | 2", "B | 3 | 4"]
        );
    }

    #[test]
    fn rows_of_other_columns_stay_as_they_are() {
        let rows = ["0-20:A|100-120:1|200-230:2", "0-20:B|100-120:3|200-230:4", "30-60:C|70-90:5"];
        assert_eq!(aligned(&rows)[2], "C | 5");
        // One row with more cells than all others has a gap in a cell.
        assert_eq!(
            aligned(&["0-20:A|100-120:1", "0-20:B|100-120:1|130-150:2", "0-20:C|100-120:3"]),
            ["A | 1", "B | 1 | 2", "C | 3"]
        );
    }
}
