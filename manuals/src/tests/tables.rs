//! Drawn tables, read into the rows of passages.

use hsc_catalogs::{Block, DocumentationKind, Manual};

use super::super::read;
use super::LIMITS;
use super::pdfs::{object, pdf, stream};

/// A manual of pages with these contents. `/F1` is Helvetica, `/F2` is bold.
fn manual(pages: &[String]) -> Manual {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 5 + 2 * page)).collect();
    let font = |name: &str| {
        object(format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>"))
    };
    let mut objects = vec![
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object(format!(
            "<</Type/Pages/Count {}/Kids[{}]/MediaBox[0 0 612 792]>>",
            pages.len(),
            kids.join(" ")
        )),
        font("Helvetica"),
        font("Helvetica-Bold"),
    ];
    for (page, content) in pages.iter().enumerate() {
        objects.push(object(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>/Contents {} 0 R>>",
            6 + 2 * page
        )));
        objects.push(stream("", content.as_bytes()));
    }
    read(&pdf(&objects), DocumentationKind::Pdf, None, LIMITS).expect("a manual")
}

/// Left edges of the columns.
const COLUMNS: [u32; 3] = [72, 200, 330];

/// A line of cells at a height; an empty one is not drawn. One that begins with `*` is bold.
fn line(y: u32, cells: [&str; 3]) -> String {
    let cell = |(x, cell): (&u32, &str)| match cell.strip_prefix('*') {
        _ if cell.is_empty() => String::new(),
        Some(bold) => format!("BT /F2 10 Tf {x} {y} Td ({bold}) Tj ET\n"),
        None => format!("BT /F1 10 Tf {x} {y} Td ({cell}) Tj ET\n"),
    };
    COLUMNS.iter().zip(cells).map(cell).collect()
}

/// A bar from one column to the end of the table.
fn bar(y: u32, from: usize) -> String {
    format!("{} {y} {} 0.5 re f\n", COLUMNS[from] - 4, 500 - COLUMNS[from])
}

/// The rows of the passages of a page.
fn rows(manual: &Manual, page: u32) -> Vec<&str> {
    let passages = manual.passages.iter().filter(|passage| passage.page == page);
    let blocks = passages.flat_map(|passage| &passage.blocks);
    blocks.filter(|block| matches!(block, Block::Row(_))).map(Block::text).collect()
}

#[test]
fn cells_of_several_lines_are_whole_with_bars_and_with_space_between_the_rows() {
    let expected = [
        "Symptom | Cause | Remedy",
        "No sound on the left side | The cable is not plugged in | Push the cable in until it clicks",
        "The display stays dark | The battery is flat | Charge it for two hours",
        "The unit hums | Bad earth | Call the service",
    ];
    for is_ruled in [true, false] {
        let mut page = String::new();
        let mut y = 700;
        for row in [
            vec![["*Symptom", "*Cause", "*Remedy"]],
            vec![
                ["No sound on the", "The cable is not", "Push the cable in"],
                ["left side", "plugged in", "until it clicks"],
            ],
            vec![
                ["The display", "The battery is flat", "Charge it for two"],
                ["stays dark", "", "hours"],
            ],
            vec![["The unit hums", "Bad earth", "Call the service"]],
        ] {
            if is_ruled {
                page += &bar(y + 12, 0);
            }
            for cells in row {
                page += &line(y, cells);
                y -= 12;
            }
            y -= if is_ruled { 4 } else { 8 };
        }
        assert_eq!(rows(&manual(&[page]), 1), expected, "ruled: {is_ruled}");
    }
}

#[test]
fn empty_and_merged_cells_keep_every_row_under_its_columns() {
    let page = bar(712, 0)
        + &line(700, ["*Port", "*Mode", "*Level"])
        + &bar(694, 0)
        + &line(682, ["Input A", "low", "-10 dB"])
        + &bar(676, 1)
        + &line(664, ["", "high", "+4 dB"])
        + &bar(658, 0)
        + &line(646, ["Input B", "", "-20 dB"])
        + &bar(640, 0)
        + &line(628, ["Input C", "low", "-30 dB"]);
    assert_eq!(
        rows(&manual(&[page]), 1),
        [
            "Port | Mode | Level",
            "Input A | low | -10 dB",
            "Input A | high | +4 dB",
            "Input B | – | -20 dB",
            "Input C | low | -30 dB",
        ]
    );
}

#[test]
fn a_table_that_continues_on_the_next_page_names_its_columns_there_once() {
    let first = line(100, ["*Lamp", "*Meaning", "*Remedy"])
        + &line(82, ["red", "hot", "Wait until it is cold"])
        + &line(64, ["green", "ready", "Nothing to do"]);
    let goes_on = line(740, ["blue", "paired", "Nothing to do"])
        + &line(722, ["white", "update", "Do not switch it off"]);
    let repeated = line(758, ["*Lamp", "*Meaning", "*Remedy"]) + &goes_on;
    for second in [goes_on, repeated] {
        let manual = manual(&[first.clone(), second]);
        assert_eq!(
            rows(&manual, 2),
            [
                "Lamp | Meaning | Remedy",
                "blue | paired | Nothing to do",
                "white | update | Do not switch it off",
            ]
        );
    }
}
