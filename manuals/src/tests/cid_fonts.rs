//! Fonts whose letters are numbered by a collection of Adobe, without a `ToUnicode` map.

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS};
use hayro_cmap::{CMap, CMapName, load_embedded};
use hayro_font::StandardFont;
use hsc_catalogs::DocumentationKind;

use super::super::read;
use super::LIMITS;
use super::pdfs::{object, pdf, stream};

const JAPANESE: &str = "電源ボタンを三秒間押し続けるとランプが緑色に点灯します。";
const SIMPLIFIED: &str = "按住电源键三秒钟直到指示灯变为绿色。请用软布清洁外壳。";
const TRADITIONAL: &str = "按住電源鍵三秒鐘直到指示燈變為綠色。請用軟布清潔外殼。";
const KOREAN: &str = "전원 버튼을 삼 초 동안 누르면 표시등이 녹색으로 켜집니다.";

/// The text of a page in a font of this collection, encoding and program. The page has it twice: one with few letters
/// and many bytes counts as a scan.
fn text(ordering: &str, encoding: &[u8], is_embedded: bool, codes: &[u8]) -> String {
    let hex: String = codes.iter().map(|byte| format!("{byte:02x}")).collect();
    let content = format!("BT /F1 12 Tf 40 700 Td <{hex}> Tj 0 -50 Td <{hex}> Tj ET");
    let (program, _) = StandardFont::Helvetica.get_font_data();
    let file = if is_embedded { "/FontFile3 7 0 R" } else { "" };
    let manual = pdf(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        object(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R\
             /Resources<</Font<</F1 5 0 R>>>>>>",
        ),
        stream("", content.as_bytes()),
        object(
            "<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Gothic/Encoding 8 0 R/DescendantFonts[6 0 R]>>",
        ),
        object(format!(
            "<</Type/Font/Subtype/CIDFontType0/BaseFont/ABCDEF+Gothic/DW 1000\
             /CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>\
             /FontDescriptor<</Type/FontDescriptor/FontName/ABCDEF+Gothic/Flags 4{file}>>>>"
        )),
        stream("/Subtype/CIDFontType0C", program.as_ref().as_ref()),
        encoding.to_vec(),
    ]);
    let manual = read(&manual, DocumentationKind::Pdf, None, LIMITS);
    let text = match manual {
        Ok(manual) => manual.pages[0].text.clone(),
        Err(error) => return format!("{error:?}"),
    };
    let (first, second) = text.split_once('\n').expect("two lines");
    assert_eq!(first, second);
    first.to_owned()
}

fn name(encoding: &str) -> Vec<u8> {
    object(format!("/{encoding}"))
}

#[test]
fn letters_in_the_encodings_of_a_country_are_read() {
    let cases: [(&str, &str, &'static Encoding, &str); 4] = [
        ("Japan1", "90ms-RKSJ-H", SHIFT_JIS, JAPANESE),
        ("GB1", "GBK-EUC-H", GBK, SIMPLIFIED),
        ("CNS1", "ETen-B5-H", BIG5, TRADITIONAL),
        ("Korea1", "KSCms-UHC-H", EUC_KR, KOREAN),
    ];
    for (ordering, encoding, of_text, expected) in cases {
        let (codes, _, _) = of_text.encode(expected);
        for is_embedded in [true, false] {
            let read = text(ordering, &name(encoding), is_embedded, &codes);
            assert_eq!(read, expected, "{encoding}, embedded: {is_embedded}");
        }
    }
}

#[test]
fn letters_in_the_encodings_of_unicode_are_read() {
    for (ordering, encoding, expected) in [
        ("Japan1", "UniJIS-UTF16-H", JAPANESE),
        ("Japan1", "UniJIS2004-UTF16-H", JAPANESE),
        ("GB1", "UniGB-UCS2-H", SIMPLIFIED),
        ("CNS1", "UniCNS-UTF16-H", TRADITIONAL),
        ("Korea1", "UniKS-UCS2-H", KOREAN),
    ] {
        let codes: Vec<u8> = expected.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text(ordering, &name(encoding), true, &codes), expected, "{encoding}");
    }
}

#[test]
fn codes_that_are_the_numbers_of_the_collection_are_read() {
    for (ordering, unicode, expected) in [
        ("Japan1", CMapName::UniJisUtf16H, JAPANESE),
        ("GB1", CMapName::UniGbUtf16H, SIMPLIFIED),
        ("CNS1", CMapName::UniCnsUtf16H, TRADITIONAL),
        ("Korea1", CMapName::UniKsUtf16H, KOREAN),
    ] {
        let numbers = CMap::parse(load_embedded(unicode).expect("a table"), load_embedded);
        let numbers = numbers.expect("a table");
        let number = |letter| numbers.lookup_cid_code(u32::from(letter), 2).expect("a number");
        let codes: Vec<u8> = expected
            .encode_utf16()
            .flat_map(|letter| u16::try_from(number(letter)).expect("two bytes").to_be_bytes())
            .collect();
        for is_embedded in [true, false] {
            let read = text(ordering, &name("Identity-H"), is_embedded, &codes);
            assert_eq!(read, expected, "{ordering}, embedded: {is_embedded}");
        }
        // An encoding of the document, whose codes are 256 above the numbers.
        let own = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
            /CMapName /Own def /CMapType 1 def /WMode 0 def\n\
            1 begincodespacerange <0000> <ffff> endcodespacerange\n\
            1 begincidrange <0100> <ffff> 0 endcidrange\nendcmap end end";
        let shifted: Vec<u8> = codes
            .chunks(2)
            .flat_map(|code| (u16::from_be_bytes([code[0], code[1]]) + 256).to_be_bytes())
            .collect();
        let read = text(ordering, &stream("/Type/CMap/CMapName/Own", own), true, &shifted);
        assert_eq!(read, expected, "{ordering}, an encoding of the document");
    }
}

#[test]
fn an_unknown_collection_gives_no_letters() {
    let codes: Vec<u8> = (2_000_u16..2_030).flat_map(u16::to_be_bytes).collect();
    let read = text("Nowhere7", &name("Identity-H"), true, &codes);
    assert!(read.contains("NoText") || read.contains("Illegible"), "{read}");
}
