//! The id that a client assigns to a message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Longest `id` a client may give a message: room for a UUID and a prefix, too short to store data in.
pub(super) const MESSAGE_ID_CHARS: usize = 100;

/// The client's own id of a message: text or a number. It is echoed unchanged, because a client compares what it
/// receives with what it sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum MessageId {
    /// `"a1"`.
    Text(String),
    /// `7`.
    Number(Number),
}

/// A number and its digits as text are equal.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Some(number) = exact_number(raw.get()) {
            return Ok(Self::Number(number));
        }
        serde_json::from_str(raw.get()).map(Self::Text).map_err(D::Error::custom)
    }
}

/// A JSON number as it was written. Read as a [`Value`], a number of many digits may change, and a client would
/// not recognise it.
fn exact_number(text: &str) -> Option<Number> {
    let whole = text.parse().map(|number: u64| number.into());
    let whole = whole.or_else(|_| text.parse().map(|number: i64| Number::from(number)));
    whole.ok().or_else(|| text.parse().ok().and_then(Number::from_f64))
}

/// The id in the fields of a message; none if the message has none.
///
/// # Errors
/// A sentence for the client, if the id is neither text nor a number, or too long.
pub(super) fn message_id(
    fields: &Map<String, Value>,
    text: &str,
) -> Result<Option<MessageId>, String> {
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
        Some(_) => Err(format!(
            "'id' must be a number, or a string of at most {MESSAGE_ID_CHARS} characters"
        )),
    }
}
