//! Hostile files: each gives a manual or an error, in bounded time and memory.
//!
//! These run in the test's own process. Faults that need a separate process are in `tests/promises/reading_apart.rs`.

use hsc_catalogs::{DocumentationKind, Manual};
use lopdf::{Document, EncryptionState, EncryptionVersion, Permissions};
use proptest::prelude::*;

use super::super::{ReadError, read};
use super::LIMITS;
use super::pdfs::{document, lines, object, pdf, scan, stream, two_pages};

fn tried(bytes: &[u8]) -> Result<Manual, ReadError> {
    read(bytes, DocumentationKind::Pdf, None, LIMITS)
}

#[test]
fn a_whole_document_is_read_page_by_page() {
    let manual = tried(&two_pages()).expect("a manual");
    let pages: Vec<&str> = manual.pages.iter().map(|page| page.text.as_str()).collect();
    assert_eq!(
        pages,
        [
            "Hold the power key for two seconds. The lamp turns green.",
            "Clean the case with a soft cloth."
        ]
    );
}

#[test]
fn an_empty_file_and_another_format_are_distinguished() {
    assert!(matches!(tried(b""), Err(ReadError::Empty)));
    assert!(matches!(tried(b"<html>Not found</html>"), Err(ReadError::WrongKind { .. })));
    assert!(tried(b"%PDF-1.7\nand nothing after it").is_err());
}

#[test]
fn a_scan_is_reported_as_a_scan() {
    assert!(matches!(tried(&scan()), Err(ReadError::NoText { pages: 1, .. })));
}

fn locked(user: &str) -> Vec<u8> {
    let mut document = Document::load_mem(&two_pages()).expect("a document");
    let id = lopdf_id();
    document.trailer.set("ID", vec![id.clone(), id]);
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: user,
        key_length: 128,
        permissions: Permissions::empty(),
    };
    let state = EncryptionState::try_from(version).expect("a lock");
    document.encrypt(&state).expect("locked");
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("saved");
    bytes
}

fn lopdf_id() -> lopdf::Object {
    lopdf::Object::string_literal("0123456789abcdef")
}

#[test]
fn a_document_locked_against_printing_opens_and_one_with_a_password_does_not() {
    let manual = tried(&locked("")).expect("a manual");
    assert!(manual.pages[0].text.contains("power key"), "{}", manual.pages[0].text);
    assert!(matches!(tried(&locked("secret")), Err(ReadError::Encrypted)));
}

#[test]
fn more_pages_and_more_text_than_allowed_are_refused() {
    let many = document(vec![stream("", &lines(&["A page."])); 51]);
    assert!(matches!(tried(&many), Err(ReadError::TooManyPages { got: 51, limit: 50 })));
    let line = "word ".repeat(400);
    let long = lines(&[line.as_str(); 40]);
    let text = document(vec![stream("", &long); 20]);
    assert!(matches!(tried(&text), Err(ReadError::TooMuchText { .. })));
}

#[test]
fn a_cyclic_page_tree_ends() {
    for count in [3, 1_000_000] {
        let circle = pdf(&[
            object("<</Type/Catalog/Pages 2 0 R>>"),
            object(format!("<</Type/Pages/Count {count}/Kids[2 0 R 2 0 R]/Parent 2 0 R>>")),
        ]);
        assert!(tried(&circle).is_err());
    }
}

#[test]
fn cyclic_bookmarks_are_read_once() {
    let circle = pdf(&[
        object("<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
             /Resources<</Font<</F1 5 0 R>>>>>>",
        ),
        stream("", &lines(&["Power", "Hold the key."])),
        object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"),
        object("<</First 7 0 R/Last 7 0 R>>"),
        object("<</Title(Power)/First 7 0 R/Next 7 0 R/Dest[3 0 R /Fit]>>"),
    ]);
    let manual = tried(&circle).expect("a manual");
    assert_eq!(manual.outline.len(), 1);
    assert_eq!(manual.passages[0].headings, ["Power"]);
}

#[test]
fn endlessly_nested_objects_are_refused() {
    let deep = format!("<</Type/Catalog/Pages 2 0 R/X {}>>", "[".repeat(100_000));
    let nested = pdf(&[object(deep), object("<</Type/Pages/Count 0/Kids[]>>")]);
    assert!(matches!(tried(&nested), Err(ReadError::Damaged(_))));
}

#[test]
fn a_form_that_draws_itself_ends() {
    let form = pdf(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
             /Resources<</XObject<</X 5 0 R>>/Font<</F1 6 0 R>>>>>>",
        ),
        stream("", b"BT /F1 12 Tf 72 720 Td (Before the form.) Tj ET /X Do"),
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</X 5 0 R>>>>",
            b"/X Do /X Do",
        ),
        object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"),
    ]);
    assert!(tried(&form).expect("a manual").pages[0].text.contains("Before the form."));
}

#[test]
fn a_truncated_document_is_read_or_refused() {
    let whole = two_pages();
    for end in (0..whole.len()).step_by(37) {
        let _ = tried(&whole[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_with_bits_flipped_is_read_or_refused(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..20)
    ) {
        let mut bytes = two_pages();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Ok(manual) = tried(&bytes) {
            prop_assert!(manual.pages.len() <= LIMITS.max_pages as usize);
            for (place, page) in manual.pages.iter().enumerate() {
                prop_assert_eq!(page.number as usize, place + 1);
            }
        }
    }

    #[test]
    fn random_bytes_are_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..2_000), header: bool) {
        if header {
            bytes.splice(0..0, *b"%PDF-1.7\n");
        }
        prop_assert!(tried(&bytes).is_err());
    }
}
