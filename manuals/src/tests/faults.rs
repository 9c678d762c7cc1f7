//! Small documents that were once read wrongly, each with its text (`fixtures/`).

use std::path::Path;

use hsc_catalogs::{DocumentationKind, Manual};

use super::super::{ReadError, read};
use super::LIMITS;

fn tried(fixture: &str) -> Result<Manual, ReadError> {
    read_as(fixture, DocumentationKind::Pdf, None)
}

fn read_as(
    fixture: &str,
    kind: DocumentationKind,
    charset: Option<&str>,
) -> Result<Manual, ReadError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let bytes = std::fs::read(&path).expect("a fixture");
    let charset = charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    read(&bytes, kind, charset, LIMITS)
}

/// The text of the first page, its words separated by one space each.
fn text(fixture: &str) -> String {
    let manual = tried(fixture).unwrap_or_else(|error| panic!("{fixture}: {error}"));
    manual.pages[0].text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const BATTERIES: &str = "Carefully follow the installation instructions for batteries, and make sure you \
    observe the correct polarity. Avoid using new batteries together with used ones. Remove the batteries \
    whenever the unit is to remain unused for an extended period of time. Never keep batteries together with \
    metallic objects such as pens, necklaces or hairpins.";
const PARTS: &str = "To prevent accidental ingestion of the parts listed below, always keep them out of the \
    reach of small children. Take care not to get burned. Batteries may reach a high temperature; please be \
    careful to avoid burning yourself. Do not touch leaking liquid with your bare hands. Use clean water to \
    flush your eyes.";
const OUTPUT: &str = "Select the output with the rotary key and hold it for three seconds. The display shows \
    the name of the output. Turn the key to the right to make it louder and to the left to make it softer. The \
    lamp blinks while the unit stores the value. Do not switch it off meanwhile.";

#[test]
fn columns_are_read_from_top_to_bottom_the_left_one_first() {
    for fixture in ["two_gut12.pdf", "two_gut20.pdf", "two_gut20_stag5.pdf"] {
        assert_eq!(
            text(&format!("columns/{fixture}")),
            format!("{BATTERIES} {PARTS}"),
            "{fixture}"
        );
    }
    for fixture in ["two_long.pdf", "two_long_stag5.pdf"] {
        let columns = [BATTERIES, PARTS, OUTPUT, OUTPUT, BATTERIES, PARTS].join(" ");
        assert_eq!(text(&format!("columns/{fixture}")), columns, "{fixture}");
    }
    assert_eq!(text("columns/three_gut14.pdf"), [BATTERIES, PARTS, OUTPUT].join(" "));
    assert_eq!(
        text("columns/three_long.pdf"),
        [BATTERIES, PARTS, PARTS, OUTPUT, OUTPUT, BATTERIES].join(" ")
    );
    assert_eq!(
        text("columns/three_heads_stag3.pdf"),
        format!(
            "Using the unit safely First rule {BATTERIES} Second rule {PARTS} Third rule {OUTPUT}"
        )
    );
}

#[test]
fn bullets_on_shared_baselines_stay_in_their_columns() {
    let text = text("columns/bullets_same.pdf");
    let places: Vec<_> = [
        "Handle batteries carefully If used improperly, batteries may explode or leak and cause damage or injury.",
        "Carefully follow the installation instructions for batteries, and make sure you observe the correct polarity.",
        "Avoid using new batteries together with used ones.",
        "Remove the batteries whenever the unit is to remain unused.",
        "Keep small items out of reach To prevent accidental ingestion of the parts listed below, always keep \
         them out of the reach of small children.",
        "Removable Parts",
        "SD card protector (p. 17)",
        "Take care not to get burned Batteries may reach a high temperature; please be careful",
    ]
    .iter()
    .map(|part| text.find(part).unwrap_or_else(|| panic!("no {part:?} in {text:?}")))
    .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_rotated_page_is_read_upright() {
    for fixture in
        ["rotate0.pdf", "rotate90.pdf", "rotate180.pdf", "rotate270.pdf", "text90_page0.pdf"]
    {
        assert_eq!(
            text(&format!("rot/{fixture}")),
            "Safety first Unplug the unit before you open the cover. Step 1: remove the four screws. \
             Step 2: lift the lid. Step 3: press the red button for 5 seconds. Step 4: close the lid again. \
             The warranty lasts two years.",
            "{fixture}"
        );
    }
}

#[test]
fn right_to_left_text_is_in_logical_order() {
    for (fixture, texts) in [
        (
            "he.pdf",
            &[
                "מדריך למשתמש QW-61",
                "לחצו על הכפתור PLAY למשך 5 שניות.",
                "חברו את הכבל USB-C ליציאה MIDI OUT (מסומנת 2).",
                "טווח הטמפרטורות: 10-35 מעלות, מתח 12V, זרם 1.5A.",
                "טלפון התמיכה 03-5551234 בימים א'-ה'.",
                "כדי לאפס, לחצו [SHIFT] + [EXIT] בזמן ההדלקה.",
                "This paragraph is in English and has the Hebrew word שלום inside.",
            ][..],
        ),
        (
            "ar.pdf",
            &[
                "دليل المستخدم QW-61",
                "اضغط على الزر PLAY لمدة 5 ثوان.",
                "صل كابل USB-C بالمنفذ MIDI OUT (رقم 2).",
                "درجة الحرارة من 10 إلى 35 مئوية، الجهد 12V.",
                "من تاريخ الشراء.",
                "This paragraph is in English and has the Arabic word سلام inside.",
            ],
        ),
        (
            "he_visual_line.pdf",
            &[
                "מדריך למשתמש QW-61",
                "לחצו על הכפתור PLAY למשך 5 שניות.",
                "חברו את הכבל USB-C ליציאה MIDI OUT (מסומנת 2).",
                "טווח הטמפרטורות: 10-35 מעלות, מתח 12V.",
                "כדי לאפס, לחצו SHIFT + EXIT בזמן ההדלקה.",
            ],
        ),
        (
            "ar_visual_line.pdf",
            &["دليل المستخدم QW-61", "اضغط على الزر PLAY لمدة 5 ثوان.", "من تاريخ الشراء."],
        ),
    ] {
        let read = text(&format!("rtl/{fixture}"));
        for expected in texts {
            assert!(read.contains(expected), "{fixture}: no {expected:?} in {read:?}");
        }
    }
}

#[test]
fn the_first_column_of_a_right_to_left_table_is_the_right_one() {
    let read = text("rtl/he.pdf");
    let place = |cell: &str| read.find(cell).unwrap_or_else(|| panic!("no {cell:?} in {read:?}"));
    assert!(place("תקלה") < place("פתרון"), "{read}");
    assert!(place("אין צליל") < place("בדקו את הכפתור VOLUME"), "{read}");
    assert!(place("שגיאה E04") < place("החליפו נתיך 500mA"), "{read}");
}

#[test]
fn words_drawn_by_different_operators_remain_in_order() {
    assert_eq!(text("tj-tj-order/tj_TJ_tj.pdf"), "It is forbidden by law to open the lid.");
}

#[test]
fn text_of_a_placed_document_is_read() {
    assert_eq!(
        text("placedpdf/placed.pdf"),
        "Place the unit on a dry surface. Warning: never remove the red plug while the lamp is on. \
         Clean it with a soft cloth."
    );
}

#[test]
fn glyphs_named_by_their_code_or_in_any_standard_way_are_letters() {
    for fixture in ["C_dec.pdf", "G_dec.pdf", "afii.pdf", "g_dec.pdf", "uniXXXX.pdf"] {
        assert_eq!(
            text(&format!("glyph-g-names/{fixture}")),
            "Press the level key for 5 seconds. The lamp blinks twice.",
            "{fixture}"
        );
    }
}

#[test]
fn a_filter_may_be_a_reference() {
    for fixture in
        ["array_of_indirect.pdf", "direct.pdf", "indirect_array.pdf", "indirect_name.pdf"]
    {
        assert_eq!(
            text(&format!("indirect-filter/{fixture}")),
            "Hold the green key for three seconds to reset the unit. The lamp goes out when it is done.",
            "{fixture}"
        );
    }
}

#[test]
fn a_tab_in_a_replacement_text_does_not_split_a_word() {
    let read = text("actualtext-tab/tab_letter.pdf");
    for expected in ["Safety: IEC 60065", "Product name: own"] {
        assert!(read.contains(expected), "no {expected:?} in {read:?}");
    }
}

#[test]
fn letters_without_a_unicode_map_are_read_from_the_font() {
    for fixture in ["good.pdf", "fffd_tounicode.pdf", "no_tounicode.pdf"] {
        let read = text(&format!("gibberish/{fixture}"));
        assert!(
            read.contains("Hold the green key for three seconds to reset the lamp."),
            "{fixture}: {read}"
        );
    }
}

#[test]
fn text_without_a_character_map_is_an_error_and_not_text() {
    for fixture in ["shifted_tounicode.pdf", "no_tounicode_no_fontfile.pdf"] {
        let read = tried(&format!("gibberish/{fixture}"));
        assert!(matches!(read, Err(ReadError::Illegible { pages: 1, .. })), "{fixture}: {read:?}");
    }
}

#[test]
fn the_encoding_of_a_web_page_is_the_declared_one_or_is_guessed() {
    for (fixture, charset, title, text) in [
        ("w1255_meta.html", None, "מדריך", "לחצו על הכפתור PLAY למשך 5 שניות כדי לאפס."),
        (
            "w1255_nometa.html",
            Some("windows-1255"),
            "מדריך",
            "לחצו על הכפתור PLAY למשך 5 שניות כדי לאפס.",
        ),
        ("w1255_nometa.html", None, "מדריך", "לחצו על הכפתור PLAY למשך 5 שניות כדי לאפס."),
        ("sjis.html", None, "x", "赤いボタンを5秒押してください。"),
    ] {
        let manual = read_as(&format!("html-charset/{fixture}"), DocumentationKind::Html, charset);
        let manual = manual.unwrap_or_else(|error| panic!("{fixture}: {error}"));
        assert_eq!(manual.title, title, "{fixture}");
        assert!(manual.pages[0].text.contains(text), "{fixture}: {}", manual.pages[0].text);
    }
}
