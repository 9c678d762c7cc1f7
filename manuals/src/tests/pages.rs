//! Properties of a page besides its text: the printed number, inline pictures, the language.

use hsc_catalogs::{DocumentationKind, Manual};

use super::super::read;
use super::LIMITS;
use super::pdfs::{object, pdf, stream};

/// A manual of pages with these contents; `catalog` are further entries of the catalog.
fn manual(catalog: &str, pages: &[&str]) -> Manual {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 6 + 2 * page)).collect();
    let mut objects = vec![
        object(format!("<</Type/Catalog/Pages 2 0 R{catalog}>>")),
        object(format!(
            "<</Type/Pages/Count {}/Kids[{}]/MediaBox[0 0 612 792]>>",
            pages.len(),
            kids.join(" ")
        )),
        object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"),
        stream(
            "/Type/XObject/Subtype/Image/Width 8/Height 8/BitsPerComponent 1/ColorSpace/DeviceGray",
            &[0x55; 8],
        ),
        stream("/Type/XObject/Subtype/Form/BBox[0 0 20 12]", b"0 0 20 12 re f"),
    ];
    for (page, content) in pages.iter().enumerate() {
        objects.push(object(format!(
            "<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 3 0 R>>/XObject<</I 4 0 R/V 5 0 R>>>>\
             /Contents {} 0 R>>",
            7 + 2 * page
        )));
        objects.push(stream("", content.as_bytes()));
    }
    read(&pdf(&objects), DocumentationKind::Pdf, None, LIMITS).expect("a manual")
}

/// A text at a position.
fn at(x: u32, y: u32, text: &str) -> String {
    format!("BT /F1 12 Tf {x} {y} Td ({text}) Tj ET\n")
}

fn labels(manual: &Manual) -> Vec<&str> {
    (1..).zip(&manual.pages).map(|(number, _)| manual.page_label(number).unwrap_or("")).collect()
}

#[test]
fn the_labels_of_the_document_are_the_labels_of_its_pages() {
    let page = at(72, 600, "Hold the key for three seconds.");
    let pages = [page.as_str(); 5];
    let given = "/PageLabels<</Nums[0<</S/r>>2<</S/D/St 7>>4<</P(A-)/S/D>>]>>";
    assert_eq!(labels(&manual(given, &pages)), ["i", "ii", "7", "8", "A-1"]);
    let plain = "/PageLabels<</Nums[0<</S/D>>]>>";
    assert_eq!(labels(&manual(plain, &pages)), ["", "", "", "", ""]);
}

#[test]
fn cyclic_labels_and_labels_beyond_the_end_are_bounded() {
    let page = at(72, 600, "Hold the key for three seconds.");
    for given in [
        "/PageLabels 1 0 R/Kids[1 0 R 1 0 R]",
        "/PageLabels<</Nums[-3<</S/r>>99<</S/r>>0<</S/A/St 2147483647>>]>>",
        "/PageLabels<</Nums[0<</S/R/St 4000000>>1]>>",
    ] {
        assert_eq!(manual(given, &[page.as_str(); 2]).pages.len(), 2, "{given}");
    }
}

#[test]
fn without_labels_the_numbers_of_the_footers_are_those_of_the_pages() {
    let texts =
        ["Hold the key.", "Turn the dial.", "Close the lid.", "Clean the case.", "Store it dry."];
    let pages: Vec<String> = (0..)
        .zip(texts)
        .map(|(number, text)| {
            let body = at(72, 600, text);
            // The cover and the page after it have no number.
            if number < 2 { body } else { body + &at(300, 30, &(number - 1).to_string()) }
        })
        .collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(labels(&manual("", &pages)), ["", "", "1", "2", "3"]);
}

#[test]
fn a_space_drawn_over_the_previous_letter_splits_no_word() {
    // A space of Helvetica is 278 wide; moved back by as much, the letters are adjacent.
    let drawn = "BT /F1 12 Tf 72 600 Td [(Set the fi)278( lter)] TJ ET\n\
                 BT /F1 12 Tf 72 580 Td -2 Tw (A narrow space still parts words.) Tj ET\n";
    let text = &manual("", &[drawn]).pages[0].text;
    assert_eq!(text.trim(), "Set the filter A narrow space still parts words.");
}

#[test]
fn running_headers_and_footers_are_in_the_text_of_a_page_and_in_no_passage() {
    let texts = ["Hold the key.", "Turn the dial.", "Close the lid.", "Clean the case."];
    let pages: Vec<String> = (1..)
        .zip(texts)
        .map(|(number, text)| {
            at(72, 760, "User guide") + &at(72, 600, text) + &at(300, 30, &number.to_string())
        })
        .collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let manual = manual("", &pages);
    assert_eq!(manual.pages[1].text, "User guide\nTurn the dial.\n2");
    let passages: Vec<String> = manual.passages.iter().map(hsc_catalogs::Passage::text).collect();
    assert_eq!(passages, texts);
}

#[test]
fn an_inline_image_is_replaced_by_a_placeholder_and_others_are_not() {
    for picture in ["/I Do", "BI /W 8 /H 8 /BPC 1 /CS /G /F /AHx ID 5555555555555555> EI"] {
        let drawn = format!("q 20 0 0 12 106 698 cm {picture} Q\n");
        let content = at(72, 700, "Press") + &drawn + &at(130, 700, "twice to reset the unit.");
        let text = &manual("", &[&content]).pages[0].text;
        assert_eq!(text, "Press [picture] twice to reset the unit.", "{picture}");
    }
    let vector = "q 1 0 0 1 106 698 cm /V Do Q\n";
    let content = at(72, 700, "Press") + vector + &at(130, 700, "twice to reset the unit.");
    assert_eq!(manual("", &[&content]).pages[0].text, "Press [picture] twice to reset the unit.");
    // A sign before the line, a figure below it, and one that is far away.
    let content = "q 12 0 0 12 58 698 cm /I Do Q\n".to_owned()
        + &at(72, 700, "Press the key twice.")
        + "q 100 0 0 100 72 580 cm /I Do Q\nq 20 0 0 12 400 698 cm /I Do Q\n";
    assert_eq!(manual("", &[&content]).pages[0].text, "Press the key twice.");
}
