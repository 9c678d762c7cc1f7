//! The envelope of a text frame and its fields, each validated once: shared by the parsers of all messages.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::message_id::{MessageId, exact_number};
use crate::protocol::error::ErrorCode;

/// Longest `id` a client may give a message: room for a UUID and a prefix, too short to store data in.
const MESSAGE_ID_CHARS: usize = 100;

/// An invalid frame, and the error for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidMessage {
    /// The stable code.
    pub code: ErrorCode,
    /// `Invalid JSON`, or `Invalid message format: …`.
    pub message: String,
    /// The id of the message, if it could be read.
    pub id: Option<MessageId>,
}

/// Reads the envelope of a text frame, and its fields with `read`.
pub(super) fn read_frame<T>(
    text: &str,
    read: impl FnOnce(&Map<String, Value>) -> Result<T, InvalidMessage>,
) -> Result<(Option<MessageId>, T), InvalidMessage> {
    let read_json =
        serde_json::from_str::<Value>(text).ok().map(|value| (value, Cow::Borrowed(text)));
    // Only text that is not JSON is read again, so that a keystroke costs nothing more.
    let read_json = read_json.or_else(|| {
        let whole = without_lone_surrogates(text)?;
        Some((serde_json::from_str(&whole).ok()?, Cow::Owned(whole)))
    });
    let (value, text) = read_json.ok_or_else(|| InvalidMessage {
        code: ErrorCode::InvalidJson,
        message: "Invalid JSON".to_owned(),
        id: None,
    })?;
    let Value::Object(fields) = value else {
        return Err(invalid("a message is an object with a field 'type'"));
    };
    let id = message_id(&fields, &text)?;
    let message = read(&fields).map_err(|mut bad| {
        bad.id.clone_from(&id);
        bad
    })?;
    Ok((id, message))
}

/// The id in the fields of a message; none if the message has none. An error if it is neither text nor a number, or too
/// long.
fn message_id(
    fields: &Map<String, Value>,
    text: &str,
) -> Result<Option<MessageId>, InvalidMessage> {
    match fields.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.chars().count() <= MESSAGE_ID_CHARS => {
            Ok(Some(MessageId::Text(id.clone())))
        }
        Some(Value::Number(id)) if id.is_f64() => {
            let raw: HashMap<Cow<'_, str>, &RawValue> =
                serde_json::from_str(text).unwrap_or_default();
            let exact = raw.get("id").and_then(|raw| exact_number(raw.get()));
            Ok(Some(MessageId::Number(exact.unwrap_or_else(|| id.clone()))))
        }
        Some(Value::Number(id)) => Ok(Some(MessageId::Number(id.clone()))),
        Some(_) => Err(invalid(&format!(
            "'id' must be a number, or a string of at most {MESSAGE_ID_CHARS} characters"
        ))),
    }
}

/// The value of `type`.
pub(super) fn kind_of(fields: &Map<String, Value>) -> Result<&str, InvalidMessage> {
    match fields.get("type") {
        Some(Value::String(kind)) => Ok(kind),
        Some(_) => Err(invalid("'type' must be a string")),
        None => Err(invalid("'type' is missing")),
    }
}

/// A `type` that is not known.
pub(super) fn unknown_type(kind: &str, known: &str) -> InvalidMessage {
    let reason = format!("unknown type '{}'; known are {known}", shown(kind));
    InvalidMessage { code: ErrorCode::UnknownType, ..invalid(&reason) }
}

/// A field that is a string or absent; null counts as absent, as in the earlier system.
pub(super) fn text_of<'a>(
    fields: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a str>, InvalidMessage> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(&format!("'{field}' must be a string"))),
    }
}

/// A field that is true, false or absent; absent counts as false.
pub(super) fn bool_of(fields: &Map<String, Value>, field: &str) -> Result<bool, InvalidMessage> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(invalid(&format!("'{field}' must be true or false"))),
    }
}

pub(super) fn at_most(field: &str, text: &str, limit: usize) -> Result<(), InvalidMessage> {
    // Bytes first: a text with few bytes has few characters, and counting characters is slower.
    if text.len() <= limit || text.chars().count() <= limit {
        return Ok(());
    }
    Err(invalid(&format!("'{field}' has more than {limit} characters")))
}

pub(super) fn invalid(reason: &str) -> InvalidMessage {
    InvalidMessage {
        code: ErrorCode::InvalidMessage,
        message: format!("Invalid message format: {reason}"),
        id: None,
    }
}

/// The client's text, cut short, so that an error never repeats a megabyte.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

/// The text without its lone surrogate escapes; none if it has none. JavaScript counts text in UTF-16, so a text that is
/// cut by length may end in half of a surrogate pair; `JSON.stringify` writes the half as `\ud83d`. Rust's JSON readers
/// refuse it, because it is not a character; it has no meaning, so it is removed. Text that is not JSON may change, and is
/// still not JSON afterwards.
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
