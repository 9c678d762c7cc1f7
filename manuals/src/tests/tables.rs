//! Drawn tables, read into the rows of passages.

use hsc_catalogs::{Block, DocumentationKind, Manual};

use super::super::read;
use super::LIMITS;
use super::pdfs::{object, pdf, stream};

/// A manual of pages with these contents. `/F1` is Helvetica, `/F2` is bold, `/F3` has the Hebrew alphabet from code 224.
pub(super) fn manual(pages: &[String]) -> Manual {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 7 + 2 * page)).collect();
    let letters = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
        1 begincodespacerange <00> <ff> endcodespacerange\n\
        2 beginbfrange <20> <7e> <0020> <e0> <fa> <05d0> endbfrange\nendcmap end end";
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
        object(format!(
            "<</Type/Font/Subtype/TrueType/BaseFont/Hebrew/ToUnicode 6 0 R/FirstChar 32/LastChar 250/Widths[{}]\
             /FontDescriptor<</Type/FontDescriptor/FontName/Hebrew/Flags 4>>>>",
            "500 ".repeat(219)
        )),
        stream("", letters),
    ];
    for (page, content) in pages.iter().enumerate() {
        objects.push(object(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R/F2 4 0 R/F3 5 0 R>>>>\
             /Contents {} 0 R>>",
            8 + 2 * page
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

/// The rows of the passages of a page, and those of column names.
fn rows(manual: &Manual, page: u32) -> Vec<&str> {
    let is_row = |block: &&Block| matches!(block, Block::Row(_) | Block::ColumnNames(_));
    blocks(manual, page).filter(is_row).map(Block::text).collect()
}

fn blocks(manual: &Manual, page: u32) -> impl Iterator<Item = &Block> {
    let passages = manual.passages.iter().filter(move |passage| passage.page == page);
    passages.flat_map(|passage| &passage.blocks)
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

/// Lines of cells at these left edges, 14 points apart; a row of several lines has them 11 points apart.
fn narrow(columns: &[u32], rows: &[&[&[&str]]], is_ruled: bool) -> String {
    let (mut page, mut y) = (String::new(), 700);
    for row in rows {
        if is_ruled {
            page += &format!("60 {} 480 0.5 re f\n", y + 9);
        }
        for line in *row {
            for (x, text) in columns.iter().zip(*line).filter(|(_, text)| !text.is_empty()) {
                page += &column(*x, 8, &[(y, text)]);
            }
            y -= 11;
        }
        y -= 5;
    }
    page
}

#[test]
fn a_cell_that_fills_its_column_is_not_joined_with_the_next() {
    let page = narrow(
        &[60, 180, 292],
        &[
            &[
                &[
                    "coffee runs past the holder",
                    "seal worn, or grounds on the",
                    "clean the rim; replace the",
                ],
                &["", "rim", "seal"],
            ],
            &[&["coffee not hot", "group not warm yet", "wait 25 minutes"]],
            &[
                &["no crema", "beans older than six weeks, ", "fresh beans; finer"],
                &["", "or too coarse", ""],
            ],
            &[&["water in the puck after it", "dose too small for the basket", "1 g more"]],
            &[&["shot stops early", "flow meter counts bubbles", "close the tank properly"]],
        ],
        true,
    );
    assert_eq!(
        rows(&manual(&[page]), 1),
        [
            "coffee runs past the holder | seal worn, or grounds on the rim | clean the rim; replace the seal",
            "coffee not hot | group not warm yet | wait 25 minutes",
            "no crema | beans older than six weeks, or too coarse | fresh beans; finer",
            "water in the puck after it | dose too small for the basket | 1 g more",
            "shot stops early | flow meter counts bubbles | close the tank properly",
        ]
    );
}

#[test]
fn the_label_of_a_row_goes_on_below_it_in_a_table_and_not_below_a_line_of_prose() {
    // Rows are no farther apart than the lines of a cell.
    let labels = [
        (700, "Erase one character"),
        (690, "Switch between upper case,"),
        (680, "lower case and figures"),
        (670, "Insert one character"),
    ];
    let values = [(700, "SHIFT and COPY"), (690, "SHIFT and the dial"), (670, "SHIFT and UTILITY")];
    let table = column(60, 8, &labels) + &column(200, 8, &values);
    assert_eq!(
        rows(&manual(&[table]), 1),
        [
            "Erase one character | SHIFT and COPY",
            "Switch between upper case, lower case and figures | SHIFT and the dial",
            "Insert one character | SHIFT and UTILITY",
        ]
    );
    let prose = narrow(
        &[60, 200],
        &[&[&["If the sound is late after", "you set it,"], &["use another driver."]]],
        false,
    );
    assert!(rows(&manual(&[prose]), 1).iter().all(|row| !row.contains("driver")));
}

#[test]
fn values_close_to_their_labels_are_cells() {
    let values = [
        ["96 to 127", "open"],
        ["128 to 143", "pulse, opening slowly"],
        ["144 to 159", "pulse, closing slowly"],
        ["192 to 223", "random strobe"],
    ];
    let lines: Vec<[&[&str]; 1]> = values.iter().map(|line| [line.as_slice()]).collect();
    let lines: Vec<&[&[&str]]> = lines.iter().map(<[&[&str]; 1]>::as_slice).collect();
    let manual = manual(&[narrow(&[60, 109], &lines, false)]);
    assert_eq!(rows(&manual, 1), values.map(|cells| cells.join(" | ")));
}

#[test]
fn marks_numbers_and_leaders_are_not_cells() {
    for (x, marks) in
        [(74, ["o", "o", "o", "o"]), (74, ["1", "2", "3", "4"]), (80, ["1.1", "1.2", "1.3", "1.4"])]
    {
        let lines: Vec<[&str; 2]> = marks
            .iter()
            .zip(["Press the key", "Hold the key", "Turn the dial", "Wait a second"])
            .map(|(mark, text)| [*mark, text])
            .collect();
        let lines: Vec<[&[&str]; 1]> = lines.iter().map(|line| [line.as_slice()]).collect();
        let lines: Vec<&[&[&str]]> = lines.iter().map(<[&[&str]; 1]>::as_slice).collect();
        let manual = manual(&[narrow(&[60, x], &lines, false)]);
        assert_eq!(rows(&manual, 1), Vec::<&str>::new(), "{marks:?}");
    }
    let leaders = [
        "4.1 Keys . . . . . . . . . .",
        "4.2 Lamps . . . . . . . . . ",
        "4.3 Sounds . . . . . . . . .",
        "4.4 Times . . . . . . . . . .",
    ];
    let lines = leaders.iter().enumerate().map(|(at, text)| {
        let y = 700 - 14 * at as u32;
        column(60, 8, &[(y, text)]) + &column(147, 8, &[(y, "12")])
    });
    assert_eq!(rows(&manual(&[lines.collect()]), 1), Vec::<&str>::new());
}

#[test]
fn empty_and_merged_cells_do_not_shift_the_columns() {
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

/// Lines of text at these heights; `size` is that of the font.
fn column(x: u32, size: u32, lines: &[(u32, &str)]) -> String {
    let line = |(y, text): &(u32, &str)| format!("BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n");
    lines.iter().map(line).collect()
}

#[test]
fn labels_centred_beside_their_paragraphs_are_the_first_cells_of_rows() {
    let labels = [(688, "STORE"), (651, "RECALL"), (621, "CLEAR"), (584, "LOCK")];
    let values = [
        (694, "Press this key to keep the current sound in the memory that is selected,"),
        (682, "and hold it for two seconds to give the sound a name of its own."),
        (663, "Press this key to go back to the sound that was stored before, and press"),
        (651, "it twice within one second to hear the sound that was stored first of all"),
        (639, "in this memory."),
        (621, "Press this key to empty the memory that is selected."),
        (602, "Hold this key for five seconds so that no other key does anything until the"),
        (590, "unit is switched off and on, or until this key is held again for five seconds"),
        (578, "while the lamp blinks, whatever is connected to the unit at that time, and"),
        (566, "whatever is stored in its memories."),
    ];
    let page = column(72, 10, &labels) + &column(150, 10, &values);
    let manual = manual(&[page]);
    let rows = rows(&manual, 1);
    assert_eq!(
        rows,
        [
            "STORE | Press this key to keep the current sound in the memory that is selected, and hold it for two \
             seconds to give the sound a name of its own.",
            "RECALL | Press this key to go back to the sound that was stored before, and press it twice within one \
             second to hear the sound that was stored first of all in this memory.",
            "CLEAR | Press this key to empty the memory that is selected.",
            "LOCK | Hold this key for five seconds so that no other key does anything until the unit is switched off \
             and on, or until this key is held again for five seconds while the lamp blinks, whatever is connected \
             to the unit at that time, and whatever is stored in its memories.",
        ]
    );
}

#[test]
fn cells_centred_between_the_bars_of_a_table_stay_in_their_rows() {
    let page = bar(712, 0)
        + &line(700, ["*Lamp", "*Meaning", "*Remedy"])
        + &bar(694, 0)
        + &line(682, ["", "The battery is", "Charge the unit for at"])
        + &line(676, ["red", "", ""])
        + &line(670, ["", "nearly empty", "least two hours"])
        + &bar(664, 0)
        + &line(652, ["", "", "Wait until the unit is"])
        + &line(640, ["green", "ready", "warm, then close the"])
        + &line(628, ["", "", "cover and press start"])
        + &bar(622, 0)
        + &line(610, ["blue", "paired", "Nothing to do"])
        + &bar(604, 0);
    assert_eq!(
        rows(&manual(&[page]), 1),
        [
            "Lamp | Meaning | Remedy",
            "red | The battery is nearly empty | Charge the unit for at least two hours",
            "green | ready | Wait until the unit is warm, then close the cover and press start",
            "blue | paired | Nothing to do",
        ]
    );
}

#[test]
fn short_bars_between_two_columns_are_of_a_picture_and_make_no_table() {
    let left = "While the memory is being read the lamp";
    let right = "If you choose another memory the phrase";
    let lines = |x: u32, text: &str| {
        let lines: Vec<(u32, &str)> = (0..8).map(|row| (700 - 12 * row, text)).collect();
        column(x, 9, &lines)
    };
    let bars = |x: u32, width: u32| -> String {
        (0..3).map(|row| format!("{x} {} {width} 0.5 re f\n", 690 - 24 * row)).collect()
    };
    let first_line = |bars: String| {
        let manual = manual(&[lines(72, left) + &lines(320, right) + &bars]);
        let text: Vec<&str> = blocks(&manual, 1).map(Block::text).collect();
        text[0].to_owned()
    };
    assert!(first_line(bars(200, 160)).starts_with(&format!("{left} {left}")));
    // Bars as wide as the rows are those of a table.
    assert_eq!(first_line(bars(70, 440)), format!("{left} | {right}"));
}

#[test]
fn notes_in_the_margin_follow_the_paragraphs_beside_them() {
    let text = [
        (700, "Switch the unit on and wait until the lamp is green and does not blink."),
        (670, "1. Press the key with the arrow and hold it until the display shows the list,"),
        (658, "then turn the dial to the name of the sound that you want to change now."),
        (640, "2. Press the dial to open the sound. The display shows its first page, on which"),
        (628, "the name is written in large letters."),
        (610, "3. Turn the dial to change the value, and press it again to go to the next one."),
        (580, "The unit keeps the values when it is switched off. They are lost only when all of"),
        (568, "the memory is emptied, for which the key with the arrow is held for ten seconds"),
        (556, "while the unit is switched on."),
        (520, "The values can be sent to another unit of the same kind by the cable that is in"),
        (508, "the box. Connect both units before they are switched on."),
    ];
    let notes = [
        (664, "Tip: the list begins"),
        (654, "with the sound that"),
        (644, "was used last, so"),
        (634, "turn to the left."),
        (514, "Cables longer than"),
        (504, "two metres lose data."),
    ];
    let expected = [
        "Switch the unit on and wait until the lamp is green and does not blink.",
        "1. Press the key with the arrow and hold it until the display shows the list, then turn the dial to the \
         name of the sound that you want to change now.",
        "Tip: the list begins with the sound that was used last, so turn to the left.",
        "2. Press the dial to open the sound. The display shows its first page, on which the name is written in large \
         letters.",
        "3. Turn the dial to change the value, and press it again to go to the next one.",
        "The unit keeps the values when it is switched off. They are lost only when all of the memory is emptied, for \
         which the key with the arrow is held for ten seconds while the unit is switched on.",
        "The values can be sent to another unit of the same kind by the cable that is in the box. Connect both units \
         before they are switched on.",
        "Cables longer than two metres lose data.",
    ];
    // A margin on the left, and one on the right.
    for (of_text, of_notes) in [(190, 60), (60, 460)] {
        let page = column(of_notes, 8, &notes) + &column(of_text, 10, &text);
        let manual = manual(&[page]);
        let blocks = manual.passages.iter().flat_map(|passage| &passage.blocks);
        assert_eq!(blocks.map(Block::text).collect::<Vec<_>>(), expected, "at {of_notes}");
    }
}

/// A Hebrew text that ends at `end`, as it is drawn: from the left to the right. Every letter is 5 points wide.
fn hebrew(end: u32, y: u32, text: &str) -> String {
    let code = |letter: char| match letter {
        'א'..='ת' => letter as u32 - 'א' as u32 + 224,
        other => other as u32,
    };
    // Words of other letters stay as they are.
    let words = text.split(' ').rev().map(|word| {
        let is_rtl = word.chars().any(|letter| ('א'..='ת').contains(&letter));
        match word.strip_suffix('.') {
            _ if is_rtl => word.chars().rev().collect::<String>(),
            Some(number) => format!(".{number}"),
            None => word.to_owned(),
        }
    });
    let drawn = words.collect::<Vec<_>>().join(" ");
    let codes: String = drawn.chars().map(|letter| format!("{:02x}", code(letter))).collect();
    format!("BT /F3 10 Tf {} {y} Td <{codes}> Tj ET\n", end - 5 * drawn.chars().count() as u32)
}

#[test]
fn tables_in_right_to_left_text_begin_with_the_column_on_the_right() {
    let row = |y: u32, cells: [&str; 3]| -> String {
        let cells = cells.into_iter().zip([540, 400, 250]);
        cells.filter(|(cell, _)| !cell.is_empty()).map(|(cell, end)| hebrew(end, y, cell)).collect()
    };
    let page = hebrew(540, 740, "הטבלה הבאה מפרטת את מצב הנורה ואת הפעולה שיש לבצע")
        + &row(700, ["נורה", "מצב", "פעולה"])
        + &row(680, ["אדומה", "הסוללה ריקה", "יש לטעון את המכשיר"])
        + &row(660, ["כבויה", "", "יש ללחוץ על המתג"])
        + &row(640, ["ירוקה", "2.5", "אין צורך בפעולה"])
        + &row(620, ["כחולה", "מחובר", "אין צורך בפעולה"]);
    assert_eq!(
        rows(&manual(&[page]), 1),
        [
            "נורה | מצב | פעולה",
            "אדומה | הסוללה ריקה | יש לטעון את המכשיר",
            "כבויה | – | יש ללחוץ על המתג",
            "ירוקה | 2.5 | אין צורך בפעולה",
            "כחולה | מחובר | אין צורך בפעולה",
        ]
    );
}

#[test]
fn ragged_lines_of_right_to_left_text_are_one_paragraph() {
    let page = hebrew(540, 700, "יש ללחוץ על המתג ולהמתין עד שהנורה הירוקה נדלקת ואז")
        + &hebrew(540, 688, "לשחרר את המתג ולסגור את")
        + &hebrew(540, 676, "המכסה בזהירות רבה")
        + &hebrew(540, 650, "1. הכניסו את הסוללה למקומה")
        + &hebrew(525, 638, "וסגרו את הדלת");
    let manual = manual(&[page]);
    let blocks = manual.passages.iter().flat_map(|passage| &passage.blocks);
    assert_eq!(
        blocks.map(Block::text).collect::<Vec<_>>(),
        [
            "יש ללחוץ על המתג ולהמתין עד שהנורה הירוקה נדלקת ואז לשחרר את המתג ולסגור את המכסה בזהירות רבה",
            "1. הכניסו את הסוללה למקומה וסגרו את הדלת",
        ]
    );
}
