//! Which pages are scans, and when the OCR text replaces the drawn one.

use hsc_catalogs::{DocumentationKind, Manual};

use super::super::ReadError;
use super::super::ocr::{PageFault, PageText};
use super::super::pdf::{NoRaster, Pictures};
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

/// The picture of a page of a fixture: the gray values of its corners, the share of dark pixels, and its width and
/// height in points.
fn looks(fixture: &str, page: u32) -> Result<(Vec<u8>, f32, [i32; 2]), NoRaster> {
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
    assert_eq!(looks("damaged.pdf", 1), Err(NoRaster::Damaged));
    assert_eq!(looks("damaged.pdf", 2), Err(NoRaster::TooLarge));
    assert!(looks("damaged.pdf", 3).is_ok());
    assert_eq!(looks("damaged.pdf", 9), Err(NoRaster::Damaged), "there is no such page");
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
        assert_eq!(page.map(|raster| raster.width), Err(NoRaster::TooLarge), "{filter}");
    }
}
