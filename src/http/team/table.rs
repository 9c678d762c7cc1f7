//! A list as CSV for spreadsheets, without formulas.
//!
//! RFC 4180: commas, CRLF, quotes where needed. A cell that a spreadsheet would take for a formula gets an
//! apostrophe before it, so that the spreadsheet shows it as text: a visitor's text must not run a formula on
//! a colleague's machine.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use csv::{Terminator, WriterBuilder};
use hsc_actors::ports::archive::Period;
use jiff::Timestamp;

use super::super::headers::NO_STORE;

/// Byte order mark. Without it Excel reads UTF-8 as the local code page and shows Hebrew wrongly.
const MARK: &str = "\u{feff}";

/// A column of a table: its header, and the cell of a row.
pub(super) type Column<R> = (&'static str, fn(&R) -> String);

/// A row of a table.
pub(super) trait Row: Sized + 'static {
    /// The columns, from left to right.
    const COLUMNS: &'static [Column<Self>];
}

/// The head of a response with a CSV file of this name as a download.
pub(super) fn attached(name: &str, period: Period) -> HttpResponseBuilder {
    let (from, to) = (day(period.from_ms), day(period.to_ms));
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}_{from}_{to}.csv\""),
        ))
        .insert_header(NO_STORE);
    answer
}

/// The header and the first rows of a table.
pub(super) fn begun<R: Row>(rows: &[R]) -> Bytes {
    let head = R::COLUMNS.iter().map(|(header, _)| (*header).to_owned()).collect();
    let mut table = MARK.as_bytes().to_vec();
    table.extend(written(std::iter::once(head).chain(rows.iter().map(cells))));
    table.into()
}

/// Further rows of a table that has begun, without the header.
pub(super) fn further<R: Row>(rows: &[R]) -> Bytes {
    written(rows.iter().map(cells)).into()
}

fn cells<R: Row>(row: &R) -> Vec<String> {
    R::COLUMNS.iter().map(|(_, cell)| cell(row)).collect()
}

fn written(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut table = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        table
            .write_record(row.iter().map(|cell| harmless(cell)))
            .expect("a vector takes everything");
    }
    table.into_inner().expect("a vector takes everything")
}

/// The cell without a formula. Japanese and Chinese spreadsheets also evaluate the full-width forms.
fn harmless(cell: &str) -> String {
    const BEGIN: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if cell.starts_with(BEGIN) { format!("'{cell}") } else { cell.to_owned() }
}

/// A time that spreadsheets and people read: `2026-11-25T10:00:00Z`.
pub(super) fn moment(ms: u64) -> String {
    at(ms).map_or_else(|| ms.to_string(), |at| at.to_string())
}

/// A day (UTC), for a cell or a file name.
pub(super) fn day(ms: u64) -> String {
    at(ms).map_or_else(|| "end".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn at(ms: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Said(&'static str);

    impl Row for Said {
        const COLUMNS: &'static [Column<Self>] =
            &[("number", |_| "1".to_owned()), ("said", |row| row.0.to_owned())];
    }

    #[test]
    fn formulas_are_escaped_as_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(harmless(formula), format!("'{formula}"), "{formula:?}");
        }
        for plain in ["", "1", "a=b", " -", "'=1", "<script>"] {
            assert_eq!(harmless(plain), plain);
        }
    }

    #[test]
    fn a_table_is_quoted_where_necessary_and_survives_a_round_trip() {
        let rows = [Said("a, b"), Said("she said \"no\""), Said("two\r\nlines"), Said("שלום")];
        let table = [begun(&rows[..1]), further(&rows[1..])].concat();
        let table = String::from_utf8(table).expect("UTF-8");
        let plain = table.strip_prefix(MARK).expect("the mark");
        assert_eq!(
            plain,
            "number,said\r\n1,\"a, b\"\r\n1,\"she said \"\"no\"\"\"\r\n1,\"two\r\nlines\"\r\n1,שלום\r\n"
        );
        let mut read = csv::Reader::from_reader(plain.as_bytes());
        let cells: Vec<String> =
            read.records().map(|it| it.expect("a line")[1].to_owned()).collect();
        assert_eq!(cells, rows.map(|it| it.0.to_owned()));
    }

    #[test]
    fn a_time_is_formatted_in_utc_and_one_beyond_the_calendar_as_a_number() {
        assert_eq!(moment(1_795_600_800_000), "2026-11-25T10:00:00Z");
        assert_eq!(day(1_795_600_800_000), "2026-11-25");
        assert_eq!((moment(u64::MAX), day(u64::MAX)), (u64::MAX.to_string(), "end".to_owned()));
    }
}
