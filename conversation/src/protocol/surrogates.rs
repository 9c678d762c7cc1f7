//! Lone surrogate escapes in JSON, as browsers write them.
//!
//! JavaScript counts text in UTF-16, so a text that is cut by length may end in half of a surrogate pair;
//! `JSON.stringify` writes the half as `\ud83d`. Rust's JSON readers refuse it, because it is not a character. It has
//! no meaning, so it is removed.

/// The text without its lone surrogate escapes; none if it has none. Text that is not JSON may change, and is still
/// not JSON afterwards.
#[must_use]
pub fn without_lone_surrogates(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(escape) = json[at..].find('\\').map(|found| at + found) {
        match unit(bytes, escape) {
            Some(0xd800..=0xdbff) if matches!(unit(bytes, escape + 6), Some(0xdc00..=0xdfff)) => {
                at = escape + 12;
            }
            Some(0xd800..=0xdfff) => {
                out.push_str(&json[copied..escape]);
                at = escape + 6;
                copied = at;
            }
            Some(_) => at = escape + 6,
            // An escape of one character; that one may be a backslash itself.
            None => {
                let next = json[escape + 1..].chars().next();
                at = escape + 1 + next.map_or(0, char::len_utf8);
            }
        }
    }
    out.push_str(&json[copied..]);
    (copied > 0).then_some(out)
}

/// The UTF-16 unit that is escaped at this place.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u16::try_from(it).ok());
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | value(digit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_removed() {
        let without = |json: &str| without_lone_surrogates(json);
        assert_eq!(without(r#""a\ud83d""#).as_deref(), Some(r#""a""#));
        assert_eq!(without(r#""\uDE00b\ud83d""#).as_deref(), Some(r#""b""#));
        assert_eq!(without(r#""\ud83d\ud83d\ude00\ude00""#).as_deref(), Some(r#""\ud83d\ude00""#));
        assert_eq!(without(r#""\ud83dA\\\n""#).as_deref(), Some(r#""A\\\n""#));
        for whole in
            [r#""a""#, r#""\ud83d\ude00""#, r#""\\ud83d""#, r#""\u0041\"é""#, "\\", "\"\\u12"]
        {
            assert_eq!(without(whole), None, "{whole}");
        }
    }

    proptest::proptest! {
        #[test]
        fn json_strings_of_javascript_are_readable(units: Vec<u16>) {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let json = format!("\"{escaped}\"");
            let json = without_lone_surrogates(&json).unwrap_or(json);
            let read: String = serde_json::from_str(&json).expect("it has no half any more");
            let whole: String = char::decode_utf16(units).filter_map(Result::ok).collect();
            proptest::prop_assert_eq!(read, whole);
        }
    }
}
