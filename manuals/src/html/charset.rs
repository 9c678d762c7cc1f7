//! Detects the encoding of a web page and decodes it.
//!
//! In this order: a byte order mark; every second byte of the beginning zero, which is UTF-16; text that is valid
//! UTF-8 and not all ASCII, which no other encoding produces by chance; the charset of `Content-Type`; the one of
//! `<meta>` or of the XML declaration; a guess by the frequencies of the bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes in which a page declares its encoding. The standard says 1,024; pages with longer comments exist.
const DECLARED_WITHIN: usize = 4_096;

/// UTF-16 without a byte order mark, detected by the first letter of a page, which is ASCII.
pub(super) fn unmarked_utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [b'<' | b' ' | b'\r' | b'\n' | b'\t', 0, _, 0, ..] => Some(UTF_16LE),
        [0, b'<' | b' ' | b'\r' | b'\n' | b'\t', 0, _, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The text of a page. `declared` is the charset of `Content-Type`.
pub(super) fn decode(bytes: &[u8], declared: Option<&'static Encoding>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    if let Some(encoding) = unmarked_utf_16(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    if !bytes.is_ascii()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    let encoding = declared.or_else(|| declared_inside(bytes));
    // A page that declares UTF-8 without a single sequence of it inherited the declaration from its template.
    let encoding =
        encoding.filter(|encoding| *encoding != UTF_8 || bytes.is_ascii() || has_utf_8(bytes));
    encoding.unwrap_or_else(|| guess(bytes)).decode_without_bom_handling(bytes).0.into_owned()
}

/// The encoding that a page declares for itself.
fn declared_inside(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes[..bytes.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let mut rest = start.as_slice();
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at..];
        let (end, key): (&[u8], &[u8]) = match rest {
            [b'<', b'!', b'-', b'-', ..] => (b"-->", b""),
            [b'<', b'?', b'x', b'm', b'l', ..] => (b"?>", b"encoding"),
            [b'<', b'm', b'e', b't', b'a', after, ..] if !after.is_ascii_alphanumeric() => {
                (b">", b"charset")
            }
            _ => {
                rest = &rest[1..];
                continue;
            }
        };
        let length = find(rest, end)?;
        if !key.is_empty()
            && let Some(label) = value_of(&rest[..length], key)
            && let Some(encoding) = Encoding::for_label(label)
        {
            // A declaration that can be read as ASCII is not in UTF-16, whatever it says.
            return Some(if [UTF_16BE, UTF_16LE].contains(&encoding) { UTF_8 } else { encoding });
        }
        rest = &rest[length..];
    }
    None
}

/// The value after `key =`, within quotes or up to the next separator.
fn value_of<'a>(tag: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tag;
    while let Some(at) = find(rest, key) {
        rest = &rest[at + key.len()..];
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let ends = |byte: &u8| {
            matches!(byte, b'"' | b'\'' | b';' | b'>' | b'/') || byte.is_ascii_whitespace()
        };
        let end = value.iter().position(ends).unwrap_or(value.len());
        return (end > 0).then_some(&value[..end]);
    }
    None
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// True when the bytes contain a sequence that is common in UTF-8 and rare in one-byte encodings: one invalid byte
/// in a page of UTF-8 is an error.
fn has_utf_8(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair[0] >= 0xc3 && (0x80..0xc0).contains(&pair[1]))
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    if bytes.is_ascii() {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(page: &str) -> Option<&'static str> {
        declared_inside(page.as_bytes()).map(Encoding::name)
    }

    #[test]
    fn a_declaration_is_found_in_each_of_its_forms_and_not_in_a_comment() {
        assert_eq!(declared("<meta charset=Shift_JIS>"), Some("Shift_JIS"));
        assert_eq!(declared("<html><META Charset = 'koi8-r' />"), Some("KOI8-R"));
        assert_eq!(
            declared("<meta http-equiv=Content-Type content=\"text/html; charset=windows-1255\">"),
            Some("windows-1255")
        );
        assert_eq!(
            declared("<?xml version='1.0' encoding='iso-8859-2'?><html>"),
            Some("ISO-8859-2")
        );
        assert_eq!(declared("<!-- <meta charset=koi8-r> --><meta charset=gbk>"), Some("GBK"));
        assert_eq!(declared("<meta charset=utf-16>"), Some("UTF-8"));
        assert_eq!(declared("<meta name=charset content=koi8-r><metal charset=gbk>"), None);
        assert_eq!(declared("<meta charset="), None);
    }

    #[test]
    fn valid_utf_8_is_detected_independent_of_the_declaration() {
        let page = "<meta charset=iso-8859-1><p>Größe 5 °C</p>";
        assert_eq!(decode(page.as_bytes(), Some(WINDOWS_1252)), page);
    }

    #[test]
    fn the_charset_of_the_transport_takes_precedence_over_that_of_the_page() {
        let page = b"<meta charset=windows-1252><p>\xec\xe7\xf6\xe5</p>";
        let hebrew = Encoding::for_label(b"windows-1255");
        assert!(decode(page, hebrew).contains("לחצו"));
        assert!(decode(page, None).contains("ìçöå"));
    }

    #[test]
    fn a_page_with_a_wrong_utf_8_declaration_is_guessed() {
        let page =
            b"<meta charset=utf-8><p>Die Gr\xf6\xdfe der H\xf6he l\xe4\xdft sich \xe4ndern.</p>";
        assert!(decode(page, None).contains("Größe der Höhe läßt sich ändern"));
        let broken = b"<meta charset=utf-8><p>Gr\xc3\xb6\xc3\x9fe \xff</p>";
        assert!(decode(broken, None).contains("Größe"));
    }
}
