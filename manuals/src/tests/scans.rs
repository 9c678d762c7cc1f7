//! Which pages are scans, and when the OCR text replaces the drawn one.

use hsc_catalogs::{DocumentationKind, Manual};

use super::super::PageFault;
use super::super::ReadError;
use super::super::ocr::PageText;
use super::super::pdf::Pictures;
use super::super::read::read_recognized;
use super::super::sheet::Run;
use super::LIMITS;
use super::pdfs::{image_page, lines, object, pdf, stream};

/// A page with an image of this width and height in points, and lines of text over it.
fn page(size: (u32, u32), text: &[&str]) -> Vec<u8> {
    let mut content = format!("q {} 0 0 {} 0 0 cm /I Do Q ", size.0, size.1).into_bytes();
    content.extend(lines(text));
    pdf(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
             /Resources<</XObject<</I 5 0 R>>/Font<</F1 6 0 R>>>>>>",
        ),
        stream("", &content),
        stream(
            "/Type/XObject/Subtype/Image/Width 64/Height 64/BitsPerComponent 1/ColorSpace/DeviceGray",
            &[0x55; 64 * 64 / 8],
        ),
        object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"),
    ])
}

const WHOLE: (u32, u32) = (612, 792);

fn recognized(text: &str) -> PageText {
    let (x, y, width, size) = (50.0, 700.0, 400.0, 11.0);
    let run = Run { text: text.to_owned(), x, y, width, size, bold: false, mono: false };
    PageText::Read { height: 792.0, runs: vec![run] }
}

fn read(bytes: &[u8], ocr: Option<PageText>) -> Result<Manual, ReadError> {
    read_recognized(bytes, DocumentationKind::Pdf, None, LIMITS, &|_| ocr.clone())
}

/// The text of the only page, and whether OCR is requested.
fn text(bytes: &[u8], ocr: Option<PageText>) -> (String, bool) {
    let manual = read(bytes, ocr).expect("a manual");
    (manual.pages[0].text.clone(), !manual.source.pending.is_empty())
}

const TEXT: &str =
    "Hold the green key for three seconds to reset the lamp and wait until it blinks twice.";

#[test]
fn a_page_that_an_image_covers_is_a_scan_unless_it_has_text() {
    let title = page(WHOLE, &["Owner's Manual"]);
    assert_eq!(text(&title, None), ("Owner's Manual".to_owned(), true));
    assert!(!text(&page(WHOLE, &[TEXT]), None).1, "a page with a background");
    assert!(!text(&page((612, 300), &["Owner's Manual"]), None).1, "a figure");
    let scan = read(&page(WHOLE, &[]), None);
    assert!(matches!(&scan, Err(ReadError::NoText { scanned, .. }) if *scanned == [1]), "{scan:?}");
    let figure = read(&page((612, 300), &[]), None);
    assert!(matches!(&figure, Err(ReadError::NoText { scanned, .. }) if scanned.is_empty()));
}

#[test]
fn drawn_text_stays_unless_ocr_finds_more() {
    let title = page(WHOLE, &["Owner's Manual"]);
    for seen in ["Owner's Manuul ~ EE", ""] {
        assert_eq!(text(&title, Some(recognized(seen))), ("Owner's Manual".to_owned(), false));
    }
    assert_eq!(text(&title, Some(recognized(TEXT))), (TEXT.to_owned(), false));
}

#[test]
fn a_text_layer_without_words_is_replaced_by_ocr() {
    let shifted: String = TEXT
        .chars()
        .map(|letter| match letter {
            'a'..='z' => char::from((letter as u8 - b'a' + 7) % 26 + b'a'),
            other => other,
        })
        .collect();
    let layer = page(WHOLE, &[&shifted, &shifted]);
    let illegible = read(&layer, None);
    assert!(
        matches!(&illegible, Err(ReadError::Illegible { scanned, .. }) if *scanned == [1]),
        "{illegible:?}"
    );
    assert_eq!(text(&layer, Some(recognized(TEXT))), (TEXT.to_owned(), false));
}

#[test]
fn a_page_that_cannot_be_recognized_is_named() {
    let title = page(WHOLE, &["Owner's Manual"]);
    let manual = read(&title, Some(PageText::Failed(PageFault::TooSlow))).expect("a manual");
    assert_eq!(manual.source.unread, [1]);
    assert!(manual.source.pending.is_empty());
}

/// A page of this content, without text.
fn shapes(content: &str) -> Vec<u8> {
    pdf(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>"),
        stream("", content.as_bytes()),
    ])
}

#[test]
fn letters_drawn_as_shapes_make_a_page_a_scan_and_a_drawing_does_not() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ocr");
    let outlined = std::fs::read(format!("{folder}/outlined.pdf")).expect("a fixture");
    let none = read(&outlined, None);
    assert!(matches!(&none, Err(ReadError::NoText { scanned, .. }) if *scanned == [1]), "{none:?}");
    assert_eq!(text(&outlined, Some(recognized(TEXT))), (TEXT.to_owned(), false));
    // Lines, far shapes and large ones.
    let mut drawing = String::new();
    for at in 0..100 {
        let (x, y) = (20 + at % 10 * 55, 20 + at / 10 * 70);
        drawing += &format!("{x} {y} m {x} {} l S\n{x} {y} 12 12 re f\n", y + 9);
        drawing += &format!("{x} {y} 300 200 re f\n{x} {y} 6 9 re W n\n");
    }
    let drawing = read(&shapes(&drawing), None);
    assert!(
        matches!(&drawing, Err(ReadError::NoText { scanned, .. }) if scanned.is_empty()),
        "{drawing:?}"
    );
}

#[test]
fn shapes_are_filled_by_their_rule_their_colour_and_within_the_clipping_path() {
    let at = |content: &str, x: f64, y: f64| {
        let pictures = Pictures::open(shapes(content)).expect("a document");
        let raster = pictures.page(1).expect("a picture");
        let (column, row) = ((x * raster.scale) as usize, ((792.0 - y) * raster.scale) as usize);
        raster.gray[row * raster.width + column]
    };
    let square = "100 100 m 200 100 l 200 200 l 100 200 l h";
    let inner = "120 120 m 180 120 l 180 180 l 120 180 l h";
    assert_eq!(at(&format!("{square} f"), 150.0, 150.0), 0);
    assert_eq!(at(&format!("{square} f"), 250.0, 150.0), 255);
    assert_eq!(at(&format!("{square} {inner} f*"), 150.0, 150.0), 255, "a hole");
    assert_eq!(at(&format!("{square} {inner} f"), 150.0, 150.0), 0, "no hole");
    assert_eq!(at(&format!("1 0 0 rg {square} f"), 150.0, 150.0), 76);
    assert_eq!(at(&format!("{square} f 1 g {inner} f"), 150.0, 150.0), 255, "white over black");
    let clipped = format!("q 100 100 50 50 re W n {square} f Q");
    assert_eq!((at(&clipped, 120.0, 120.0), at(&clipped, 180.0, 180.0)), (0, 255));
    let disc = "100 150 m 100 177 122 200 150 200 c 177 200 200 177 200 150 c 200 122 177 100 150 100 c \
        122 100 100 122 100 150 c f";
    assert_eq!((at(disc, 150.0, 150.0), at(disc, 104.0, 104.0)), (0, 255));
    assert_eq!(at(&format!("0.5 0 0 0.5 0 0 cm {square} B"), 60.0, 60.0), 0);
}

#[test]
fn shapes_of_any_size_and_number_are_drawn_within_bounds() {
    let huge = "-9999999999 -9999999999 m 9999999999 9999999999 l 0 9999999999 l h f 10 10 m 90000 20 l 20 90000 l h f\n";
    let comb: String = (0..20_000).map(|at| format!("{} 0 m 0 792 l ", at % 600)).collect();
    for content in [huge.repeat(50), format!("{comb} 612 0 l h f"), "0 0 612 792 re f ".repeat(20)]
    {
        let pictures = Pictures::open(shapes(&content)).expect("a document");
        let raster = pictures.page(1).expect("a picture");
        assert_eq!(raster.gray.len(), raster.width * raster.height);
    }
}

/// The picture of a page of a fixture: the gray values of its corners, the share of dark pixels, and its width and
/// height in points.
fn looks(fixture: &str, page: u32) -> Result<(Vec<u8>, f32, [i32; 2]), PageFault> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/ocr");
    let bytes = std::fs::read(format!("{folder}/{fixture}")).expect("a fixture");
    let raster = Pictures::open(bytes).expect("a document").page(page)?;
    let at = |row: usize, column: usize| raster.gray[row * raster.width + column];
    let (bottom, right) = (raster.height - 2, raster.width - 2);
    let corners = vec![at(2, 2), at(2, right), at(bottom, 2), at(bottom, right)];
    let dark = raster.gray.iter().filter(|pixel| **pixel < 128).count();
    let points = |pixels: usize| (pixels as f64 / raster.scale).round() as i32;
    let size = [points(raster.width), points(raster.height)];
    Ok((corners, dark as f32 / raster.gray.len() as f32, size))
}

#[test]
fn paper_is_light_and_letters_are_dark_in_every_encoding() {
    for (fixture, pages, size) in [
        ("scan.pdf", 3, [595, 230]),
        ("pictures.pdf", 4, [357, 173]),
        ("columns.pdf", 1, [595, 230]),
    ] {
        for page in 1..=pages {
            let (corners, dark, seen) = looks(fixture, page).expect("a picture");
            let place = format!("{fixture}, page {page}");
            assert!(corners.iter().all(|corner| *corner > 200), "{place}: {corners:?}");
            assert!((0.005..0.1).contains(&dark), "{place}: {dark} of it is dark");
            assert_eq!(seen, size, "{place}");
        }
    }
    // Upright: the page is rotated by /Rotate.
    assert_eq!(looks("rotated.pdf", 1).expect("a picture").2, [595, 230]);
    assert_eq!(looks("rotated.pdf", 2).expect("a picture").2, [230, 595]);
}

#[test]
fn damaged_and_huge_pictures_are_distinguished() {
    assert_eq!(looks("damaged.pdf", 1), Err(PageFault::Damaged));
    assert_eq!(looks("damaged.pdf", 2), Err(PageFault::TooLarge));
    assert!(looks("damaged.pdf", 3).is_ok());
    assert_eq!(looks("damaged.pdf", 9), Err(PageFault::Damaged), "there is no such page");
}

#[test]
fn a_page_of_any_size_has_a_picture_of_bounded_size() {
    for size in ["0 0 1000000000 0.001", "0 0 0.001 1000000000", "0 0 99999 99999", "0 0 0 792"] {
        let pictures =
            Pictures::open(image_page(size, "", &[0x55; 64 * 64 / 8])).expect("a document");
        if let Ok(raster) = pictures.page(1) {
            assert!(raster.width.max(raster.height) <= 20_001, "{size}: {}", raster.width);
            assert!(raster.gray.len() <= 25_100_000, "{size}: {}", raster.gray.len());
        }
    }
}

#[test]
fn an_image_is_too_large_where_its_filter_or_its_data_declares_it() {
    let jpeg2000 = [&[0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0][..], &[0, 1, 0, 0, 0, 1, 0, 0]].concat();
    let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 11, 8, 255, 255, 255, 255, 1];
    for (filter, data) in [
        ("/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 4294967280/Rows 16>>", &[0x55; 64][..]),
        ("/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 9223372036854775807>>", &[0x55; 64]),
        ("/Filter/CCITTFaxDecode/DecodeParms[<</K -1/Columns 9999999/Rows 9999>>]", &[0x55; 64]),
        ("/Filter/JPXDecode", &jpeg2000),
        ("/Filter/DCTDecode", &jpeg),
    ] {
        let page = Pictures::open(image_page("0 0 612 792", filter, data));
        let page = page.expect("a document").page(1);
        assert_eq!(page.map(|raster| raster.width), Err(PageFault::TooLarge), "{filter}");
    }
}
